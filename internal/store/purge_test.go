package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/outbox"
	"github.com/collabpulse/weekly/internal/store"
	"github.com/collabpulse/weekly/internal/store/storetest"
	"github.com/collabpulse/weekly/internal/subscriber"
)

func TestASignUpThatIsNeverConfirmedIsForgotten(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		active, stranger := reading(t, s, "mara@example.com"), signedUp(t, s, "stranger@example.com")
		c.Advance(time.Minute)
		later := signedUp(t, s, "later@example.com")
		c.Advance(subscriber.PendingFor - time.Minute)
		if n, err := s.PurgePending(bg); err != nil || n != 0 {
			t.Fatalf("%d forgotten in time, %v", n, err)
		}
		c.Advance(time.Second)
		if n, err := s.PurgePending(bg); err != nil || n != 1 {
			t.Fatalf("%d forgotten, want 1; %v", n, err)
		}
		_, err := s.Subscriber(bg, stranger.ID)
		wantKind(t, err, fault.NotFound)
		for _, who := range []subscriber.Subscriber{active, later} {
			evidence, err := s.Consents(bg, who.ID)
			must(t, err)
			if kept, err := s.Subscriber(bg, who.ID); err != nil || kept.State != who.State || len(evidence) == 0 {
				t.Fatalf("%+v with %d consents, %v", kept, len(evidence), err)
			}
		}
		if n, err := s.Number(bg, "SELECT COUNT(*) FROM consents WHERE subscriber_id = $1", stranger.ID); err != nil || n != 0 {
			t.Fatalf("%d consents are left, %v", n, err)
		}
		if again := signedUp(t, s, "stranger@example.com"); again.ID == stranger.ID {
			t.Fatal("an id was given twice")
		}
	})
}

func TestAReaderWhoLeftAndAskedAgainIsNotForgotten(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		mara := reading(t, s, "mara@example.com")
		must(t, s.Leave(bg, mara.ID, mara.Key.Tag(linkLeave), button))
		signedUp(t, s, "mara@example.com")
		before, err := s.Consents(bg, mara.ID)
		must(t, err)
		c.Advance(subscriber.PendingFor + time.Second)
		_, err = s.PurgePending(bg)
		must(t, err)
		left, err := s.Leaver(bg, mara.ID, mara.Key.Tag(linkLeave))
		if err != nil || left.State != subscriber.Unsubscribed {
			t.Fatalf("%s, and an old leave link says %v", left.State, err)
		}
		after, err := s.Consents(bg, mara.ID)
		must(t, err)
		if diff := cmp.Diff(before, after); diff != "" {
			t.Fatal(diff)
		}
		if n, err := s.PurgePending(bg); err != nil || n != 0 {
			t.Fatalf("%d more, %v", n, err)
		}
	})
}

func TestMorePendingReadersThanAChunkHoldsAreForgotten(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		file := crowd(t, 0, 700)
		for i := range file {
			file[i].State = subscriber.Pending
		}
		_, err := s.ImportSubscribers(bg, file, vouched)
		must(t, err)
		c.Advance(subscriber.PendingFor + time.Second)
		if n, err := s.PurgePending(bg); err != nil || n != 700 {
			t.Fatalf("%d forgotten, want 700; %v", n, err)
		}
	})
}

func TestSettledLettersAreKeptForAMonthAndOthersUntilSettled(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		post := func(name string) {
			_, err := s.QueueLetter(bg, outbox.Letter{Kind: outbox.Test, To: mailbox(t, name+"@example.com")})
			must(t, err)
		}
		for range 600 {
			post("settled")
		}
		must(t, s.Damage(bg, "UPDATE outbox SET state = 3"))
		post("waiting")
		c.Advance(outbox.KeepFor)
		if n, err := s.PurgeOutbox(bg); err != nil || n != 0 {
			t.Fatalf("%d deleted in time, %v", n, err)
		}
		c.Advance(time.Millisecond)
		if n, err := s.PurgeOutbox(bg); err != nil || n != 600 {
			t.Fatalf("%d deleted, want 600; %v", n, err)
		}
		if n, err := s.Number(bg, "SELECT COUNT(*) FROM outbox WHERE state = 0"); err != nil || n != 1 {
			t.Fatalf("%d letters wait, %v", n, err)
		}
	})
}
