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

func digestOf(t testing.TB, s *store.Store, id int64) digest.Digest {
	t.Helper()
	d, err := s.Digest(bg, id)
	must(t, err)
	return d
}

func wantDigestState(t testing.TB, s *store.Store, id int64, want digest.State) {
	t.Helper()
	if d := digestOf(t, s, id); d.State != want {
		t.Fatalf("the digest is %s (%s), want %s", d.State, d.Reason, want)
	}
}

// lines are the included stories in order, by title, each topic's in its section.
func lines(d digest.Digest) []string {
	names := []string{}
	for _, st := range d.LineUp.Included() {
		names = append(names, st.Title)
	}
	return names
}

func TestADigestNobodyKnowsIsNotFound(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		_, err := s.Digest(bg, 7)
		wantKind(t, err, fault.NotFound)
		_, err = s.LatestDigest(bg)
		wantKind(t, err, fault.NotFound)
		_, _, err = s.Snapshot(bg, 7)
		wantKind(t, err, fault.NotFound)
		_, err = s.Tally(bg, 7)
		wantKind(t, err, fault.NotFound)
		_, err = s.FreezeDigest(bg, 7)
		wantKind(t, err, fault.NotFound)
		_, err = s.FinishDigest(bg, 7)
		wantKind(t, err, fault.NotFound)
		_, err = s.ApproveDigest(bg, 7, 1, "mara", "bundle")
		wantKind(t, err, fault.NotFound)
		wantKind(t, s.ReviseDigest(bg, 7, 1, digest.Texts{Subject: "New"}), fault.NotFound)
		wantKind(t, s.LaunchDigest(bg, 7, 0, ""), fault.NotFound)
		wantKind(t, s.PauseDigest(bg, 7, ""), fault.NotFound)
		wantKind(t, s.ResumeDigest(bg, 7), fault.NotFound)
		wantKind(t, s.CancelDigest(bg, 7, ""), fault.NotFound)
		wantKind(t, s.SetDoubts(bg, 7, 0), fault.NotFound)
	})
}

func TestDigestsAreListedTheNewestFirst(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		published(t, s, "One", 1)
		first, second := drafted(t, s), drafted(t, s)
		all, err := s.Digests(bg, 10)
		must(t, err)
		first.LineUp, second.LineUp = digest.LineUp{}, digest.LineUp{}
		if diff := cmp.Diff([]digest.Digest{second, first}, all); diff != "" {
			t.Fatal(diff)
		}
		if all, err = s.Digests(bg, 1); err != nil || len(all) != 1 {
			t.Fatalf("%d digests, %v", len(all), err)
		}
	})
}

func TestTheLatestDigestIsTheOneLaunchedLastAndNotCancelled(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		first := launched(t, s)
		c.Advance(time.Hour)
		second := launched(t, s)
		drafted(t, s)
		for _, want := range []int64{second.ID, first.ID} {
			latest, err := s.LatestDigest(bg)
			must(t, err)
			if latest.ID != want || len(latest.LineUp.Places) == 0 {
				t.Fatalf("the latest is %d, want %d", latest.ID, want)
			}
			if want == second.ID {
				must(t, s.CancelDigest(bg, second.ID, "A mistake."))
			}
		}
	})
}

func TestADigestWithADamagedSaltIsNotSentUnderAnother(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		published(t, s, "One", 1)
		d := drafted(t, s)
		must(t, s.Damage(bg, "UPDATE digests SET salt = ''"))
		_, err := s.Digest(bg, d.ID)
		wantKind(t, err, fault.Internal)
	})
}
