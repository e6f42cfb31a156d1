package store_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/store"
	"github.com/collabpulse/weekly/internal/store/storetest"
)

func wantTaken(t testing.TB, err error, want string) {
	t.Helper()
	if !fault.Is(err, fault.Conflict) || fault.Message(err) != want {
		t.Fatalf("%v, want a conflict: %s", err, want)
	}
}

func TestWhatIsInAnApprovedDigestIsNotApprovedInAnother(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		one := published(t, s, "One", 1)
		sp, err := s.SaveSpotlight(bg, feature("Atelier Nord"))
		must(t, err)
		first, second := drafted(t, s), drafted(t, s)
		published(t, s, "Two", 1)
		approved(t, s, first)
		again := func() error {
			_, err := s.ApproveDigest(bg, second.ID, digestOf(t, s, second.ID).Version, "mara", "bundle")
			return err
		}
		wantTaken(t, again(), "“One” is already in digest 1, which is approved; take it out of one of them.")
		must(t, s.IncludeStory(bg, second.ID, second.Version, one, false))
		wantTaken(t, again(), "“Atelier Nord” is already in digest 1, which is approved; take it out of one of them.")
		must(t, s.LaunchDigest(bg, first.ID, 0, ""))
		wantTaken(t, again(), "“Atelier Nord” is already in digest 1, which is sending; take it out of this one.")
		wantDigestState(t, s, second.ID, digest.Draft)
		must(t, s.IncludeSpotlight(bg, second.ID, second.Version+1, sp, false))
		must(t, s.IncludeStory(bg, second.ID, second.Version+2, 2, true))
		must(t, again())
	})
}

func TestOfTwoDigestsApprovedAtOnceWithTheSameStoryOneIs(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		published(t, s, "One", 1)
		drafts := []digest.Digest{drafted(t, s), drafted(t, s), drafted(t, s), drafted(t, s)}
		var done atomic.Int32
		together(t, len(drafts), func(i int) error {
			_, err := s.ApproveDigest(bg, drafts[i].ID, drafts[i].Version, "mara", "bundle")
			if fault.Is(err, fault.Conflict) {
				return nil
			}
			done.Add(1)
			return err
		})
		if done.Load() != 1 {
			t.Fatalf("%d were approved", done.Load())
		}
	})
}

// While a digest is held, what it includes may go out with another.
func TestAHeldDigestIsNotSentWithWhatWentOutMeanwhile(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		published(t, s, "One", 1)
		held := approved(t, s, drafted(t, s))
		must(t, s.ScheduleDigest(bg, held.ID, held.Version, c.Now()))
		c.Advance(digest.LateAfter + time.Minute)
		heldLate(t, s)
		must(t, s.LaunchDigest(bg, approved(t, s, drafted(t, s)).ID, 0, ""))
		const want = "“One” is already in digest 2, which is sending; take it out of this one."
		wantTaken(t, s.LaunchDigest(bg, held.ID, 0, ""), want)
		wantTaken(t, s.ScheduleDigest(bg, held.ID, held.Version+1, c.Now().Add(time.Hour)), want)
	})
}
