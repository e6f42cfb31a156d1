package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/outbox"
	"github.com/collabpulse/weekly/internal/store"
	"github.com/collabpulse/weekly/internal/store/storetest"
)

func TestApprovalFreezesWhatTheEditorSaw(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		st := published(t, s, "As it was", 1)
		_, err := s.SaveSpotlight(bg, feature("Atelier Nord"))
		must(t, err)
		draft := drafted(t, s)
		d := approved(t, s, draft)
		if d.State != digest.Approved || !d.Approved.Equal(c.Now()) || d.ApprovedBy != "mara" || d.Version != draft.Version+1 {
			t.Fatalf("%+v", d)
		}
		must(t, s.Damage(bg, "UPDATE stories SET title = 'Rewritten', likes = 9 WHERE id = $1", st))
		snapshot, hash, err := s.Snapshot(bg, d.ID)
		must(t, err)
		topics, err := s.Topics(bg)
		must(t, err)
		want, err := draft.Freeze(topics, c.Now(), "bundle")
		must(t, err)
		if diff := cmp.Diff(want, snapshot); diff != "" || hash != d.Hash || hash != digest.HashOf(want.Encode()) {
			t.Fatalf("hash %s of the digest %s (-want +got):\n%s", hash, d.Hash, diff)
		}
		_, err = s.ApproveDigest(bg, d.ID, d.Version, "ines", "bundle")
		wantKind(t, err, fault.Conflict)
	})
}

func TestTheMastheadShowsTheDayADigestIsToBeSent(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		published(t, s, "One", 1)
		d, _, err := s.ComposeDigest(bg, digest.Order{Slot: tuesday()})
		must(t, err)
		approved(t, s, d)
		snapshot, _, err := s.Snapshot(bg, d.ID)
		must(t, err)
		if !snapshot.Date.Equal(tuesday().At) {
			t.Fatalf("dated %v, want %v", snapshot.Date, tuesday().At)
		}
	})
}

func TestADigestThatNobodyCouldReadIsNotApproved(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		st := published(t, s, "One", 1)
		d := drafted(t, s)
		must(t, s.IncludeStory(bg, d.ID, 1, st, false))
		_, err := s.ApproveDigest(bg, d.ID, 2, "mara", "bundle")
		wantKind(t, err, fault.Invalid)
		must(t, s.IncludeStory(bg, d.ID, 2, st, true))
		must(t, s.HideStory(bg, st, true))
		_, err = s.ApproveDigest(bg, d.ID, 3, "mara", "bundle")
		wantKind(t, err, fault.Invalid)
		wantDigestState(t, s, d.ID, digest.Draft)
	})
}

func dueDigests(t testing.TB, s *store.Store) []int64 {
	t.Helper()
	ids, err := s.DueDigests(bg)
	must(t, err)
	return ids
}

func heldLate(t testing.TB, s *store.Store) []int64 {
	t.Helper()
	ids, err := s.HoldLate(bg)
	must(t, err)
	return ids
}

func TestAnApprovedDigestIsDueFromItsTimeForSixHours(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		published(t, s, "One", 1)
		published(t, s, "Two", 2)
		unscheduled := approved(t, s, drafted(t, s))
		must(t, s.IncludeStory(bg, unscheduled.ID, unscheduled.Version, unscheduled.LineUp.Places[0].Story.ID, false))
		draft, _, err := s.ComposeDigest(bg, digest.Order{Slot: tuesday()})
		must(t, err)
		wait := tuesday().At.Sub(c.Now())
		c.Advance(wait)
		if got := dueDigests(t, s); len(got) != 0 {
			t.Fatalf("due without approval: %v", got)
		}
		c.Advance(-time.Second)
		approved(t, s, draft)
		if got := dueDigests(t, s); len(got) != 0 {
			t.Fatalf("due too early: %v", got)
		}
		for _, after := range []time.Duration{time.Second, digest.LateAfter} {
			c.Advance(after)
			if diff := cmp.Diff([]int64{draft.ID}, dueDigests(t, s)); diff != "" {
				t.Fatalf("after %v: %s", after, diff)
			}
			if got := heldLate(t, s); got != nil {
				t.Fatalf("held in time: %v", got)
			}
		}
		c.Advance(time.Second)
		if got := dueDigests(t, s); len(got) != 0 {
			t.Fatalf("due too late: %v", got)
		}
		if diff := cmp.Diff([]int64{draft.ID}, heldLate(t, s)); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestALateDigestIsHeldOnceAndTheEditorsAreTold(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		editing(t, s, "one@example.com")
		published(t, s, "One", 1)
		d, _, err := s.ComposeDigest(bg, digest.Order{Slot: tuesday()})
		must(t, err)
		c.Advance(24*time.Hour + digest.LateAfter + time.Millisecond)
		together(t, 4, func(int) error { _, err := s.HoldLate(bg); return err })
		wantLetters(t, s, outbox.Review, outbox.Held)
		held := digestOf(t, s, d.ID)
		if held.State != digest.Held || held.Reason != "Nobody approved it by its time." {
			t.Fatalf("%s: %q", held.State, held.Reason)
		}
		// Approved now it has no time to be late for: an editor sends or schedules it.
		d = approved(t, s, held)
		if d.State != digest.Approved || !d.SendAt.IsZero() || d.Reason != "" {
			t.Fatalf("%+v", d)
		}
		if got := heldLate(t, s); got != nil || len(dueDigests(t, s)) != 0 {
			t.Fatalf("held again: %v", got)
		}
		must(t, s.LaunchDigest(bg, d.ID, 0, ""))
	})
}

func TestAHeldDigestMayBeScheduledAnewOrChanged(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		published(t, s, "One", 1)
		d, _, err := s.ComposeDigest(bg, digest.Order{Slot: tuesday()})
		must(t, err)
		approved(t, s, d)
		c.Advance(48 * time.Hour)
		heldLate(t, s)
		held := digestOf(t, s, d.ID)
		if held.State != digest.Held || held.Hash == "" || held.Reason == "" {
			t.Fatalf("%+v", held)
		}
		must(t, s.ScheduleDigest(bg, d.ID, held.Version, c.Now().Add(time.Hour)))
		wantDigestState(t, s, d.ID, digest.Draft) // two days later than the masthead says
		held = approved(t, s, digestOf(t, s, d.ID))
		c.Advance(time.Hour)
		if diff := cmp.Diff([]int64{d.ID}, dueDigests(t, s)); diff != "" {
			t.Fatal(diff)
		}
		c.Advance(24 * time.Hour)
		heldLate(t, s)
		must(t, s.ReviseDigest(bg, d.ID, held.Version, digest.Texts{Subject: "After all"}))
		if after := digestOf(t, s, d.ID); after.State != digest.Draft || !after.SendAt.IsZero() {
			t.Fatalf("%+v", after)
		}
	})
}

func TestAPageFromBeforeAnApprovalCannotVoidIt(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		published(t, s, "One", 1)
		seen := drafted(t, s)
		d := approved(t, s, seen)
		wantKind(t, s.ReviseDigest(bg, d.ID, seen.Version, digest.Texts{Subject: "New"}), fault.Conflict)
		wantDigestState(t, s, d.ID, digest.Approved)
		must(t, s.ReviseDigest(bg, d.ID, d.Version, digest.Texts{Subject: "New"}))
	})
}
