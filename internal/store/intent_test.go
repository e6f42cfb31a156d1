package store_test

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/outbox"
	"github.com/collabpulse/weekly/internal/store"
	"github.com/collabpulse/weekly/internal/store/storetest"
	"github.com/collabpulse/weekly/internal/suppression"
)

func TestAnIntentSaysToWhomAndInWhichLanguage(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := sending(t, s, c, 20)
		items := d.claim(20)
		in := d.intend(items)
		if len(in.Go) != 20 || len(in.Skipped) != 0 {
			t.Fatalf("%d go and %d are skipped", len(in.Go), len(in.Skipped))
		}
		for i, r := range in.Go {
			who, err := s.Subscriber(bg, r.ID)
			must(t, err)
			want := delivery.Recipient{Item: items[i], Address: who.Address, Key: who.Key, Language: "en"}
			if diff := gocmp.Diff(want, r, gocmp.Comparer(sameAddress)); diff != "" {
				t.Fatal(diff)
			}
		}
		d.wantTally(delivery.Tally{Planned: 20, Handing: 20})
		if again := d.intend(items); len(again.Go) != 0 || len(again.Skipped) != 20 {
			t.Fatalf("%d go a second time", len(again.Go))
		}
	})
}

// Everybody whom something stopped after the claim is settled with the reason,
// and never handed over.
func TestAnIntentSkipsWhomSomethingStoppedAfterTheClaim(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		left := reading(t, s, "left@example.com")
		d := sending(t, s, c, 6)
		items := d.claim(10)

		must(t, s.Leave(bg, left.ID, left.Key.Tag(linkLeave), button))
		must(t, s.Suppress(bg, mailbox(t, "reader0@example.com"), suppression.Complaint, ""))
		must(t, s.Damage(bg, "UPDATE subscribers SET state = 2 WHERE address = 'reader1@example.com'"))
		must(t, s.Damage(bg, "UPDATE subscribers SET state = 1 WHERE address = 'reader0@example.com'"))
		must(t, s.Damage(bg, "UPDATE subscribers SET address = 'reader2' WHERE address = 'reader2@example.com'"))
		must(t, s.Damage(bg, "UPDATE subscribers SET state = 5 WHERE address = 'reader3@example.com'"))

		in := d.intend(items)
		if len(in.Go) != 2 || len(in.Skipped) != 5 {
			t.Fatalf("%d go and %d are skipped", len(in.Go), len(in.Skipped))
		}
		first := found(t, s, "reader0@example.com").ID
		for id, why := range map[int64]delivery.Reason{
			left.ID: delivery.Inactive, first: delivery.Suppressed, first + 1: delivery.Inactive,
			first + 2: delivery.Broken, first + 3: delivery.Erased,
		} {
			d.wantEntry(id, entry{State: delivery.Skipped, Reason: why, Attempt: 1})
		}
		d.wantTally(delivery.Tally{Planned: 7, Handing: 2, Skipped: 5})
	})
}

func TestAnIntentForgetsASuppressionThatTimeHasLifted(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := sending(t, s, c, 1)
		must(t, s.Suppress(bg, mailbox(t, "reader0@example.com"), suppression.NotMe, ""))
		must(t, s.Damage(bg, "UPDATE subscribers SET state = 1"))
		c.Advance(suppression.NotMe.HoldFor())
		d.handing(1)
	})
}

func TestAnIntentGivesBackTheRowsOfADigestThatIsNotSending(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := sending(t, s, c, 3)
		items := d.claim(3)
		must(t, s.PauseDigest(bg, d.digest, "Wait."))
		if in := d.intend(items); len(in.Go) != 0 || len(in.Skipped) != 3 {
			t.Fatalf("%d rows of a paused digest go", len(in.Go))
		}
		d.wantTally(delivery.Tally{Planned: 3, Queued: 3})
		must(t, s.ResumeDigest(bg, d.digest))
		items = d.claim(3)
		must(t, s.Damage(bg, "UPDATE digests SET state = 7"))
		if in := d.intend(items); len(in.Go) != 0 {
			t.Fatalf("%d rows of a cancelled digest go", len(in.Go))
		}
		d.wantEntry(items[0].ID, entry{State: delivery.Skipped, Reason: delivery.Cancelled, Attempt: 2})
	})
}

func TestAnIntentIsOnlyForWhatTheWorkerHoldsNow(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := sending(t, s, c, 2)
		items := d.claim(2)
		other := deskOf(t, s, c, d.scope)
		stale := slices.Clone(items)
		for i := range stale {
			stale[i].Attempt++
		}
		if in := other.intend(items); len(in.Go) != 0 {
			t.Fatal("a worker handed over what another had claimed")
		}
		if in := d.intend(stale); len(in.Go) != 0 {
			t.Fatal("an attempt that never was handed something over")
		}
		d.wantTally(delivery.Tally{Planned: 2, Claimed: 2})
	})
}

// letterCase is a letter to a reader, what happens before it is handed over, and
// what becomes of it.
type letterCase struct {
	name   string
	kind   outbox.Kind
	change string             // of the reader
	listed suppression.Reason // 0: not suppressed
	want   delivery.Reason    // none: it goes
}

var letterCases = []letterCase{
	{name: "a confirmation", kind: outbox.Confirm},
	{name: "a confirmation to somebody who has confirmed", kind: outbox.Confirm, change: "state = 1", want: delivery.Obsolete},
	{name: "a confirmation of a sign-up that was repeated", kind: outbox.Confirm, change: "asked_at = asked_at + 1", want: delivery.Obsolete},
	{name: "a confirmation to somebody erased", kind: outbox.Confirm, change: "state = 5", want: delivery.Erased},
	{name: "a confirmation to somebody who complained", kind: outbox.Confirm, listed: suppression.Complaint, want: delivery.Suppressed},
	{name: "a confirmation to somebody who had left before", kind: outbox.Confirm, listed: suppression.Unsubscribed},
	{name: "a welcome", kind: outbox.Welcome, change: "state = 1"},
	{name: "a welcome to somebody who left again", kind: outbox.Welcome, change: "state = 3", want: delivery.Obsolete},
	{name: "a reminder of being subscribed", kind: outbox.Already, change: "state = 2"},
	{name: "a reminder to somebody who left", kind: outbox.Already, change: "state = 3", want: delivery.Obsolete},
	{name: "a link to preferences", kind: outbox.PreferencesByMail, change: "state = 2"},
	{name: "a link to the preferences of somebody gone", kind: outbox.PreferencesByMail, change: "state = 3", want: delivery.Obsolete},
	{name: "a link to the preferences of somebody who has not confirmed", kind: outbox.PreferencesByMail, change: "state = 0", want: delivery.Obsolete},
	{name: "a leave link", kind: outbox.LeaveByMail},
	{name: "a leave link for somebody gone", kind: outbox.LeaveByMail, change: "state = 3", want: delivery.Obsolete},
	{name: "a letter to an editor who is on the list", kind: outbox.Review, listed: suppression.Manual},
}

func TestALetterGoesOnlyWhileItsCauseHolds(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := deskOf(t, s, c, delivery.Outbox)
		for i, one := range letterCases {
			who := signedUp(t, s, fmt.Sprintf("reader%d@example.com", i))
			must(t, s.Damage(bg, "DELETE FROM outbox"))
			_, err := s.QueueLetter(bg, outbox.Letter{Kind: one.kind, Subscriber: who.ID, Stamp: who.AskedAt.UnixMilli(), To: who.Address})
			must(t, err)
			items := d.claim(1)
			if one.listed != 0 {
				must(t, s.Suppress(bg, who.Address, one.listed, ""))
			}
			must(t, s.Damage(bg, "UPDATE subscribers SET "+cmp.Or(one.change, "state = 0")+" WHERE id = $1", who.ID))

			in, want := d.intend(items), entry{State: delivery.Handing, Attempt: 1, Worker: d.worker}
			if one.want != delivery.NoReason {
				want = entry{State: delivery.Skipped, Reason: one.want, Attempt: 1}
			}
			if got := d.entry(items[0].ID); got != want || (len(in.Go) == 1) != (one.want == delivery.NoReason) {
				t.Errorf("%s: %+v, want %+v", one.name, got, want)
			}
		}
	})
}

func TestALetterIsHandedOverWithItsAddress(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		who := signedUp(t, s, "mara@example.com")
		must(t, s.Damage(bg, "UPDATE subscribers SET language = 'de'"))
		_, err := s.QueueLetter(bg, outbox.Letter{Kind: outbox.Review, Editor: 1, To: mailbox(t, "editor@example.com")})
		must(t, err)
		d := deskOf(t, s, c, delivery.Outbox)
		items := d.claim(2)
		want := []delivery.Recipient{
			{Item: items[0], Address: who.Address, Language: "de"},
			{Item: items[1], Address: mailbox(t, "editor@example.com"), Language: "en"},
		}
		if diff := gocmp.Diff(want, d.intend(items).Go, gocmp.Comparer(sameAddress)); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestALetterThatIsSkippedOrSentKeepsNoAddress(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := deskOf(t, s, c, delivery.Outbox)
		signedUp(t, s, "left@example.com")
		signedUp(t, s, "reads@example.com")
		must(t, s.Damage(bg, "UPDATE subscribers SET state = 3 WHERE address = 'left@example.com'"))
		items := d.claim(2)
		in := d.intend(items)
		if len(in.Go) != 1 {
			t.Fatalf("%d letters go, want 1", len(in.Go))
		}
		d.record([]delivery.Item{in.Go[0].Item}, accepted)
		for _, item := range items {
			l, _, err := s.Letter(bg, item.ID)
			must(t, err)
			if !l.To.IsZero() {
				t.Errorf("letter %d still has its address", item.ID)
			}
		}
		d.wantEntry(in.Go[0].ID, entry{State: delivery.Sent, Attempt: 1, Code: 250})
		c.Advance(time.Hour)
		if again := d.claim(10); len(again) != 0 {
			t.Fatalf("%d settled letters were claimed", len(again))
		}
	})
}
