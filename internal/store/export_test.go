package store_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/store"
	"github.com/collabpulse/weekly/internal/store/storetest"
	"github.com/collabpulse/weekly/internal/subscriber"
)

func TestAnExportHoldsEverybodyOnceAndNobodyErased(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		for first := 0; first < 2500; first += 500 {
			_, err := s.ImportSubscribers(bg, crowd(t, first, 500), vouched)
			must(t, err)
		}
		must(t, s.EraseSubscriber(bg, mailbox(t, "reader7@example.com")))
		seen, last := 0, int64(0)
		must(t, s.EachSubscriber(bg, func(one subscriber.Subscriber) error {
			if one.ID <= last || one.Address.IsZero() {
				return fmt.Errorf("subscriber %d after %d", one.ID, last)
			}
			seen, last = seen+1, one.ID
			return nil
		}))
		if seen != 2499 {
			t.Fatalf("%d exported, want 2499", seen)
		}
	})
}

func TestAnExportStopsWhenItsWriterFails(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		_, err := s.ImportSubscribers(bg, crowd(t, 0, 10), vouched)
		must(t, err)
		full := errors.New("disk full")
		seen := 0
		err = s.EachSubscriber(bg, func(subscriber.Subscriber) error {
			if seen++; seen == 3 {
				return full
			}
			return nil
		})
		if !errors.Is(err, full) || seen != 3 {
			t.Fatalf("stopped after %d with %v", seen, err)
		}
	})
}

func TestWhatIsExportedCanBeImported(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		wishing(t, s, "active@example.com", "Asia/Tokyo", 0)
		signedUp(t, s, "pending@example.com")
		left := reading(t, s, "left@example.com")
		must(t, s.Leave(bg, left.ID, left.Key.Tag(linkLeave), button))
		var file []subscriber.Profile
		must(t, s.EachSubscriber(bg, func(one subscriber.Subscriber) error {
			p := subscriber.Profile{Address: one.Address, Topics: one.Topics, Language: one.Language, Timezone: one.Timezone, State: one.State}
			if one.Hour != subscriber.AnyHour {
				p.Hour = &one.Hour
			}
			file = append(file, p)
			return nil
		}))
		other := storetest.Open(t, storetest.SQLiteURL(t), c)
		done, err := other.ImportSubscribers(bg, file, vouched)
		must(t, err)
		if diff := cmp.Diff(subscriber.Imported{Added: 3}, done); diff != "" {
			t.Fatal(diff)
		}
		if got := found(t, other, "active@example.com"); got.Hour != 0 || got.Timezone != "Asia/Tokyo" {
			t.Fatalf("imported as %+v", got)
		}
		if got := found(t, other, "pending@example.com").Hour; got != subscriber.AnyHour {
			t.Fatalf("nobody asked for hour %d", got)
		}
		counts, err := other.CountSubscribers(bg)
		must(t, err)
		want := map[subscriber.State]int{subscriber.Active: 1, subscriber.Pending: 1, subscriber.Unsubscribed: 1}
		if diff := cmp.Diff(want, counts); diff != "" {
			t.Fatal(diff)
		}
	})
}
