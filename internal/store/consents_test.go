package store_test

import (
	"fmt"
	"testing"

	"github.com/collabpulse/weekly/internal/store"
	"github.com/collabpulse/weekly/internal/store/storetest"
)

func TestAWordingIsKeptOnceHoweverManyAgreeAtOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		together(t, 20, func(i int) error {
			r := request(t, fmt.Sprintf("reader%d@example.com", i))
			r.Evidence.Wording = fmt.Sprintf("Wording %d", i%2)
			return s.SignUp(bg, r)
		})
		kept, err := s.Number(bg, "SELECT COUNT(*) FROM wordings")
		must(t, err)
		evidence, err := s.Number(bg, "SELECT COUNT(*) FROM consents c JOIN wordings w ON w.id = c.wording_id")
		must(t, err)
		if kept != 2 || evidence != 20 {
			t.Fatalf("%d wordings behind %d consents, want 2 behind 20", kept, evidence)
		}
	})
}

func TestNobodyHasNoConsents(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		if all, err := s.Consents(bg, 12); err != nil || len(all) != 0 {
			t.Fatalf("%d consents, %v", len(all), err)
		}
	})
}
