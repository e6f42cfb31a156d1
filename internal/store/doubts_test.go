package store_test

import (
	"testing"
	"time"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/store"
	"github.com/collabpulse/weekly/internal/store/storetest"
)

// leftInDoubt is a desk whose digest was sent to so many readers, all in doubt.
func leftInDoubt(t testing.TB, s *store.Store, c *storetest.Clock, readers int) desk {
	t.Helper()
	d := sending(t, s, c, readers)
	must(t, s.SetDoubts(bg, d.digest, delivery.Leave))
	d.record(d.handing(readers), inDoubt)
	d.finish(true)
	return d
}

func (d desk) wantUnsettled(want int) {
	d.t.Helper()
	if n, err := d.s.Unsettled(bg, d.digest); err != nil || n != want {
		d.t.Fatalf("%d copies may be sent once more, want %d (%v)", n, want, err)
	}
}

func TestCopiesInDoubtAreSentOnceMoreWhenAnEditorSaysSo(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := leftInDoubt(t, s, c, 3)
		d.wantUnsettled(3)
		c.Advance(72 * time.Hour) // long after: their patience begins anew
		if n, err := s.ResendUnknown(bg, d.digest); err != nil || n != 3 {
			t.Fatalf("%d are sent once more (%v)", n, err)
		}
		wantDigestState(t, s, d.digest, digest.Sending)
		if !digestOf(t, s, d.digest).Finished.IsZero() {
			t.Error("a digest that is being sent again is finished")
		}
		if n := expired(t, s); n != 0 {
			t.Fatalf("%d of them expired at once", n)
		}
		d.finish(false)
		items := d.handing(16)
		d.record(items[:2], accepted)
		d.record(items[2:], inDoubt)
		d.wantTally(delivery.Tally{Planned: 3, Sent: 2, Unknown: 1, Doubts: 3})
		d.finish(true)

		d.wantUnsettled(0)
		_, err := s.ResendUnknown(bg, d.digest)
		wantKind(t, err, fault.Conflict)
		wantDigestState(t, s, d.digest, digest.Sent)
	})
}

func TestWhoLeftIsNotSentTheirCopyInDoubt(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := leftInDoubt(t, s, c, 2)
		must(t, s.Damage(bg, "UPDATE subscribers SET state = 3 WHERE id = 1"))
		_, err := s.ResendUnknown(bg, d.digest)
		must(t, err)
		if in := d.intend(d.claim(16)); len(in.Go) != 1 || len(in.Skipped) != 1 {
			t.Fatalf("%d go and %d are skipped", len(in.Go), len(in.Skipped))
		}
	})
}

func TestTheSecondDoubtOfThePolicyIsSentOnceMoreToo(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := sending(t, s, c, 1)
		for range 2 {
			d.record(d.handing(1), inDoubt)
			c.Advance(time.Hour)
		}
		d.wantUnsettled(1) // the digest is still being sent
		_, err := s.ResendUnknown(bg, d.digest)
		must(t, err)
		wantDigestState(t, s, d.digest, digest.Sending)
		d.record(d.handing(1), inDoubt)
		d.wantUnsettled(0)
	})
}

func TestCopiesInDoubtCountAsSentWhenAnEditorSaysSo(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := leftInDoubt(t, s, c, 3)
		if n, err := s.AcceptUnknown(bg, d.digest); err != nil || n != 3 {
			t.Fatalf("%d accepted (%v)", n, err)
		}
		d.wantTally(delivery.Tally{Planned: 3, Sent: 3, Doubts: 3})
		wantDigestState(t, s, d.digest, digest.Sent)
		if n, err := s.AcceptUnknown(bg, d.digest); err != nil || n != 0 {
			t.Fatalf("%d accepted again (%v)", n, err)
		}
	})
}

func TestDoubtsAreSettledOnlyWhereThereAreSome(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		published(t, s, "One", 1)
		draft := drafted(t, s)
		_, err := s.ResendUnknown(bg, draft.ID)
		wantKind(t, err, fault.Conflict)
		_, err = s.AcceptUnknown(bg, draft.ID)
		wantKind(t, err, fault.Conflict)
		_, err = s.AcceptUnknown(bg, 7)
		wantKind(t, err, fault.NotFound)
		wantKind(t, s.SetDoubts(bg, draft.ID, 9), fault.Invalid)

		d := sending(t, s, c, 2)
		_, err = s.ResendUnknown(bg, d.digest)
		wantKind(t, err, fault.Conflict)
		must(t, s.SetDoubts(bg, d.digest, delivery.Leave))
		d.record(d.handing(1), inDoubt)
		must(t, s.PauseDigest(bg, d.digest, "Wait."))
		_, err = s.ResendUnknown(bg, d.digest)
		wantKind(t, err, fault.Conflict)
		must(t, s.CancelDigest(bg, d.digest, "Enough."))
		_, err = s.ResendUnknown(bg, d.digest)
		wantKind(t, err, fault.Conflict)
		n, err := s.AcceptUnknown(bg, d.digest)
		if err != nil || n != 1 {
			t.Fatalf("%d of a cancelled digest accepted (%v)", n, err)
		}
	})
}
