package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/store"
	"github.com/collabpulse/weekly/internal/store/storetest"
)

func TestLaunchingTwiceIsLaunchingOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		reading(t, s, "mara@example.com")
		d := launched(t, s)
		at := c.Now()
		frozen(t, s, d.ID)
		c.Advance(time.Hour)
		together(t, 4, func(int) error { return s.LaunchDigest(bg, d.ID) })
		after := digestOf(t, s, d.ID)
		if after.State != digest.Sending || !after.Launched.Equal(at) || after.Frozen.IsZero() {
			t.Fatalf("%+v", after)
		}
		open, err := s.OpenDigests(bg)
		must(t, err)
		if diff := cmp.Diff([]int64{d.ID}, open); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestOnlyWhatIsApprovedIsLaunched(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		published(t, s, "One", 1)
		d := drafted(t, s)
		wantKind(t, s.LaunchDigest(bg, d.ID), fault.Conflict)
		must(t, s.ScheduleDigest(bg, d.ID, d.Version, c.Now().Add(-7*time.Hour)))
		heldLate(t, s)
		wantDigestState(t, s, d.ID, digest.Held)
		wantKind(t, s.LaunchDigest(bg, d.ID), fault.Conflict)
		must(t, s.CancelDigest(bg, d.ID, "Enough."))
		wantKind(t, s.LaunchDigest(bg, d.ID), fault.Conflict)
	})
}

func TestASnapshotThatIsNotWhatWasApprovedIsNotSent(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		published(t, s, "One", 1)
		d := approved(t, s, drafted(t, s))
		must(t, s.Damage(bg, "UPDATE digests SET snapshot = REPLACE(snapshot, 'One', 'Two')"))
		_, _, err := s.Snapshot(bg, d.ID)
		wantKind(t, err, fault.Conflict)
		wantKind(t, s.LaunchDigest(bg, d.ID), fault.Conflict)
		wantDigestState(t, s, d.ID, digest.Approved)
	})
}

func TestALaunchCarriesTheSpotlightsOfItsSnapshot(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		carried, err := s.SaveSpotlight(bg, feature("Carried"))
		must(t, err)
		waiting, err := s.SaveSpotlight(bg, feature("Waiting"))
		must(t, err)
		d := launched(t, s)
		for id, want := range map[int64]int64{carried: d.ID, waiting: 0} {
			sp, err := s.Spotlight(bg, id)
			must(t, err)
			if sp.Carried != want {
				t.Errorf("%s is carried by %d, want %d", sp.Headline, sp.Carried, want)
			}
		}
		if f := drafted(t, s).LineUp.Features; len(f) != 1 || f[0].Spotlight.ID != waiting {
			t.Fatalf("the next digest offers %+v", f)
		}
	})
}
