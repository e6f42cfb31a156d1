package store_test

import (
	"testing"
	"time"

	"github.com/collabpulse/weekly/internal/consent"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/link"
	"github.com/collabpulse/weekly/internal/outbox"
	"github.com/collabpulse/weekly/internal/store"
	"github.com/collabpulse/weekly/internal/store/storetest"
	"github.com/collabpulse/weekly/internal/subscriber"
	"github.com/collabpulse/weekly/internal/suppression"
)

const linkLeave = link.Leave

func TestLeavingWorksOnceAndForEver(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		mara := reading(t, s, "mara@example.com")
		tag := mara.Key.Tag(linkLeave)
		c.Advance(5 * 365 * 24 * time.Hour)
		who, err := s.Leaver(bg, mara.ID, tag)
		must(t, err)
		if who.ID != mara.ID || who.State != subscriber.Active {
			t.Fatalf("the link belongs to %d, who is %s", who.ID, who.State)
		}
		for range 3 {
			must(t, s.Leave(bg, mara.ID, tag, button))
		}
		wantState(t, s, mara.ID, subscriber.Unsubscribed)
		wantConsents(t, s, mara.ID, consent.Asked, consent.Confirmed, consent.Left)
	})
}

func TestLeavingNeedsTheReadersOwnLink(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		mara, ines := reading(t, s, "mara@example.com"), reading(t, s, "ines@example.com")
		for name, attempt := range map[string]struct {
			id  int64
			tag link.Tag
		}{
			"another reader's": {mara.ID, ines.Key.Tag(linkLeave)},
			"another purpose":  {mara.ID, mara.Key.Tag(link.View)},
			"nobody's":         {mara.ID + 1000, mara.Key.Tag(linkLeave)},
			"empty":            {mara.ID, link.Tag{}},
		} {
			if err := s.Leave(bg, attempt.id, attempt.tag, button); !fault.Is(err, fault.NotFound) {
				t.Errorf("leaving by %s link: %v", name, err)
			}
			if _, err := s.Leaver(bg, attempt.id, attempt.tag); !fault.Is(err, fault.NotFound) {
				t.Errorf("the page of %s link: %v", name, err)
			}
		}
		wantState(t, s, mara.ID, subscriber.Active)
	})
}

func TestAPendingReaderMayLeaveToo(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		mara := signedUp(t, s, "mara@example.com")
		must(t, s.Leave(bg, mara.ID, mara.Key.Tag(linkLeave), button))
		_, err := s.Confirm(bg, mara.ID, mara.AskedAt.UnixMilli(), button)
		wantKind(t, err, fault.Gone)
	})
}

func TestLeavingAtTheSameMomentTwiceIsOneLeave(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		mara := reading(t, s, "mara@example.com")
		together(t, 8, func(int) error { return s.Leave(bg, mara.ID, mara.Key.Tag(linkLeave), button) })
		wantConsents(t, s, mara.ID, consent.Asked, consent.Confirmed, consent.Left)
	})
}

func TestALeaveLinkIsMailedToReadersOnlyAndNotTooOften(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		mara := reading(t, s, "mara@example.com")
		must(t, s.AskForLeaveLink(bg, mailbox(t, "nobody@example.com")))
		for range 5 {
			must(t, s.AskForLeaveLink(bg, mara.Address))
		}
		wantLetters(t, s, outbox.Confirm, outbox.Welcome, outbox.LeaveByMail, outbox.LeaveByMail, outbox.LeaveByMail)
		c.Advance(25 * time.Hour)
		must(t, s.AskForLeaveLink(bg, mara.Address))
		must(t, s.Leave(bg, mara.ID, mara.Key.Tag(linkLeave), button))
		must(t, s.AskForLeaveLink(bg, mara.Address))
		wantLetters(t, s, outbox.Confirm, outbox.Welcome, outbox.LeaveByMail, outbox.LeaveByMail, outbox.LeaveByMail, outbox.LeaveByMail)
		if l := queuedLetters(t, s)[2]; l.Subscriber != mara.ID || l.To != mara.Address {
			t.Fatalf("the letter is about subscriber %d", l.Subscriber)
		}
	})
}

func TestLeavingCountsEvenWhileSuppressed(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		mara := reading(t, s, "mara@example.com")
		must(t, s.Suppress(bg, mara.Address, suppression.Manual, ""))
		must(t, s.Leave(bg, mara.ID, mara.Key.Tag(linkLeave), button))
		must(t, s.Unsuppress(bg, mara.Address))
		wantState(t, s, mara.ID, subscriber.Unsubscribed)
	})
}

func TestLeavingIsTakenBackOnceAndNotPastASuppression(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		mara, noor := reading(t, s, "mara@example.com"), reading(t, s, "noor@example.com")
		leave := func(who subscriber.Subscriber) int64 {
			must(t, s.Leave(bg, who.ID, who.Key.Tag(linkLeave), button))
			gone, err := s.Subscriber(bg, who.ID)
			must(t, err)
			return gone.Changed.UnixMilli()
		}
		stamp := leave(mara)
		wantKind(t, s.TakeBack(bg, mara.ID, stamp+1, button), fault.Gone)
		wantKind(t, s.TakeBack(bg, 99, stamp, button), fault.Gone)
		must(t, s.TakeBack(bg, mara.ID, stamp, button))
		wantState(t, s, mara.ID, subscriber.Active)
		wantConsents(t, s, mara.ID, consent.Asked, consent.Confirmed, consent.Left, consent.Returned)
		must(t, s.Suppress(bg, mara.Address, suppression.Manual, ""))
		must(t, s.Unsuppress(bg, mara.Address)) // the last word was to come back
		wantState(t, s, mara.ID, subscriber.Active)
		c.Advance(time.Second)
		leave(mara)
		wantKind(t, s.TakeBack(bg, mara.ID, stamp, button), fault.Gone)

		stamp = leave(noor)
		must(t, s.Suppress(bg, noor.Address, suppression.Complaint, ""))
		wantKind(t, s.TakeBack(bg, noor.ID, stamp, button), fault.Gone)
	})
}
