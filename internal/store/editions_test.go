package store_test

import (
	"bytes"
	"sync"
	"testing"
	"time"

	"github.com/collabpulse/weekly/internal/store"
	"github.com/collabpulse/weekly/internal/store/storetest"
)

func TestTheFirstWriterOfAnEditionDecidesWhatEverybodySends(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		d := launched(t, s)
		_, known, err := s.Edition(bg, d.ID, "2.en.h.0")
		if err != nil || known {
			t.Fatalf("known before anybody kept it: %v", err)
		}
		var mu sync.Mutex
		kept := map[string]bool{}
		together(t, 8, func(i int) error {
			body, err := s.KeepEdition(bg, d.ID, "2.en.h.0", []byte{0, byte(i), 0xff})
			mu.Lock()
			defer mu.Unlock()
			kept[string(body)] = true
			return err
		})
		body, known, err := s.Edition(bg, d.ID, "2.en.h.0")
		if err != nil || !known || len(kept) != 1 || !kept[string(body)] {
			t.Fatalf("%d editions were sent, %q is kept, %v", len(kept), body, err)
		}
	})
}

func TestEditionsOfDifferentDigestsAndReadersStandApart(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		first := launched(t, s)
		c.Advance(time.Hour)
		second := launched(t, s)
		large := bytes.Repeat([]byte("large "), 50_000)
		for _, one := range []struct {
			digest int64
			key    string
			body   []byte
		}{{first.ID, "2.en.h.0", large}, {first.ID, "2.en.p.0", []byte("plain")}, {second.ID, "2.en.h.0", []byte("other")}} {
			if got, err := s.KeepEdition(bg, one.digest, one.key, one.body); err != nil || !bytes.Equal(got, one.body) {
				t.Fatalf("kept %d octets of %d, %v", len(got), len(one.body), err)
			}
		}
		if got, _, err := s.Edition(bg, first.ID, "2.en.h.0"); err != nil || !bytes.Equal(got, large) {
			t.Fatalf("%d octets, %v", len(got), err)
		}
	})
}
