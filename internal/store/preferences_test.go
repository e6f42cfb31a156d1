package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/consent"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/outbox"
	"github.com/collabpulse/weekly/internal/store"
	"github.com/collabpulse/weekly/internal/store/storetest"
	"github.com/collabpulse/weekly/internal/subscriber"
	"github.com/collabpulse/weekly/internal/suppression"
	"github.com/collabpulse/weekly/internal/topic"
)

func chosen(c *storetest.Clock) subscriber.Preferences {
	return subscriber.Preferences{
		Topics: topic.Of(2, 4), Cadence: subscriber.Monthly, Language: "de", Timezone: "Asia/Kathmandu", Hour: 7, Plain: true,
		Pause: subscriber.Pause{On: true, Until: c.Now().Add(14 * 24 * time.Hour)},
	}
}

func TestWhatAReaderChoosesIsKeptWithEvidence(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		mara := reading(t, s, "mara@example.com")
		want := chosen(c)
		must(t, s.Prefer(bg, mara.ID, 0, want, button))
		must(t, s.Prefer(bg, mara.ID, 0, want, button)) // nothing changes: no evidence
		got, err := s.Preferring(bg, mara.ID, 0)
		must(t, err)
		wantSame(t, want, got.Preferences())
		wantState(t, s, mara.ID, subscriber.Paused)
		wantConsents(t, s, mara.ID, consent.Asked, consent.Confirmed, consent.Changed)
		all, err := s.Consents(bg, mara.ID)
		must(t, err)
		if all[2].Evidence.Detail != want.Detail() || all[2].Evidence.Page != button.Page {
			t.Errorf("the evidence says %+v", all[2].Evidence)
		}
		back := want
		back.Pause = subscriber.Pause{}
		must(t, s.Prefer(bg, mara.ID, 0, back, button))
		got, err = s.Preferring(bg, mara.ID, 0)
		must(t, err)
		wantSame(t, back, got.Preferences())
		wantState(t, s, mara.ID, subscriber.Active)
	})
}

func TestPreferencesAreForReadersAtTheirPresentAddress(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		mara, pending := reading(t, s, "mara@example.com"), signedUp(t, s, "noor@example.com")
		refused := func(id, moves int64) {
			t.Helper()
			_, err := s.Preferring(bg, id, moves)
			wantKind(t, err, fault.Gone)
			wantKind(t, s.Prefer(bg, id, moves, chosen(c), button), fault.Gone)
		}
		refused(mara.ID, 1) // a link to another address
		refused(pending.ID, 0)
		refused(99, 0)
		must(t, s.Leave(bg, mara.ID, mara.Key.Tag(linkLeave), button))
		refused(mara.ID, 0)
		wantState(t, s, mara.ID, subscriber.Unsubscribed)
	})
}

func TestAPauseEndsOnItsDayAndNoOtherEndsByItself(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		mara, noor, gone := reading(t, s, "mara@example.com"), reading(t, s, "noor@example.com"), reading(t, s, "gone@example.com")
		must(t, s.Prefer(bg, mara.ID, 0, chosen(c), button))
		endless := chosen(c)
		endless.Pause.Until = time.Time{}
		must(t, s.Prefer(bg, noor.ID, 0, endless, button))
		must(t, s.Prefer(bg, gone.ID, 0, chosen(c), button))
		must(t, s.Leave(bg, gone.ID, gone.Key.Tag(linkLeave), button))
		for _, wait := range []time.Duration{14*24*time.Hour - time.Minute, time.Minute, time.Hour} {
			c.Advance(wait)
			n, err := s.EndPauses(bg)
			must(t, err)
			if due := wait == time.Minute; n != 1 && due || n != 0 && !due {
				t.Errorf("%d pauses ended after %v more", n, wait)
			}
		}
		wantState(t, s, mara.ID, subscriber.Active)
		wantState(t, s, noor.ID, subscriber.Paused)
		wantState(t, s, gone.ID, subscriber.Unsubscribed)
	})
}

func TestALinkToPreferencesIsMailedToReadersOnlyAndNotTooOften(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		mara := reading(t, s, "mara@example.com")
		must(t, s.AskForPreferences(bg, mailbox(t, "nobody@example.com")))
		for range 5 {
			must(t, s.AskForPreferences(bg, mara.Address))
		}
		asked := []outbox.Kind{outbox.Confirm, outbox.Welcome, outbox.PreferencesByMail, outbox.PreferencesByMail, outbox.PreferencesByMail}
		wantLetters(t, s, asked...)
		pending := signedUp(t, s, "noor@example.com")
		must(t, s.AskForPreferences(bg, pending.Address))
		wantLetters(t, s, append(asked, outbox.Confirm)...)
	})
}

func TestErasingForgetsWhatWasChosen(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		mara := reading(t, s, "mara@example.com")
		must(t, s.Prefer(bg, mara.ID, 0, chosen(c), button))
		must(t, s.EraseSubscriber(bg, mara.Address))
		left, err := s.Subscriber(bg, mara.ID)
		must(t, err)
		wantSame(t, subscriber.Preferences{Hour: subscriber.AnyHour}, left.Preferences())
		all, err := s.Consents(bg, mara.ID)
		must(t, err)
		for _, one := range all {
			if one.Evidence.Detail != "" {
				t.Errorf("evidence still says %q", one.Evidence.Detail)
			}
		}
	})
}

func wantSame(t *testing.T, want, got subscriber.Preferences) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })); diff != "" {
		t.Error(diff)
	}
}

// Stopped by an operator or left by mistake, and back again: the break still holds.
func TestABreakHoldsForWhoComesBack(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		for i, back := range []func(who subscriber.Subscriber){
			func(who subscriber.Subscriber) {
				must(t, s.Suppress(bg, who.Address, suppression.Manual, ""))
				must(t, s.Unsuppress(bg, who.Address))
			},
			func(who subscriber.Subscriber) {
				must(t, s.Leave(bg, who.ID, who.Key.Tag(linkLeave), button))
				gone, err := s.Subscriber(bg, who.ID)
				must(t, err)
				must(t, s.TakeBack(bg, who.ID, gone.Changed.UnixMilli(), button))
			},
		} {
			mara := reading(t, s, fmt.Sprintf("mara%d@example.com", i))
			want := chosen(c)
			must(t, s.Prefer(bg, mara.ID, 0, want, button))
			back(mara)
			got, err := s.Preferring(bg, mara.ID, 0)
			must(t, err)
			wantSame(t, want, got.Preferences())
			c.Advance(15 * 24 * time.Hour) // over by then
			back(mara)
			wantState(t, s, mara.ID, subscriber.Active)
		}
	})
}
