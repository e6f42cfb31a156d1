package store_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/address"
	"github.com/collabpulse/weekly/internal/consent"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/outbox"
	"github.com/collabpulse/weekly/internal/store"
	"github.com/collabpulse/weekly/internal/store/storetest"
	"github.com/collabpulse/weekly/internal/subscriber"
	"github.com/collabpulse/weekly/internal/suppression"
	"github.com/collabpulse/weekly/internal/topic"
)

var (
	bg        = context.Background()
	atTheForm = subscriber.Evidence{Network: "192.0.2.7", UserAgent: "Firefox", Page: "form", Wording: consent.Wording}
	button    = subscriber.Evidence{Network: "192.0.2.8", UserAgent: "Safari", Page: "mail", Wording: "Confirm"}
)

// must ends the test on an error.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantKind ends the test unless the error is a fault of the kind.
func wantKind(t testing.TB, err error, kind fault.Kind) {
	t.Helper()
	if !fault.Is(err, kind) {
		t.Fatalf("got %v, want a fault of kind %q", err, kind)
	}
}

func mailbox(t testing.TB, text string) address.Address {
	t.Helper()
	a, err := address.Parse(text)
	must(t, err)
	return a
}

func request(t testing.TB, text string) subscriber.Request {
	return subscriber.Request{Address: mailbox(t, text), Topics: topic.Of(1, 2), Language: "en", Timezone: "Europe/Berlin", Evidence: atTheForm}
}

// found is the one subscriber with the address.
func found(t testing.TB, s *store.Store, text string) subscriber.Subscriber {
	t.Helper()
	all, err := s.Subscribers(bg, subscriber.Search{Text: text})
	must(t, err)
	if len(all) != 1 {
		t.Fatalf("%d subscribers found, want 1", len(all))
	}
	return all[0]
}

// signedUp is a pending subscriber.
func signedUp(t testing.TB, s *store.Store, text string) subscriber.Subscriber {
	t.Helper()
	must(t, s.SignUp(bg, request(t, text)))
	return found(t, s, text)
}

// reading is an active subscriber who came by the form.
func reading(t testing.TB, s *store.Store, text string) subscriber.Subscriber {
	t.Helper()
	pending := signedUp(t, s, text)
	active, err := s.Confirm(bg, pending.ID, pending.AskedAt.UnixMilli(), button)
	must(t, err)
	return active
}

// queuedLetters are all letters there are, in the order they were written.
func queuedLetters(t testing.TB, s *store.Store) []outbox.Letter {
	t.Helper()
	last, err := s.Number(bg, "SELECT COALESCE(MAX(id), 0) FROM outbox")
	must(t, err)
	var all []outbox.Letter
	for id := int64(1); id <= last; id++ {
		l, _, err := s.Letter(bg, id)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		must(t, err)
		all = append(all, l)
	}
	return all
}

func letterKinds(t testing.TB, s *store.Store) []outbox.Kind {
	t.Helper()
	kinds := []outbox.Kind{}
	for _, l := range queuedLetters(t, s) {
		kinds = append(kinds, l.Kind)
	}
	return kinds
}

func wantLetters(t testing.TB, s *store.Store, want ...outbox.Kind) {
	t.Helper()
	if diff := cmp.Diff(append([]outbox.Kind{}, want...), letterKinds(t, s)); diff != "" {
		t.Fatalf("letters (-want +got):\n%s", diff)
	}
}

func wantConsents(t testing.TB, s *store.Store, id int64, want ...consent.Kind) {
	t.Helper()
	all, err := s.Consents(bg, id)
	must(t, err)
	kinds := []consent.Kind{}
	for _, c := range all {
		kinds = append(kinds, c.Kind)
	}
	if diff := cmp.Diff(append([]consent.Kind{}, want...), kinds); diff != "" {
		t.Fatalf("consents (-want +got):\n%s", diff)
	}
}

func wantState(t testing.TB, s *store.Store, id int64, want subscriber.State) {
	t.Helper()
	one, err := s.Subscriber(bg, id)
	must(t, err)
	if one.State != want {
		t.Fatalf("the subscriber is %s, want %s", one.State, want)
	}
}

func TestSigningUpAsksForAConfirmationAndKeepsTheEvidence(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		pending := signedUp(t, s, "Mara@Example.com")
		want := subscriber.Subscriber{
			ID: pending.ID, Address: mailbox(t, "Mara@example.com"), State: subscriber.Pending, Topics: topic.Of(1, 2),
			Language: "en", Timezone: "Europe/Berlin", Hour: -1, Key: pending.Key,
			AskedAt: c.Now(), Created: c.Now(), Changed: c.Now(),
		}
		if diff := cmp.Diff(want, pending, cmp.Comparer(sameAddress)); diff != "" {
			t.Fatal(diff)
		}
		evidence, err := s.Consents(bg, pending.ID)
		must(t, err)
		asked := consent.Consent{
			ID: evidence[0].ID, Subscriber: pending.ID, Address: storetest.Hasher().Hash(pending.Address),
			Kind: consent.Asked, At: c.Now(), Evidence: atTheForm,
		}
		asked.Evidence.Detail = "topics=6 cadence=weekly language=en timezone=Europe/Berlin"
		if diff := cmp.Diff([]consent.Consent{asked}, evidence); diff != "" {
			t.Fatal(diff)
		}
		letter := queuedLetters(t, s)[0]
		wantLetter := outbox.Letter{
			ID: letter.ID, Kind: outbox.Confirm, Subscriber: pending.ID, Stamp: c.Now().UnixMilli(),
			To: pending.Address, Created: c.Now(), Expires: c.Now().Add(48 * time.Hour),
		}
		if diff := cmp.Diff(wantLetter, letter, cmp.Comparer(sameAddress)); diff != "" {
			t.Fatal(diff)
		}
	})
}

func sameAddress(a, b address.Address) bool { return a == b }

func TestConfirmingMakesAReaderAndWelcomesThemOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		pending := signedUp(t, s, "mara@example.com")
		c.Advance(time.Hour)
		active, err := s.Confirm(bg, pending.ID, pending.AskedAt.UnixMilli(), button)
		must(t, err)
		if active.State != subscriber.Active || !active.Changed.Equal(c.Now()) {
			t.Fatalf("confirmed: %s since %s", active.State, active.Changed)
		}
		again, err := s.Confirm(bg, pending.ID, pending.AskedAt.UnixMilli(), button)
		must(t, err)
		if diff := cmp.Diff(active, again, cmp.Comparer(sameAddress)); diff != "" {
			t.Fatal(diff)
		}
		wantLetters(t, s, outbox.Confirm, outbox.Welcome)
		wantConsents(t, s, pending.ID, consent.Asked, consent.Confirmed)
	})
}

func TestAConfirmationOfAnotherSignUpIsGone(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		first := signedUp(t, s, "mara@example.com")
		c.Advance(time.Minute)
		second := signedUp(t, s, "mara@example.com")
		confirm := func(id, stamp int64) error {
			_, err := s.Confirm(bg, id, stamp, button)
			return err
		}
		wantKind(t, confirm(first.ID, first.AskedAt.UnixMilli()), fault.Gone)
		wantKind(t, confirm(first.ID+100, second.AskedAt.UnixMilli()), fault.Gone)
		wantKind(t, confirm(first.ID, 0), fault.Gone)
		wantState(t, s, first.ID, subscriber.Pending)
		must(t, confirm(second.ID, second.AskedAt.UnixMilli()))
		must(t, s.Leave(bg, second.ID, second.Key.Tag(linkLeave), button))
		wantKind(t, confirm(second.ID, second.AskedAt.UnixMilli()), fault.Gone)
	})
}

func TestSigningUpAReaderChangesNothingAndTellsThemOnceADay(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		before := reading(t, s, "mara@example.com")
		other := request(t, "MARA@example.com")
		other.Topics, other.Language, other.Timezone = topic.Of(4), "de", "Asia/Tokyo"
		for range 3 {
			must(t, s.SignUp(bg, other))
		}
		if diff := cmp.Diff(before, found(t, s, "mara@example.com"), cmp.Comparer(sameAddress)); diff != "" {
			t.Fatal(diff)
		}
		wantLetters(t, s, outbox.Confirm, outbox.Welcome, outbox.Already)
		if to := queuedLetters(t, s)[2].To; to != before.Address {
			t.Fatal("the letter went to a stranger's spelling of the address")
		}
		c.Advance(25 * time.Hour)
		must(t, s.SignUp(bg, other))
		wantLetters(t, s, outbox.Confirm, outbox.Welcome, outbox.Already, outbox.Already)
		wantConsents(t, s, before.ID, consent.Asked, consent.Confirmed)
	})
}

func TestSomebodyWhoLeftMaySignUpAgainWithNewChoices(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		was := reading(t, s, "mara@example.com")
		must(t, s.Leave(bg, was.ID, was.Key.Tag(linkLeave), button))
		c.Advance(time.Hour)
		again := request(t, "Mara@example.com")
		again.Topics, again.Language = topic.Of(3), "de"
		must(t, s.SignUp(bg, again))
		now := found(t, s, "mara@example.com")
		if now.ID != was.ID || now.State != subscriber.Pending || now.Topics != topic.Of(3) || now.Language != "de" {
			t.Fatalf("signed up again: %+v", now)
		}
		if now.Key != was.Key {
			t.Fatal("the key changed, so leave links in old mails broke")
		}
		if now.Address.String() != "Mara@example.com" {
			t.Fatal("the confirmation went to one spelling and the mail would go to another")
		}
		wantConsents(t, s, was.ID, consent.Asked, consent.Confirmed, consent.Left, consent.Asked)
	})
}

func TestConfirmationsAreBoundedAndTheLastOneKeepsWorking(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		var third subscriber.Subscriber
		for i := range 6 {
			now := signedUp(t, s, "mara@example.com")
			if i == 2 {
				third = now
			}
			c.Advance(time.Minute)
		}
		wantLetters(t, s, outbox.Confirm, outbox.Confirm, outbox.Confirm)
		_, err := s.Confirm(bg, third.ID, third.AskedAt.UnixMilli(), button)
		must(t, err)
		other := signedUp(t, s, "ines@example.com")
		c.Advance(25 * time.Hour)
		if next := signedUp(t, s, "ines@example.com"); !next.AskedAt.After(other.AskedAt) {
			t.Fatal("the next day's sign-up was not taken")
		}
	})
}

func TestManySignUpsOfOneAddressAtOnceMakeOneSubscriber(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		together(t, 20, func(int) error { return s.SignUp(bg, request(t, "mara@example.com")) })
		pending := found(t, s, "mara@example.com")
		wantLetters(t, s, outbox.Confirm, outbox.Confirm, outbox.Confirm)
		together(t, 8, func(int) error {
			_, err := s.Confirm(bg, pending.ID, pending.AskedAt.UnixMilli(), button)
			return err
		})
		wantLetters(t, s, outbox.Confirm, outbox.Confirm, outbox.Confirm, outbox.Welcome)
		wantConsents(t, s, pending.ID, consent.Asked, consent.Asked, consent.Asked, consent.Confirmed)
	})
}

// together runs f n times at once and ends the test if one fails.
func together(t *testing.T, n int, f func(i int) error) {
	t.Helper()
	var group sync.WaitGroup
	errs := make([]error, n)
	for i := range n {
		group.Go(func() { errs[i] = f(i) })
	}
	group.Wait()
	for _, err := range errs {
		must(t, err)
	}
}

func TestManySignUpsOfDifferentAddressesAtOnceAreAllKept(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		together(t, 40, func(i int) error { return s.SignUp(bg, request(t, fmt.Sprintf("reader%d@example.com", i))) })
		counts, err := s.CountSubscribers(bg)
		must(t, err)
		if diff := cmp.Diff(map[subscriber.State]int{subscriber.Pending: 40}, counts); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestASuppressedAddressIsNotAskedUnlessOptingInLiftsIt(t *testing.T) {
	t.Parallel()
	for reason, asked := range map[suppression.Reason]bool{
		suppression.Unsubscribed: true, suppression.Erased: true, suppression.Complaint: false,
		suppression.HardBounce: false, suppression.NotMe: false, suppression.Manual: false,
	} {
		t.Run(reason.String(), func(t *testing.T) {
			t.Parallel()
			storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
				must(t, s.Suppress(bg, mailbox(t, "mara@example.com"), reason, ""))
				must(t, s.SignUp(bg, request(t, "mara@example.com")))
				all, err := s.Subscribers(bg, subscriber.Search{})
				must(t, err)
				if got := len(all) == 1; got != asked {
					t.Fatalf("there are %d subscribers", len(all))
				}
				if !asked {
					wantLetters(t, s)
					return
				}
				_, err = s.Confirm(bg, all[0].ID, all[0].AskedAt.UnixMilli(), button)
				must(t, err)
				if left, err := s.Suppressions(bg, 0); err != nil || len(left) != 0 {
					t.Fatalf("after opting in %d suppressions are left, %v", len(left), err)
				}
			})
		})
	}
}

func TestTimeLiftsABounce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		was := reading(t, s, "mara@example.com")
		must(t, s.Suppress(bg, was.Address, suppression.HardBounce, ""))
		must(t, s.SignUp(bg, request(t, "mara@example.com")))
		wantState(t, s, was.ID, subscriber.Suppressed)
		c.Advance(suppression.HardBounce.HoldFor() + time.Hour)
		reading(t, s, "mara@example.com")
		wantState(t, s, was.ID, subscriber.Active)
	})
}

func TestASuppressionBetweenAskingAndConfirmingHolds(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		pending := signedUp(t, s, "mara@example.com")
		must(t, s.Suppress(bg, pending.Address, suppression.Manual, ""))
		must(t, s.Damage(bg, "UPDATE subscribers SET state = 0"))
		_, err := s.Confirm(bg, pending.ID, pending.AskedAt.UnixMilli(), button)
		wantKind(t, err, fault.Gone)
	})
}

func TestSigningUpCostsTheSameWhateverIsKnown(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		reading(t, s, "active@example.com")
		must(t, s.Suppress(bg, mailbox(t, "spam@example.com"), suppression.Complaint, ""))
		for range 2 {
			for _, who := range []string{"active", "spam", "new"} {
				before, err := s.Number(bg, "SELECT COUNT(*) FROM outbox")
				must(t, err)
				must(t, s.SignUp(bg, request(t, who+"@example.com")))
				after, err := s.Number(bg, "SELECT COUNT(*) FROM outbox")
				must(t, err)
				if after != before+1 {
					t.Fatalf("signing up %s wrote %d outbox rows, want 1", who, after-before)
				}
			}
		}
		withheld, err := s.Number(bg, "SELECT COUNT(*) FROM outbox WHERE kind = 0 AND state = 5 AND address = '' AND domain_group = ''")
		must(t, err)
		if withheld != 3 {
			t.Fatalf("%d rows were withheld without an address, want 3", withheld)
		}
	})
}

func TestHostileEvidenceIsKeptWithinBounds(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		r := request(t, "mara@example.com")
		r.Evidence = subscriber.Evidence{
			Network: strings.Repeat("9", 500), UserAgent: "a\x00b\xff" + strings.Repeat("é", 500),
			Page: "x'); DROP TABLE consents; --", Wording: "\xc3\x28 yes",
		}
		must(t, s.SignUp(bg, r))
		kept, err := s.Consents(bg, found(t, s, "mara@example.com").ID)
		must(t, err)
		want := subscriber.Evidence{
			Network: strings.Repeat("9", 64), UserAgent: "ab\uFFFD" + strings.Repeat("é", 197),
			Page: "x'); DROP TABLE consents; --", Wording: "\uFFFD( yes",
			Detail: r.Preferences().Detail(),
		}
		if diff := cmp.Diff(want, kept[0].Evidence); diff != "" {
			t.Fatal(diff)
		}
	})
}
