package store_test

import (
	"strings"
	"testing"
	"time"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/outbox"
	"github.com/collabpulse/weekly/internal/store"
	"github.com/collabpulse/weekly/internal/store/storetest"
)

func (d desk) finish(want bool) {
	d.t.Helper()
	finished, err := d.s.FinishDigest(bg, d.digest)
	must(d.t, err)
	if finished != want {
		d.t.Fatalf("finished %v, want %v", finished, want)
	}
}

func TestADigestIsSentWhenEverybodyIsSettledAndNotBefore(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		editing(t, s, "one@example.com")
		imported(t, s, 4)
		d := deskOf(t, s, c, delivery.Scope{Digest: launched(t, s).ID})
		d.finish(false) // its audience is not complete
		frozen(t, s, d.digest)
		d.finish(false) // queued
		items := d.claim(4)
		d.finish(false) // claimed
		d.intend(items)
		d.finish(false) // on the wire
		d.record(items[:1], accepted)
		d.record(items[1:2], refused)
		must(t, s.SetDoubts(bg, d.digest, delivery.Leave))
		d.record(items[2:3], inDoubt)
		d.finish(false)
		d.record(items[3:], accepted)

		c.Advance(time.Minute)
		together(t, 4, func(int) error { _, err := s.FinishDigest(bg, d.digest); return err })
		d.finish(true)
		sent := digestOf(t, s, d.digest)
		if sent.State != digest.Sent || !sent.Finished.Equal(c.Now()) {
			t.Fatalf("%s, finished at %v", sent.State, sent.Finished)
		}
		wantLetters(t, s, outbox.Review, outbox.Finished)
		d.record(items[2:3], accepted) // late, and heard
		d.wantTally(delivery.Tally{Planned: 4, Sent: 3, Failed: 1, Doubts: 1})
	})
}

func TestADigestForNobodyIsSent(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := sending(t, s, c, 0)
		d.finish(true)
	})
}

func TestADigestThatDoesNotAddUpIsNotCalledSent(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := sending(t, s, c, 2)
		d.record(d.handing(2), accepted)
		must(t, s.Damage(bg, "DELETE FROM deliveries WHERE subscriber_id = (SELECT MAX(subscriber_id) FROM deliveries)"))
		finished, err := s.FinishDigest(bg, d.digest)
		wantKind(t, err, fault.Internal)
		if finished {
			t.Fatal("a lost reader went unnoticed")
		}
		wantDigestState(t, s, d.digest, digest.Sending)
	})
}

func TestAPausedDigestIsNotFinished(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := sending(t, s, c, 1)
		items := d.handing(1)
		must(t, s.PauseDigest(bg, d.digest, "The relay complains."))
		d.record(items, accepted)
		d.finish(false)
		if paused := digestOf(t, s, d.digest); paused.State != digest.Paused || paused.Reason != "The relay complains." {
			t.Fatalf("%s: %q", paused.State, paused.Reason)
		}
		must(t, s.ResumeDigest(bg, d.digest))
		if resumed := digestOf(t, s, d.digest); resumed.State != digest.Sending || resumed.Reason != "" {
			t.Fatalf("%s: %q", resumed.State, resumed.Reason)
		}
		d.finish(true)
	})
}

func TestADigestIsPausedResumedAndCancelledOnlyWhereThatMakesSense(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		published(t, s, "One", 1)
		d := drafted(t, s)
		wantKind(t, s.PauseDigest(bg, d.ID, ""), fault.Conflict)
		wantKind(t, s.ResumeDigest(bg, d.ID), fault.Conflict)
		d = approved(t, s, d)
		must(t, s.LaunchDigest(bg, d.ID, 0, ""))
		wantKind(t, s.ResumeDigest(bg, d.ID), fault.Conflict)
		must(t, s.PauseDigest(bg, d.ID, "Wait."))
		wantKind(t, s.PauseDigest(bg, d.ID, "Wait."), fault.Conflict)
		must(t, s.CancelDigest(bg, d.ID, "Enough."))
		wantKind(t, s.CancelDigest(bg, d.ID, "Enough."), fault.Conflict)
		wantKind(t, s.ResumeDigest(bg, d.ID), fault.Conflict)
	})
}

func TestACancelledDigestMailsNobodyElse(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := sending(t, s, c, 9)
		d.record(d.handing(2), accepted)
		handing := d.handing(3)
		claimed := d.claim(2)
		must(t, s.CancelDigest(bg, d.digest, "A wrong picture."))
		d.wantTally(delivery.Tally{Planned: 9, Handing: 3, Sent: 2, Skipped: 4})
		if in := d.intend(claimed); len(in.Go) != 0 || len(d.claim(10)) != 0 {
			t.Fatal("a cancelled digest goes on")
		}
		d.record(handing, accepted)
		d.wantTally(delivery.Tally{Planned: 9, Sent: 5, Skipped: 4})
		d.finish(false)
		if cancelled := digestOf(t, s, d.digest); cancelled.State != digest.Cancelled || cancelled.Reason != "A wrong picture." {
			t.Fatalf("%s: %q", cancelled.State, cancelled.Reason)
		}
	})
}

func TestADigestPausedForMoreThanADayAsksBeforeItGoesOn(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := sending(t, s, c, 1)
		must(t, s.PauseDigest(bg, d.digest, "Wait."))
		c.Advance(digest.StaleAfter)
		must(t, s.ResumeDigest(bg, d.digest))
		if at := digestOf(t, s, d.digest).Paused; !at.IsZero() {
			t.Fatalf("still paused since %v", at)
		}
		must(t, s.PauseDigest(bg, d.digest, "Wait."))
		c.Advance(30*time.Hour + time.Minute)
		err := s.ResumeDigest(bg, d.digest)
		wantKind(t, err, fault.Conflict)
		if says := fault.Message(err); !strings.Contains(says, "paused 30 hours ago") || !strings.Contains(says, "go out to those who have not got it") {
			t.Errorf("it says %q", says)
		}
		wantDigestState(t, s, d.digest, digest.Paused)
		must(t, s.ResumeLate(bg, d.digest))
		wantDigestState(t, s, d.digest, digest.Sending)
		wantKind(t, s.ResumeLate(bg, d.digest), fault.Conflict)
	})
}

func expired(t testing.TB, s *store.Store) int {
	t.Helper()
	n, err := s.ExpireQueued(bg)
	must(t, err)
	return n
}

func TestRowsThatWaitedTooLongFailAndPausesDoNotCount(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := sending(t, s, c, 3)
		items := d.claim(1)
		c.Advance(delivery.Patience)
		if n := expired(t, s); n != 0 {
			t.Fatalf("%d expired in time", n)
		}
		must(t, s.PauseDigest(bg, d.digest, "Wait."))
		c.Advance(72 * time.Hour)
		if n := expired(t, s); n != 0 {
			t.Fatalf("%d rows of a paused digest expired", n)
		}
		must(t, s.ResumeLate(bg, d.digest))
		if n := expired(t, s); n != 0 {
			t.Fatalf("%d expired because of a pause", n)
		}
		c.Advance(time.Millisecond)
		if n := expired(t, s); n != 2 {
			t.Fatalf("%d expired, want the 2 that were queued", n)
		}
		d.wantTally(delivery.Tally{Planned: 3, Claimed: 1, Failed: 2})
		must(t, s.HandBack(bg, d.scope, d.worker, delivery.Return{Items: items}))
		expired(t, s)
		d.wantEntry(items[0].ID, entry{State: delivery.Failed, Reason: delivery.Expired, Attempt: 1})
		d.finish(true)
	})
}

// On PostgreSQL a worker may give a row back at the moment of the cancel.
func TestWhatIsLeftInACancelledDigestIsSettled(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := sending(t, s, c, 2)
		must(t, s.CancelDigest(bg, d.digest, "No."))
		must(t, s.Damage(bg, "UPDATE deliveries SET state = 0, reason = 0"))
		expired(t, s)
		d.wantTally(delivery.Tally{Planned: 2, Skipped: 2})
	})
}

func TestErasingAReaderSettlesWhatIsQueuedForThem(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := sending(t, s, c, 2)
		must(t, s.EraseSubscriber(bg, mailbox(t, "reader0@example.com")))
		d.wantTally(delivery.Tally{Planned: 2, Queued: 1, Skipped: 1})
		d.record(d.handing(2)[:1], accepted)
		d.finish(true)
	})
}

// Rows are due since the launch at the earliest, so a young digest has none to fail.
func TestADigestThatIsNotOutForLongIsNotLookedThroughForOldRows(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		sending(t, s, c, 2)
		must(t, s.Damage(bg, "UPDATE deliveries SET due_at = 1"))
		c.Advance(delivery.Patience)
		if n := expired(t, s); n != 0 {
			t.Fatalf("%d rows of a young digest expired", n)
		}
		c.Advance(time.Millisecond)
		if n := expired(t, s); n != 2 {
			t.Fatalf("%d rows expired, want 2", n)
		}
	})
}

func TestWhatAWrongClockPutOffForDaysIsTriedOnceTheClockIsRight(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := sending(t, s, c, 2)
		items := d.handing(2)
		c.Advance(100 * time.Hour)
		d.record(items[:1], deferred)
		c.Advance(-100 * time.Hour)
		d.record(items[1:], deferred)
		if got := d.claim(2); len(got) != 0 {
			t.Fatalf("%d are due", len(got))
		}
		if n, err := s.ExpireQueued(bg); err != nil || n != 0 {
			t.Fatalf("%d expired (%v)", n, err)
		}
		if got := d.claim(2); len(got) != 1 || got[0].ID != items[0].ID {
			t.Fatalf("claimed: %v", got)
		}
	})
}
