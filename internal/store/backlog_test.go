package store_test

import (
	"testing"
	"time"

	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/store"
	"github.com/collabpulse/weekly/internal/store/storetest"
)

func TestTheBacklogSaysWhatWaitsAndForHowLong(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		b, err := s.Backlog(bg)
		must(t, err)
		if !b.OldestRow.IsZero() || !b.OldestLetter.IsZero() || b.Letters+b.Workers+b.Digests[digest.Sending] != 0 || len(b.Digests) != 8 {
			t.Errorf("an empty ledger: %+v", b)
		}
		due := c.Now()
		d := sending(t, s, c, 3)
		must(t, s.Damage(bg, "UPDATE digests SET send_at = launched_at - 2000"))
		before, err := s.Backlog(bg)
		must(t, err)
		d.record(d.handing(2), accepted)
		c.Advance(time.Minute)
		b, err = s.Backlog(bg)
		must(t, err)
		if b.Digests[digest.Sending] != 1 || !b.OldestRow.Equal(due) || b.Workers != 1 || b.Late != 2*time.Second || !b.At.Equal(c.Now()) {
			t.Errorf("one row of three is left: %+v", b)
		}
		if before.Letters != b.Letters {
			t.Errorf("letters: %d, then %d", before.Letters, b.Letters)
		}
		d.record(d.handing(1), deferred)
		signedUp(t, s, "late@example.com")
		c.Advance(time.Second)
		if b, err = s.Backlog(bg); err != nil || !b.OldestRow.IsZero() || b.Letters != before.Letters+1 || b.OldestLetter.IsZero() {
			t.Errorf("the last row is put off, and a letter waits: %+v, %v", b, err)
		}
	})
}
