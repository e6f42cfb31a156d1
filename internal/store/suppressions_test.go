package store_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/consent"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/store"
	"github.com/collabpulse/weekly/internal/store/storetest"
	"github.com/collabpulse/weekly/internal/subscriber"
	"github.com/collabpulse/weekly/internal/suppression"
)

func TestSuppressingStopsAReaderAndIsListed(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		mara := reading(t, s, "mara@example.com")
		began := c.Now()
		must(t, s.Suppress(bg, mara.Address, suppression.HardBounce, "mailbox full of nothing"))
		c.Advance(time.Hour)
		must(t, s.Suppress(bg, mara.Address, suppression.HardBounce, "again"))
		must(t, s.Suppress(bg, mailbox(t, "stranger@example.com"), suppression.Manual, ""))
		wantState(t, s, mara.ID, subscriber.Suppressed)
		wantConsents(t, s, mara.ID, consent.Asked, consent.Confirmed, consent.Suppressed)
		all, err := s.Suppressions(bg, 10)
		must(t, err)
		want := []suppression.Suppression{
			{Address: storetest.Hasher().Hash(mailbox(t, "stranger@example.com")), Reason: suppression.Manual, Since: c.Now()},
			{
				Address: storetest.Hasher().Hash(mara.Address), Reason: suppression.HardBounce, Note: "again",
				Since: began, Until: c.Now().Add(suppression.HardBounce.HoldFor()),
			},
		}
		if diff := cmp.Diff(want, all); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestASuppressionThatHadRunOutBeginsAnew(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		must(t, s.Suppress(bg, mailbox(t, "mara@example.com"), suppression.NotMe, ""))
		c.Advance(suppression.NotMe.HoldFor() + time.Hour)
		must(t, s.Suppress(bg, mailbox(t, "mara@example.com"), suppression.NotMe, ""))
		all, err := s.Suppressions(bg, 10)
		must(t, err)
		if len(all) != 1 || !all[0].Since.Equal(c.Now()) {
			t.Fatalf("suppressions: %+v", all)
		}
	})
}

func TestAnOperatorLiftsWhatAnOperatorMay(t *testing.T) {
	t.Parallel()
	for _, reason := range []suppression.Reason{suppression.Manual, suppression.Complaint, suppression.HardBounce, suppression.NotMe} {
		t.Run(reason.String(), func(t *testing.T) {
			t.Parallel()
			storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
				mara := reading(t, s, "mara@example.com")
				must(t, s.Suppress(bg, mara.Address, reason, ""))
				must(t, s.Unsuppress(bg, mara.Address))
				wantState(t, s, mara.ID, subscriber.Active)
				wantKind(t, s.Unsuppress(bg, mara.Address), fault.NotFound)
			})
		})
	}
}

func TestLiftingPutsNobodyFurtherThanTheyAskedFor(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		pending := signedUp(t, s, "pending@example.com")
		left := reading(t, s, "left@example.com")
		must(t, s.Leave(bg, left.ID, left.Key.Tag(linkLeave), button))
		for _, one := range []subscriber.Subscriber{pending, left} {
			must(t, s.Suppress(bg, one.Address, suppression.Manual, ""))
			must(t, s.Unsuppress(bg, one.Address))
		}
		wantState(t, s, pending.ID, subscriber.Pending)
		wantState(t, s, left.ID, subscriber.Unsubscribed)
	})
}

func TestOnlyTheReaderUndoesLeavingAndErasure(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		mara := mailbox(t, "mara@example.com")
		must(t, s.Suppress(bg, mara, suppression.Erased, ""))
		wantKind(t, s.Unsuppress(bg, mara), fault.Conflict)
		pending := signedUp(t, s, "mara@example.com")
		must(t, s.Suppress(bg, mara, suppression.Complaint, ""))
		must(t, s.Unsuppress(bg, mara))
		wantState(t, s, pending.ID, subscriber.Unsubscribed)
		left, err := s.Suppressions(bg, 10)
		must(t, err)
		if len(left) != 1 || left[0].Reason != suppression.Erased {
			t.Fatalf("left: %+v", left)
		}
	})
}

func TestASuppressionNeedsAReasonAndAShortNote(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		mara := mailbox(t, "mara@example.com")
		wantKind(t, s.Suppress(bg, mara, suppression.Reason(99), ""), fault.Invalid)
		wantKind(t, s.Suppress(bg, mara, suppression.Manual, strings.Repeat("x", 201)), fault.Invalid)
		must(t, s.Suppress(bg, mara, suppression.Manual, strings.Repeat("é", 200)))
		wantKind(t, s.Unsuppress(bg, mailbox(t, "nobody@example.com")), fault.NotFound)
	})
}

func TestSuppressingAndConfirmingAtTheSameMomentEndsSuppressed(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		pending := signedUp(t, s, "mara@example.com")
		together(t, 2, func(i int) error {
			if i == 0 {
				return s.Suppress(bg, pending.Address, suppression.Manual, "")
			}
			_, err := s.Confirm(bg, pending.ID, pending.AskedAt.UnixMilli(), button)
			if fault.Is(err, fault.Gone) {
				return nil
			}
			return err
		})
		wantState(t, s, pending.ID, subscriber.Suppressed)
	})
}
