package store_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/outbox"
	"github.com/collabpulse/weekly/internal/store"
	"github.com/collabpulse/weekly/internal/store/storetest"
	"github.com/collabpulse/weekly/internal/topic"
)

func TestAClaimTakesNoMoreThanAskedAndNobodyTwice(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := sending(t, s, c, 10)
		first, rest := d.claim(4), d.claim(100)
		if len(first) != 4 || len(rest) != 6 || len(d.claim(100)) != 0 {
			t.Fatalf("claimed %d, then %d", len(first), len(rest))
		}
		for _, item := range append(first, rest...) {
			d.wantEntry(item.ID, entry{State: delivery.Claimed, Attempt: 1, Worker: d.worker})
		}
		d.wantTally(delivery.Tally{Planned: 10, Claimed: 10})
	})
}

func TestAClaimSaysEditionAndDomainGroupOneEditionAtATime(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		profiles := crowd(t, 0, 6)
		for i := range profiles {
			profiles[i].Topics = topic.Of(topic.ID(1 + i%2))
		}
		profiles[5].Address = mailbox(t, "somebody@googlemail.com")
		_, err := s.ImportSubscribers(bg, profiles, vouched)
		must(t, err)
		d := sending(t, s, c, 0)
		claims, err := s.Claim(bg, d.scope, d.worker, 100)
		must(t, err)
		var editions, groups []string
		for _, claim := range claims {
			editions, groups = append(editions, claim.Edition), append(groups, claim.Group)
		}
		if diff := cmp.Diff([]string{"2.en.h.0", "2.en.h.0", "2.en.h.0", "4.en.h.0", "4.en.h.0", "4.en.h.0"}, editions); diff != "" {
			t.Fatal(diff)
		}
		if groups[0] != "example.com" || !slices.Contains(groups, "gmail") {
			t.Fatalf("domain groups %q", groups)
		}
	})
}

func TestNothingIsClaimedBeforeItsTime(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := sending(t, s, c, 3)
		must(t, s.HandBack(bg, d.scope, d.worker, delivery.Return{Items: d.claim(1), Due: c.Now().Add(time.Hour)}))
		due, next, err := s.Waiting(bg, d.scope)
		must(t, err)
		if due != 2 || !next.Equal(c.Now().Add(time.Hour)) {
			t.Fatalf("%d waiting, the next at %v", due, next)
		}
		if got := d.claim(100); len(got) != 2 {
			t.Fatalf("claimed %d, want the 2 that are due", len(got))
		}
		c.Advance(time.Hour)
		if got := d.claim(100); len(got) != 1 || got[0].Attempt != 2 {
			t.Fatalf("claimed %+v, want the third on its second attempt", got)
		}
		due, next, err = s.Waiting(bg, d.scope)
		must(t, err)
		if due != 0 || !next.IsZero() {
			t.Fatalf("%d waiting, the next at %v, want none ever", due, next)
		}
	})
}

func TestOnlyADigestThatIsBeingSentIsClaimedFrom(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := sending(t, s, c, 3)
		must(t, s.PauseDigest(bg, d.digest, "A look at the relay."))
		if got := d.claim(100); len(got) != 0 {
			t.Fatalf("claimed %d rows of a paused digest", len(got))
		}
		if due, next, err := s.Waiting(bg, d.scope); due != 0 || !next.IsZero() || err != nil {
			t.Fatalf("%d rows of a paused digest wait for a worker, %v", due, err)
		}
		must(t, s.ResumeDigest(bg, d.digest))
		if got := d.claim(100); len(got) != 3 {
			t.Fatalf("claimed %d rows after the pause", len(got))
		}
	})
}

// What a worker claims after a sweep struck it off nobody would take back.
func TestAWorkerThatWasStruckOffClaimsNothing(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := sending(t, s, c, 3)
		_, err := s.Reclaim(bg, d.worker)
		must(t, err)
		_, err = s.Claim(bg, d.scope, d.worker, 10)
		wantKind(t, err, fault.Gone)
		d.wantTally(delivery.Tally{Planned: 3, Queued: 3})
	})
}

func TestEightClaimersShareThreeThousandRowsAndNoneIsTakenTwice(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		const rows = 3000
		d := sending(t, s, c, rows)
		var mu sync.Mutex
		times := make(map[int64]int)
		together(t, 8, func(int) error {
			worker := newWorker(t, s)
			for idle := 0; idle < 3; {
				claims, err := s.Claim(bg, d.scope, worker, 97)
				if err != nil {
					return err
				}
				mu.Lock()
				for _, claim := range claims {
					times[claim.ID]++
				}
				mu.Unlock()
				if len(claims) == 0 {
					idle++
				}
			}
			return nil
		})
		for id, n := range times {
			if n != 1 {
				t.Errorf("row %d was claimed %d times", id, n)
			}
		}
		if len(times) != rows {
			t.Errorf("%d rows were claimed, want %d", len(times), rows)
		}
		d.wantTally(delivery.Tally{Planned: rows, Claimed: rows})
	})
}

func TestRowsHandedBackCountNothingAgainstThem(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := sending(t, s, c, 40)
		claimed, handing := d.claim(20), d.handing(20)
		must(t, s.HandBack(bg, d.scope, d.worker, delivery.Return{Items: append(claimed, handing...)}))
		d.wantTally(delivery.Tally{Planned: 40, Queued: 40})
		d.wantEntry(handing[0].ID, entry{State: delivery.Queued, Attempt: 1})

		again := d.claim(40)
		must(t, s.HandBack(bg, d.scope, newWorker(t, s), delivery.Return{Items: again}))
		must(t, s.HandBack(bg, d.scope, d.worker, delivery.Return{Items: claimed})) // attempt 1, long over
		d.wantTally(delivery.Tally{Planned: 40, Claimed: 40})
	})
}

func TestLettersAreClaimedLikeDeliveriesAndFailOnceTheyExpire(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := deskOf(t, s, c, delivery.Outbox)
		quick, err := s.QueueLetter(bg, outbox.Letter{Kind: outbox.Test, To: mailbox(t, "quick@example.com")})
		must(t, err)
		_, err = s.QueueLetter(bg, outbox.Letter{Kind: outbox.Review, To: mailbox(t, "patient@example.com")})
		must(t, err)
		due, _, err := s.Waiting(bg, delivery.Outbox)
		if err != nil || due != 2 {
			t.Fatalf("%d letters wait, %v", due, err)
		}
		c.Advance(outbox.Test.KeepTrying())
		if got := d.claim(10); len(got) != 1 || got[0].ID == quick {
			t.Fatalf("claimed %+v, want the letter that is still worth sending", got)
		}
		d.wantEntry(quick, entry{State: delivery.Failed, Reason: delivery.Expired, Attempt: 1})
		l, _, err := s.Letter(bg, quick)
		must(t, err)
		if !l.To.IsZero() {
			t.Fatal("a settled letter still has its address")
		}
	})
}

func TestAClockThatIsSetBackDoesNotPutOffWhatWasDue(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := sending(t, s, c, 4)
		if got := d.claim(1); len(got) != 1 {
			t.Fatalf("%d claimed", len(got))
		}
		c.Advance(-24 * time.Hour)
		again := d.claim(10)
		if len(again) != 3 {
			t.Fatalf("%d claimed after the clock was set back", len(again))
		}
		d.intend(again)
		d.record(again, deferred) // what is put off waits by the clock as it is now
		if got := d.claim(10); len(got) != 0 {
			t.Fatalf("%d claimed at once although they were put off", len(got))
		}
		c.Advance(2 * time.Minute)
		if got := d.claim(10); len(got) != 3 {
			t.Fatalf("%d claimed two minutes later", len(got))
		}
	})
}

// A claim that took all it may leaves a floor; what comes back below it must not
// wait for longer than the floor holds.
func TestWhatIsPutBackBelowTheFloorIsFound(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := sending(t, s, c, 100)
		first := d.claim(20)
		must(t, s.HandBack(bg, d.scope, d.worker, delivery.Return{Items: first[:5]}))
		if next := d.claim(20); next[0].ID <= first[19].ID {
			t.Fatalf("a claim looks below the floor: %v after %v", next[0], first[19])
		}
		c.Advance(3 * time.Second)
		if again := d.claim(20); again[0].ID != first[0].ID {
			t.Fatalf("first is %v, want %v", again[0], first[0])
		}
		must(t, s.HandBack(bg, d.scope, d.worker, delivery.Return{Items: first[5:10]}))
		if rest := d.claim(100); len(rest) != 50 {
			t.Fatalf("%d of the rest claimed", len(rest))
		}
	})
}

func TestAProcessThatStartsWithAClockSetBackSendsWhatWasLaunched(t *testing.T) {
	t.Parallel()
	for _, url := range map[string]func(testing.TB) string{"sqlite": storetest.SQLiteURL, "postgres": func(t testing.TB) string { return storetest.PostgresURL(t) }} {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			at, c := url(t), storetest.NewClock()
			sending(t, storetest.Open(t, at, c), c, 3)
			slow := storetest.NewClock()
			slow.Advance(-30 * time.Hour)
			d := deskOf(t, storetest.Open(t, at, slow), slow, delivery.Scope{Digest: 1})
			if got := d.claim(10); len(got) != 3 {
				t.Fatalf("%d of 3 claimed", len(got))
			}
		})
	}
}
