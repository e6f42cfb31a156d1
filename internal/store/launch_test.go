package store_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/outbox"
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
		together(t, 4, func(int) error { return s.LaunchDigest(bg, d.ID, 0, "") })
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
		wantKind(t, s.LaunchDigest(bg, d.ID, 0, ""), fault.Conflict)
		must(t, s.ScheduleDigest(bg, d.ID, d.Version, c.Now()))
		c.Advance(7 * time.Hour)
		heldLate(t, s)
		wantDigestState(t, s, d.ID, digest.Held)
		wantKind(t, s.LaunchDigest(bg, d.ID, 0, ""), fault.Conflict)
		must(t, s.CancelDigest(bg, d.ID, "Enough."))
		wantKind(t, s.LaunchDigest(bg, d.ID, 0, ""), fault.Conflict)
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
		wantKind(t, s.LaunchDigest(bg, d.ID, 0, ""), fault.Conflict)
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

func TestADigestLaunchesItselfInItsTimeAndNeverWhenHeld(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		refused := func(id int64, want digest.State) {
			t.Helper()
			before := digestOf(t, s, id)
			wantKind(t, s.LaunchDue(bg, id, "bundle"), fault.Conflict)
			if diff := cmp.Diff(before, digestOf(t, s, id)); diff != "" || before.State != want {
				t.Fatalf("a %s digest, want %s: %s", before.State, want, diff)
			}
		}
		scheduled := func(title string) int64 {
			t.Helper()
			published(t, s, title, 1)
			d := approved(t, s, drafted(t, s))
			refused(d.ID, digest.Approved) // without a time
			must(t, s.ScheduleDigest(bg, d.ID, d.Version, c.Now().Add(time.Hour)))
			refused(d.ID, digest.Approved) // too early
			return d.ID
		}
		late, punctual := scheduled("One"), scheduled("Two")
		c.Advance(time.Hour)
		must(t, s.LaunchDue(bg, punctual, "bundle"))
		must(t, s.LaunchDue(bg, punctual, "bundle"))
		c.Advance(digest.LateAfter + time.Millisecond)
		refused(late, digest.Approved) // the tick has not come to hold it yet
		heldLate(t, s)
		refused(late, digest.Held)
		must(t, s.LaunchDigest(bg, late, 0, "")) // a person may
	})
}

func TestSendingWhatSomebodyElseChangedIsRefused(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		published(t, s, "One", 1)
		seen := approved(t, s, drafted(t, s))
		must(t, s.ReviseDigest(bg, seen.ID, seen.Version, digest.Texts{Subject: "New"}))
		now := approved(t, s, digestOf(t, s, seen.ID))
		wantKind(t, s.LaunchDigest(bg, seen.ID, seen.Version, ""), fault.Conflict)
		wantDigestState(t, s, seen.ID, digest.Approved)
		must(t, s.LaunchDigest(bg, seen.ID, now.Version, ""))
	})
}

func TestADigestApprovedWithOtherTemplatesIsHeldAndNotSent(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		editing(t, s, "one@example.com")
		published(t, s, "One", 1)
		d, _, err := s.ComposeDigest(bg, digest.Order{Slot: tuesday()})
		must(t, err)
		approved(t, s, d)
		c.Advance(tuesday().At.Sub(c.Now()))
		wantKind(t, s.LaunchDue(bg, d.ID, "bundle of the upgrade"), fault.Conflict)
		held := digestOf(t, s, d.ID)
		if held.State != digest.Held || held.Hash != "" || held.Reason != "The mail templates changed since this digest was approved; look at it and approve it again." {
			t.Fatalf("%+v", held)
		}
		wantLetters(t, s, outbox.Review, outbox.Held)
		wantKind(t, s.LaunchDigest(bg, d.ID, 0, ""), fault.Conflict) // it is no longer approved
		d, err = s.ApproveDigest(bg, d.ID, held.Version, "mara", "bundle of the upgrade")
		must(t, err)
		must(t, s.LaunchDigest(bg, d.ID, d.Version, "bundle of the upgrade"))
	})
}

func TestCancellingFreesTheSpotlightsOfADigestThatReachedNobody(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		for name, reach := range map[string]func(d desk, rows []delivery.Item){
			"nobody": func(d desk, rows []delivery.Item) {
				must(t, s.HandBack(bg, d.scope, d.worker, delivery.Return{Items: rows}))
			},
			"a refusal": func(d desk, rows []delivery.Item) { d.record(rows, refused) },
			"the wire":  func(desk, []delivery.Item) {},
			"a reader":  func(d desk, rows []delivery.Item) { d.record(rows, accepted) },
			"a doubt":   func(d desk, rows []delivery.Item) { d.record(rows, inDoubt) },
			"uncertainty": func(d desk, rows []delivery.Item) {
				must(t, s.SetDoubts(bg, d.digest, delivery.Leave))
				d.record(rows, inDoubt)
			},
		} {
			reading(t, s, strings.ReplaceAll(name, " ", ".")+"@example.com")
			id, err := s.SaveSpotlight(bg, feature("Of "+name))
			must(t, err)
			d := deskOf(t, s, c, delivery.Scope{Digest: launched(t, s).ID})
			frozen(t, s, d.digest)
			reach(d, d.handing(1))
			must(t, s.CancelDigest(bg, d.digest, "A mistake."))
			sp, err := s.Spotlight(bg, id)
			must(t, err)
			if free := sp.Carried == 0; free != (name == "nobody" || name == "a refusal") {
				t.Errorf("it came as far as %s, and its spotlight is free: %v", name, free)
			}
			must(t, s.HideSpotlight(bg, id, true))
			c.Advance(time.Hour)
		}
	})
}
