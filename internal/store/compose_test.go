package store_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/outbox"
	"github.com/collabpulse/weekly/internal/spotlight"
	"github.com/collabpulse/weekly/internal/store"
	"github.com/collabpulse/weekly/internal/store/storetest"
	"github.com/collabpulse/weekly/internal/story"
)

// tuesday is the slot of the day after a test's clock starts.
func tuesday() digest.Slot {
	return digest.Slot{Schedule: "weekly", Date: "2026-11-24", At: storetest.Start.Add(24 * time.Hour)}
}

func TestADraftTakesWhatIsNewAndTellsTheEditors(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		editing(t, s, "one@example.com")
		editing(t, s, "two@example.com")
		published(t, s, "Tools", 2)
		c.Advance(time.Minute)
		published(t, s, "Success", 1)
		_, err := s.SaveSpotlight(bg, feature("Atelier Nord"))
		must(t, err)

		d, created, err := s.ComposeDigest(bg, digest.Order{Slot: tuesday()})
		must(t, err)
		want := digest.Digest{
			ID: d.ID, State: digest.Draft, Slot: tuesday(), SendAt: tuesday().At, Composed: c.Now(), Salt: d.Salt, Version: 1,
			Window:  digest.Window{From: c.Now().Add(-digest.FirstWindow), To: c.Now()},
			Subject: "Success, and 1 more story", Preheader: "Tools", LineUp: d.LineUp,
		}
		if diff := cmp.Diff(want, d); diff != "" || !created {
			t.Fatalf("created %v (-want +got):\n%s", created, diff)
		}
		if d.Salt == (delivery.Salt{}) {
			t.Fatal("no salt was drawn")
		}
		if diff := cmp.Diff([]string{"Success", "Tools"}, lines(d)); diff != "" {
			t.Fatal(diff)
		}
		if f := d.LineUp.Features; len(f) != 1 || !f[0].Included || f[0].Spotlight.Headline != "Atelier Nord" {
			t.Fatalf("spotlights %+v", f)
		}
		if diff := cmp.Diff(d, digestOf(t, s, d.ID)); diff != "" {
			t.Fatal(diff)
		}
		letters := queuedLetters(t, s)
		if len(letters) != 2 || letters[0].Kind != outbox.Review || letters[1].Digest != d.ID || letters[1].Editor == 0 {
			t.Fatalf("letters %+v", letters)
		}
	})
}

func TestNothingNewIsSkippedAndSaysSo(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		editing(t, s, "one@example.com")
		c.Advance(tuesday().At.Sub(c.Now()))
		d, created, err := s.ComposeDigest(bg, digest.Order{Slot: tuesday()})
		must(t, err)
		if !created || d.State != digest.Skipped || d.Reason != digest.NothingNew || !d.SendAt.IsZero() {
			t.Fatalf("created %v: %+v", created, d)
		}
		wantLetters(t, s)
		published(t, s, "Too late", 1)
		again, created, err := s.ComposeDigest(bg, digest.Order{Slot: tuesday()})
		if err != nil || created || again.ID != d.ID || again.State != digest.Skipped {
			t.Fatalf("a slot that was skipped was composed again: %+v, %v", again, err)
		}
	})
}

func TestASlotToComeIsNotGivenUpForWantOfNews(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d, created, err := s.ComposeDigest(bg, digest.Order{Slot: tuesday()})
		if err != nil || created || d.ID != 0 || d.State != digest.Skipped {
			t.Fatalf("a slot to come without news: %+v, %v, %v", d, created, err)
		}
		published(t, s, "In time", 1)
		d, created, err = s.ComposeDigest(bg, digest.Order{Slot: tuesday()})
		if err != nil || !created || d.State != digest.Draft || !d.SendAt.Equal(tuesday().At) {
			t.Fatalf("after a story came in time: %+v, %v, %v", d, created, err)
		}
	})
}

func TestASlotHasOneDigestHoweverManyComposeIt(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		editing(t, s, "one@example.com")
		for i := range 12 {
			published(t, s, fmt.Sprintf("Story %d", i), 1)
		}
		var mu sync.Mutex
		made, seen := 0, map[int64]bool{}
		together(t, 8, func(int) error {
			d, created, err := s.ComposeDigest(bg, digest.Order{Slot: tuesday()})
			mu.Lock()
			defer mu.Unlock()
			if created {
				made++
			}
			seen[d.ID] = true
			return err
		})
		rows, err := s.Number(bg, "SELECT COUNT(*) FROM digests")
		must(t, err)
		if made != 1 || len(seen) != 1 || rows != 1 {
			t.Fatalf("%d created, %d seen, %d rows", made, len(seen), rows)
		}
		wantLetters(t, s, outbox.Review)
	})
}

func TestADigestAskedForByHandIsAlwaysMadeAnew(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		published(t, s, "One", 1)
		first, second := drafted(t, s), drafted(t, s)
		if first.ID == second.ID || !first.SendAt.IsZero() || !second.Slot.IsZero() {
			t.Fatalf("%+v\n%+v", first, second)
		}
	})
}

func TestADigestTakesWhatAppearedSinceTheLastOne(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		old := piece("old")
		old.Appeared = c.Now().Add(-digest.FirstWindow)
		_, err := s.AddStory(bg, old)
		must(t, err)
		published(t, s, "First", 1)
		first := approved(t, s, drafted(t, s))
		must(t, s.LaunchDigest(bg, first.ID, 0, ""))

		if d := drafted(t, s); d.State != digest.Skipped {
			t.Fatalf("the same stories make another digest: %q", lines(d))
		}
		c.Advance(time.Hour)
		published(t, s, "Second", 1)
		if diff := cmp.Diff([]string{"Second"}, lines(drafted(t, s))); diff != "" {
			t.Fatal(diff)
		}
		d, _, err := s.ComposeDigest(bg, digest.Order{Since: c.Now().Add(-2 * digest.FirstWindow)})
		must(t, err)
		if diff := cmp.Diff([]string{"Second", "How old came about"}, lines(d)); diff != "" {
			t.Fatalf("since asked for, without what was sent (-want +got):\n%s", diff)
		}
	})
}

func TestWhatADigestIsApprovedWithIsNotOfferedToAnother(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		published(t, s, "One", 1)
		_, err := s.SaveSpotlight(bg, feature("Atelier Nord"))
		must(t, err)
		first := drafted(t, s)
		if d := drafted(t, s); len(lines(d)) != 1 {
			t.Fatal("a draft alone speaks for nothing")
		}
		approved(t, s, first)
		if d := drafted(t, s); d.State != digest.Skipped {
			t.Fatalf("%q and %d spotlights are offered again", lines(d), len(d.LineUp.Features))
		}
		must(t, s.CancelDigest(bg, first.ID, "Not this week."))
		if d := drafted(t, s); len(lines(d)) != 1 || len(d.LineUp.Features) != 1 {
			t.Fatalf("what was cancelled is lost: %q", lines(d))
		}
	})
}

func TestHiddenStoriesAndSpotlightsAreInNoDigest(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		secret, open := published(t, s, "Secret", 1), published(t, s, "Open", 1)
		hidden, err := s.SaveSpotlight(bg, feature("Hidden"))
		must(t, err)
		must(t, s.HideSpotlight(bg, hidden, true))
		must(t, s.HideStory(bg, secret, true))
		d := drafted(t, s)
		if diff := cmp.Diff([]string{"Open"}, lines(d)); diff != "" || len(d.LineUp.Features) > 0 {
			t.Fatalf("spotlights %+v, %s", d.LineUp.Features, diff)
		}
		must(t, s.HideStory(bg, open, true))
		if d = digestOf(t, s, d.ID); len(lines(d)) != 0 || len(d.LineUp.Places) != 1 {
			t.Fatalf("a story hidden after the draft was made is still in it: %q", lines(d))
		}
	})
}

func TestADigestTakesSoManyOfATopicAndOffersMore(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		for _, one := range pieces(9) {
			_, err := s.AddStory(bg, one)
			must(t, err)
		}
		d, _, err := s.ComposeDigest(bg, digest.Order{Limits: digest.Limits{PerTopic: 2, Offered: 3}})
		must(t, err)
		if len(lines(d)) != 2 || len(d.LineUp.Places) != 5 {
			t.Fatalf("%d included of %d", len(lines(d)), len(d.LineUp.Places))
		}
		for i, p := range d.LineUp.Places {
			if p.Position != i+1 || p.Included != (i < 2) {
				t.Errorf("place %d: %+v", i, p)
			}
		}
	})
}

func TestTheOldestSpotlightOfEachPillarIsTaken(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		for _, p := range []spotlight.Pillar{spotlight.BoldWin, spotlight.Partnership} {
			for _, age := range []string{"older", "newer"} {
				c.Advance(time.Minute)
				one := feature(fmt.Sprintf("%s %s", age, p.Slug()))
				one.Pillar = p
				_, err := s.SaveSpotlight(bg, one)
				must(t, err)
			}
		}
		var headlines []string
		for _, f := range drafted(t, s).LineUp.Features {
			headlines = append(headlines, f.Spotlight.Headline)
		}
		if diff := cmp.Diff([]string{"older influencer-partnerships", "older bold-business-wins"}, headlines); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestTheTextsProposedFitTheirLimits(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		_, err := s.AddStory(bg, story.Story{Link: "https://atelier.example/long", Title: strings.Repeat("long ", 40), Topic: 1})
		must(t, err)
		d := drafted(t, s)
		texts := digest.Texts{Subject: d.Subject, Preheader: d.Preheader, Intro: d.Intro}
		if err := texts.Check(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestAStoryGatheredWhileADigestIsComposedIsInTheNext(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		looked := c.Now() // at the feed; the look is written after the digest was composed
		c.Advance(time.Minute)
		launched(t, s)
		slow := piece("slow")
		slow.Appeared = looked
		_, err := s.AddStory(bg, slow)
		must(t, err)
		older := piece("older")
		older.Appeared = c.Now().Add(-digest.Overlap)
		_, err = s.AddStory(bg, older)
		must(t, err)
		if diff := cmp.Diff([]string{"How slow came about"}, lines(drafted(t, s))); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestAStoryThatWasOfferedAndNotChosenDoesNotComeBackByItself(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		out := published(t, s, "Out", 1)
		published(t, s, "In", 1)
		first := drafted(t, s)
		must(t, s.IncludeStory(bg, first.ID, first.Version, out, false))
		first = approved(t, s, digestOf(t, s, first.ID))
		must(t, s.LaunchDigest(bg, first.ID, 0, ""))
		c.Advance(time.Minute)
		if d := drafted(t, s); d.State != digest.Skipped {
			t.Fatalf("offered again: %q", lines(d))
		}
		must(t, s.CancelDigest(bg, first.ID, "A mistake."))
		if d := drafted(t, s); len(d.LineUp.Places) != 2 {
			t.Fatalf("of a cancelled digest's stories %q are offered", lines(d))
		}
	})
}

func TestAFormThatIsSentTwiceMakesOneDigest(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		published(t, s, "News", 1)
		form := digest.ParseForm("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
		var made sync.Map
		var clicks sync.WaitGroup
		for range 4 {
			clicks.Go(func() {
				d, _, err := s.ComposeDigest(bg, digest.Order{Form: form})
				if err != nil {
					t.Error(err)
				}
				made.Store(d.ID, true)
			})
		}
		clicks.Wait()
		first, created, err := s.ComposeDigest(bg, digest.Order{Form: form})
		must(t, err)
		made.Range(func(id, _ any) bool {
			if id != first.ID || created {
				t.Errorf("digest %v was made beside %d", id, first.ID)
			}
			return true
		})
		if letters, err := s.Number(bg, "SELECT COUNT(*) FROM digests"); err != nil || letters != 1 {
			t.Errorf("%d digests were made: %v", letters, err)
		}
		for _, other := range []digest.Form{"", "", "ANOTHERFORM"} {
			d, created, err := s.ComposeDigest(bg, digest.Order{Form: other})
			if must(t, err); !created || d.ID == first.ID {
				t.Errorf("form %q made nothing of its own", other)
			}
		}
	})
}

func TestACorrectionThatIsAskedForTwiceIsMadeOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := sending(t, s, c, 2)
		d.record(d.handing(2), accepted)
		_, err := s.FinishDigest(bg, d.digest)
		must(t, err)
		one, err := s.CorrectDigest(bg, d.digest, digest.Received, "FORM")
		must(t, err)
		again, err := s.CorrectDigest(bg, d.digest, digest.Received, "FORM")
		must(t, err)
		other, err := s.CorrectDigest(bg, d.digest, digest.Received, "OTHER")
		must(t, err)
		if again.ID != one.ID || other.ID == one.ID {
			t.Errorf("corrections %d, %d and %d", one.ID, again.ID, other.ID)
		}
	})
}
