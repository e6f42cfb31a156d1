package store_test

import (
	"testing"
	"time"

	"github.com/collabpulse/weekly/internal/consent"
	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/store"
	"github.com/collabpulse/weekly/internal/store/storetest"
	"github.com/collabpulse/weekly/internal/subscriber"
	"github.com/collabpulse/weekly/internal/suppression"
)

const sorry = "The relay says the same to everybody."

func TestAnAnswerOfOurOwnMakingCostsNobodyTheirDigest(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		_, err := s.AddEditor(bg, mailbox(t, "editor@example.com"), "Mara", 1)
		must(t, err)
		d := sending(t, s, c, 8)
		d.record(d.handing(1), noMailbox) // long before, and rightly so
		c.Advance(time.Hour)
		since := c.Now()
		items := d.handing(5)
		d.record(items[:2], noMailbox)
		d.record(items[2:3], refused)
		wantState(t, s, items[0].ID, subscriber.Suppressed)

		suspended, err := s.SuspendDigest(bg, d.digest, noMailbox.Charge(), sorry, since)
		must(t, err)
		if !suspended {
			t.Fatal("it goes on")
		}
		d.record(items[3:4], noMailbox) // of a lane that did not know yet
		d.record(items[4:], accepted)
		d.wantTally(delivery.Tally{Planned: 8, Queued: 5, Sent: 1, Failed: 2})
		d.wantEntry(items[0].ID, entry{State: delivery.Queued, Attempt: 1, Code: 550})
		d.wantEntry(items[3].ID, entry{State: delivery.Queued, Attempt: 1, Code: 550})
		for _, item := range items[:2] {
			wantState(t, s, item.ID, subscriber.Active)
		}
		if all, err := s.Suppressions(bg, 10); err != nil || len(all) != 1 {
			t.Fatalf("%d suppressions are left, want that of long before: %v", len(all), err)
		}
		now, err := s.Digest(bg, d.digest)
		must(t, err)
		if now.State != digest.Paused || now.Reason != sorry {
			t.Fatalf("it is %s: %s", now.State, now.Reason)
		}
		letters, err := s.Number(bg, "SELECT COUNT(*) FROM outbox WHERE kind = 10")
		must(t, err)
		if letters != 1 {
			t.Fatalf("%d letters tell the editors", letters)
		}

		must(t, s.ResumeDigest(bg, d.digest))
		again := d.handing(8)
		if len(again) != 5 {
			t.Fatalf("%d rows go out after all, want 5", len(again))
		}
		d.record(again, accepted)
		d.wantTally(delivery.Tally{Planned: 8, Sent: 6, Failed: 2})
	})
}

func TestAWorkerThatHeardTheAnswerEarlierHasItsReadersQueuedAgainToo(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := sending(t, s, c, 2)
		early := c.Now()
		items := d.handing(2)
		d.record(items[:1], noMailbox)
		c.Advance(time.Hour)
		late := c.Now()
		d.record(items[1:], noMailbox)
		for _, since := range []time.Time{late, early} {
			if _, err := s.SuspendDigest(bg, d.digest, noMailbox.Charge(), sorry, since); err != nil {
				t.Fatal(err)
			}
		}
		d.wantTally(delivery.Tally{Planned: 2, Queued: 2})
		wantState(t, s, items[0].ID, subscriber.Active)
	})
}

func TestSayingSoAgainSuspendsNothingTwice(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		_, err := s.AddEditor(bg, mailbox(t, "editor@example.com"), "Mara", 1)
		must(t, err)
		d := sending(t, s, c, 2)
		for range 2 {
			suspended, err := s.SuspendDigest(bg, d.digest, "550 5.7.1", sorry, c.Now())
			must(t, err)
			if !suspended {
				t.Fatal("it goes on")
			}
		}
		letters, err := s.Number(bg, "SELECT COUNT(*) FROM outbox WHERE kind = 10")
		must(t, err)
		if letters != 1 {
			t.Fatalf("%d letters tell the editors", letters)
		}
		must(t, s.CancelDigest(bg, d.digest, "Enough."))
		if suspended, err := s.SuspendDigest(bg, d.digest, "550 5.7.1", sorry, c.Now()); err != nil || suspended {
			t.Fatalf("one that is over was suspended: %t, %v", suspended, err)
		}
	})
}

func TestAnEditorMayTakeARefusalForTheReadersOwn(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := sending(t, s, c, 3)
		items := d.handing(2)
		d.record(items[:1], noMailbox)
		if err := s.Tolerate(bg, d.digest); !fault.Is(err, fault.Conflict) {
			t.Fatalf("nothing is to be tolerated yet: %v", err)
		}
		_, err := s.SuspendDigest(bg, d.digest, noMailbox.Charge(), sorry, c.Now())
		must(t, err)
		must(t, s.Tolerate(bg, d.digest))
		must(t, s.ResumeDigest(bg, d.digest))
		d.record(items[1:], noMailbox)
		d.record(d.handing(3), noMailbox)
		d.wantTally(delivery.Tally{Planned: 3, Failed: 3})
		wantState(t, s, items[0].ID, subscriber.Suppressed)
		if suspended, err := s.SuspendDigest(bg, d.digest, noMailbox.Charge(), sorry, c.Now()); err != nil || suspended {
			t.Fatalf("it was suspended for what was tolerated: %t, %v", suspended, err)
		}
	})
}

func TestAMailboxThatRefusesThreeDigestsInARowIsGivenUp(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		var last int64
		for n, said := range []delivery.Outcome{refused, refused, accepted, refused, refused, refused} {
			d := sending(t, s, c, 1)
			items := d.handing(1)
			if len(items) != 1 {
				t.Fatalf("digest %d goes to nobody", n)
			}
			d.record(items, said)
			last = items[0].ID
			if n < 5 {
				wantState(t, s, last, subscriber.Active)
			}
		}
		wantState(t, s, last, subscriber.Suppressed)
		wantConsents(t, s, last, consent.Imported, consent.Suppressed)
		list, err := s.Suppressions(bg, 10)
		must(t, err)
		if len(list) != 1 || list[0].Reason != suppression.HardBounce {
			t.Fatalf("suppressed as %+v", list)
		}
	})
}

func TestLateRefusalsOfEveryAnswerItIsPausedForGiveNobodyUp(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := sending(t, s, c, 4)
		items := d.handing(4)
		for _, o := range []delivery.Outcome{noMailbox, refused} {
			suspended, err := s.SuspendDigest(bg, d.digest, o.Charge(), sorry, c.Now())
			must(t, err)
			if !suspended {
				t.Fatalf("not suspended for %s", o.Charge())
			}
		}
		d.record(items[:2], noMailbox) // the first of the two answers, late
		d.record(items[2:], refused)
		d.wantTally(delivery.Tally{Planned: 4, Queued: 4})
		wantState(t, s, items[0].ID, subscriber.Active)
		must(t, s.Tolerate(bg, d.digest))
		must(t, s.ResumeDigest(bg, d.digest))
		again := d.handing(4)
		d.record(again[:2], noMailbox)
		d.record(again[2:], refused)
		d.wantTally(delivery.Tally{Planned: 4, Failed: 4})
	})
}
