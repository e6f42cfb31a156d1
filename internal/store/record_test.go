package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/consent"
	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/outbox"
	"github.com/collabpulse/weekly/internal/store"
	"github.com/collabpulse/weekly/internal/store/storetest"
	"github.com/collabpulse/weekly/internal/subscriber"
)

var (
	noMailbox = delivery.Outcome{Verdict: delivery.RefusedForGood, Code: 550, Enhanced: "5.1.1"}
	refused   = delivery.Outcome{Verdict: delivery.RefusedForGood, Code: 554, Enhanced: "5.2.1"}
	banned    = delivery.Outcome{Verdict: delivery.RefusedForGood, Code: 550, Enhanced: "5.7.1", Stage: delivery.AtRcpt}
	deferred  = delivery.Outcome{Verdict: delivery.Deferred, Code: 451, Enhanced: "4.7.1"}
	inDoubt   = delivery.Outcome{Verdict: delivery.InDoubt}
	notTried  = delivery.Outcome{Verdict: delivery.NotTried}
	mute      = delivery.Outcome{Verdict: delivery.RefusedForGood}
)

func TestWhatTheRelayTookIsSentWithWhatItSaid(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := sending(t, s, c, 40)
		items := d.handing(30)
		results := []delivery.Result{}
		for i, item := range items {
			results = append(results, delivery.Result{Item: item, Relay: "mx", Outcome: delivery.Outcome{Code: 250, Enhanced: fmt.Sprintf("2.%d.0", i%3)}})
		}
		_, err := s.Turn(bg, d.scope, d.worker, results, nil)
		must(t, err)
		d.wantTally(delivery.Tally{Planned: 40, Queued: 10, Sent: 30})
		d.wantEntry(items[0].ID, entry{State: delivery.Sent, Attempt: 1, Code: 250})
		relays, err := s.Number(bg, "SELECT COUNT(*) FROM deliveries WHERE relay = 'mx' AND enhanced = '2.2.0'")
		must(t, err)
		if relays != 10 {
			t.Fatalf("%d have the third reply", relays)
		}
	})
}

// outcomeCases are what a relay answers to a first try and what the row becomes.
var outcomeCases = []struct {
	name string
	said delivery.Outcome
	want entry
	due  time.Duration // until it may be claimed again, 0 for at once, -1 for never
}{
	{"refused for good", refused, entry{State: delivery.Failed, Reason: delivery.Refused, Attempt: 1, Code: 554}, -1},
	{"refused for our sake", banned, entry{State: delivery.Queued, Attempt: 1, Tries: 1, Code: 550}, 72 * time.Second},
	{"not mailable", mute, entry{State: delivery.Failed, Reason: delivery.Broken, Attempt: 1}, -1},
	{"deferred", deferred, entry{State: delivery.Queued, Attempt: 1, Tries: 1, Code: 451}, 72 * time.Second},
	{"in doubt", inDoubt, entry{State: delivery.Queued, Attempt: 1, Doubts: 1}, time.Minute},
	{"not tried", notTried, entry{State: delivery.Queued, Attempt: 1}, 0},
}

func TestWhatTheRelayDidNotTakeIsSettledOrWaits(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		for _, one := range outcomeCases {
			c.Advance(time.Hour)
			for _, d := range []desk{sending(t, s, c, 1), withLetter(t, s, c)} {
				items := d.handing(1)
				d.record(items, one.said)
				d.wantEntry(items[0].ID, one.want)
				if one.due > 0 && len(d.claim(1)) != 0 {
					t.Fatalf("%s: it did not wait", one.name)
				}
				c.Advance(max(one.due, 0))
				again := d.claim(1)
				if (len(again) == 1) != (one.due >= 0) {
					t.Fatalf("%s: claimed %+v later", one.name, again)
				}
			}
		}
	})
}

// withLetter is a desk with one letter to an editor waiting.
func withLetter(t testing.TB, s *store.Store, c *storetest.Clock) desk {
	t.Helper()
	_, err := s.QueueLetter(bg, outbox.Letter{Kind: outbox.Review, To: mailbox(t, "editor@example.com")})
	must(t, err)
	return deskOf(t, s, c, delivery.Outbox)
}

func TestARowFailsAfterTooManyTemporaryRefusals(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := sending(t, s, c, 1)
		var last delivery.Item
		for try := 1; try <= delivery.MaxTries; try++ {
			last = d.handing(1)[0]
			d.record([]delivery.Item{last}, deferred)
			if want := (delivery.Tally{Planned: 1, Queued: 1, Deferred: 1}); try < delivery.MaxTries {
				d.wantTally(want)
			}
			c.Advance(5 * time.Hour)
		}
		d.wantEntry(last.ID, entry{State: delivery.Failed, Reason: delivery.Refused, Attempt: delivery.MaxTries, Tries: delivery.MaxTries, Code: 451})
	})
}

func TestADoubtIsResentOnceAndThenStays(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := sending(t, s, c, 1)
		d.record(d.handing(1), inDoubt)
		d.wantTally(delivery.Tally{Planned: 1, Queued: 1, Doubts: 1})
		c.Advance(time.Minute)
		again := d.handing(1)
		d.record(again, inDoubt)
		d.wantEntry(again[0].ID, entry{State: delivery.Unknown, Attempt: 2, Doubts: 2})
		d.wantTally(delivery.Tally{Planned: 1, Unknown: 1, Doubts: 1})
	})
}

func TestADoubtIsLeftAloneWhereThePolicySaysSo(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := sending(t, s, c, 1)
		must(t, s.SetDoubts(bg, d.digest, delivery.Leave))
		items := d.handing(1)
		d.record(items, inDoubt)
		d.wantEntry(items[0].ID, entry{State: delivery.Unknown, Attempt: 1, Doubts: 1})
	})
}

func TestALateAcceptanceSettlesADoubtOrWithdrawsItsResend(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := sending(t, s, c, 3)
		items := d.handing(3)
		d.record(items, inDoubt) // all three will be resent
		d.record(items[:1], accepted)
		d.wantEntry(items[0].ID, entry{State: delivery.Sent, Attempt: 1, Doubts: 1, Code: 250})

		c.Advance(time.Minute)
		again := d.handing(2)
		d.record(items[1:2], accepted) // of attempt 1, while attempt 2 is on the wire
		d.wantEntry(items[1].ID, entry{State: delivery.Handing, Attempt: 2, Worker: d.worker, Doubts: 1})
		d.record(again, inDoubt)
		d.record(again[:1], accepted)
		d.record(again[1:], refused)
		d.wantEntry(again[0].ID, entry{State: delivery.Sent, Attempt: 2, Doubts: 2, Code: 250})
		d.wantEntry(again[1].ID, entry{State: delivery.Unknown, Attempt: 2, Doubts: 2})
	})
}

func TestAResultChangesNothingThatHasMovedOn(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := sending(t, s, c, 1)
		first := d.handing(1)
		d.record(first, notTried)
		for _, said := range []delivery.Outcome{accepted, refused, noMailbox, deferred, inDoubt, notTried} {
			d.record(first, said)
			d.wantEntry(first[0].ID, entry{State: delivery.Queued, Attempt: 1})
		}
		second := d.handing(1)
		for _, said := range []delivery.Outcome{accepted, refused, noMailbox, deferred, inDoubt, notTried} {
			d.record(first, said)
			d.wantEntry(first[0].ID, entry{State: delivery.Handing, Attempt: 2, Worker: d.worker})
		}
		d.record(second, accepted)
		for _, said := range []delivery.Outcome{refused, noMailbox, deferred, inDoubt, notTried} {
			d.record(second, said)
			d.wantEntry(first[0].ID, entry{State: delivery.Sent, Attempt: 2, Code: 250})
		}
		wantState(t, s, first[0].ID, subscriber.Active)
	})
}

func TestAMailboxThatDoesNotExistIsSuppressedWithTheResult(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		who := signedUp(t, s, "gone@example.com")
		letters := deskOf(t, s, c, delivery.Outbox)
		letters.record(letters.handing(1), noMailbox)
		wantState(t, s, who.ID, subscriber.Pending) // one letter proves too little

		d := sending(t, s, c, 2)
		items := d.handing(2)
		d.record(items[:1], noMailbox)
		d.record(items[1:], refused)
		wantState(t, s, items[0].ID, subscriber.Suppressed)
		wantConsents(t, s, items[0].ID, consent.Imported, consent.Suppressed)
		wantState(t, s, items[1].ID, subscriber.Active)

		list, err := s.Suppressions(bg, 10)
		must(t, err)
		until := []time.Time{}
		for _, entry := range list {
			until = append(until, entry.Until)
		}
		half := c.Now().Add(180 * 24 * time.Hour)
		if diff := cmp.Diff([]time.Time{half}, until); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestSomebodyErasedOrGoneMeanwhileIsNotSuppressedAnew(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		left := reading(t, s, "left@example.com")
		d := sending(t, s, c, 1)
		items := d.handing(2)
		must(t, s.Leave(bg, left.ID, left.Key.Tag(linkLeave), button))
		erased := found(t, s, "reader0@example.com").ID
		must(t, s.EraseSubscriber(bg, mailbox(t, "reader0@example.com")))
		d.record(items, noMailbox)
		wantState(t, s, left.ID, subscriber.Unsubscribed)
		wantState(t, s, erased, subscriber.Erased)
		d.wantTally(delivery.Tally{Planned: 2, Failed: 2})
	})
}

func TestNothingWaitsInACancelledDigest(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := sending(t, s, c, 6)
		items := d.handing(5)
		must(t, s.CancelDigest(bg, d.digest, "A wrong picture."))
		d.record(items[:1], accepted)
		d.record(items[1:2], deferred)
		d.record(items[2:3], notTried)
		d.record(items[3:4], inDoubt)
		must(t, s.HandBack(bg, d.scope, d.worker, delivery.Return{Items: items[4:]}))
		d.wantTally(delivery.Tally{Planned: 6, Sent: 1, Skipped: 4, Unknown: 1, Doubts: 1})
		d.wantEntry(items[1].ID, entry{State: delivery.Skipped, Reason: delivery.Cancelled, Attempt: 1, Tries: 1, Code: 451})
	})
}
