package store_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/source"
	"github.com/collabpulse/weekly/internal/spotlight"
	"github.com/collabpulse/weekly/internal/store"
	"github.com/collabpulse/weekly/internal/store/storetest"
	"github.com/collabpulse/weekly/internal/story"
)

// visit records one good look at a feed and returns how much was new.
func visit(t testing.TB, s *store.Store, c *storetest.Clock, id int64, stories ...story.Story) int {
	t.Helper()
	added, err := s.RecordVisit(bg, id, source.Visit{At: c.Now(), Next: c.Now().Add(time.Hour)}, stories, nil, nil)
	must(t, err)
	return added
}

func TestAVisitKeepsWhatTheFeedSaid(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		one := feed(t, s, "atelier")
		c.Advance(time.Minute)
		look := func(v source.Visit) source.Source {
			t.Helper()
			v.At, v.Next = c.Now(), c.Now().Add(time.Hour)
			_, err := s.RecordVisit(bg, one.ID, v, nil, nil, nil)
			must(t, err)
			read, err := s.Source(bg, one.ID)
			must(t, err)
			return read
		}
		validators := source.Validators{ETag: `"1"`, LastModified: "Mon, 23 Nov 2026 08:00:00 GMT"}
		want := one
		want.Title, want.Validators = "Atelier", validators
		want.Due, want.Fetched, want.Succeeded = c.Now().Add(time.Hour), c.Now(), c.Now()
		if diff := cmp.Diff(want, look(source.Visit{Title: "Atelier", Validators: validators})); diff != "" {
			t.Fatalf("after a good visit:\n%s", diff)
		}
		if diff := cmp.Diff(want, look(source.Visit{Unchanged: true})); diff != "" {
			t.Fatalf("after an unchanged one:\n%s", diff)
		}
		c.Advance(time.Hour)
		want.Fetched, want.Due = c.Now(), c.Now().Add(time.Hour)
		want.Failures, want.Error = 1, "The server answered 500."
		if diff := cmp.Diff(want, look(source.Visit{Error: "The server answered 500."})); diff != "" {
			t.Fatalf("after a failure:\n%s", diff)
		}
		if got := look(source.Visit{Error: "x\x00" + strings.Repeat("y", 9999)}); got.Failures != 2 || len(got.Error) != 500 {
			t.Fatalf("after another: %d failures, an error of %d octets", got.Failures, len(got.Error))
		}
		want.Failures, want.Error, want.Succeeded, want.Validators = 0, "", c.Now(), source.Validators{}
		if diff := cmp.Diff(want, look(source.Visit{})); diff != "" {
			t.Fatalf("after a recovery without validators or title:\n%s", diff)
		}
	})
}

func TestAStoryIsGatheredOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		atelier, other := feed(t, s, "atelier"), feed(t, s, "other")
		a, b := piece("a"), piece("b")
		if n := visit(t, s, c, atelier.ID, a, b, a); n != 2 {
			t.Fatalf("%d stories were new, want 2", n)
		}
		moved := a
		moved.Link = "https://atelier.example/a-moved" // the feed's id stayed
		renamed := b
		renamed.GUID = "tag:b-anew" // the link stayed
		if n := visit(t, s, c, atelier.ID, moved, renamed); n != 0 {
			t.Fatalf("%d known stories were new", n)
		}
		if n := visit(t, s, c, other.ID, a, b); n != 0 {
			t.Fatalf("%d stories were new because another feed carries them", n)
		}
		sameID := piece("elsewhere")
		sameID.GUID = a.GUID
		if n := visit(t, s, c, other.ID, sameID); n != 1 {
			t.Fatal("a feed's own id was taken for another feed's")
		}
		first, second := piece("without id"), piece("also without")
		first.GUID, second.GUID = "", ""
		if n := visit(t, s, c, other.ID, first, second); n != 2 {
			t.Fatalf("%d stories without ids were new, want 2", n)
		}
	})
}

func TestAKnownStoryIsBroughtUpToDateByItsOwnFeed(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		atelier, other := feed(t, s, "atelier"), feed(t, s, "other")
		visit(t, s, c, atelier.ID, piece("a"))
		pool, err := s.Stories(bg, story.Pool{})
		must(t, err)
		want := pool[0]
		must(t, s.HideStory(bg, want.ID, true))
		must(t, s.SetStoryTopic(bg, want.ID, 3))
		news := piece("a")
		news.Title, news.Summary, news.Likes, news.Comments, news.Appeared = "Changed", "Better words.", 12, 3, c.Now().Add(time.Hour)
		visit(t, s, c, atelier.ID, news)
		theirs := piece("a")
		theirs.Summary, theirs.Likes = "Somebody else's words.", 99
		visit(t, s, c, other.ID, theirs)
		silent := news
		silent.Summary = ""
		visit(t, s, c, atelier.ID, silent)
		want.Summary, want.Likes, want.Comments, want.Hidden, want.Topic = "Better words.", 12, 3, true, 3
		got, err := s.Story(bg, want.ID)
		must(t, err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestAVisitIsKeptWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		one := feed(t, s, "atelier")
		bad := piece("bad")
		bad.Topic = 61
		_, err := s.RecordVisit(bg, one.ID, source.Visit{At: c.Now(), Title: "Atelier", Next: c.Now()}, []story.Story{piece("good"), bad}, nil, nil)
		wantKind(t, err, fault.Internal)
		read, err := s.Source(bg, one.ID)
		must(t, err)
		if read.Title != "" || read.Stories != 0 || !read.Fetched.IsZero() {
			t.Fatalf("half a visit was kept: %+v", read)
		}
	})
}

func TestTwoFeedsWithTheSameStoriesAtOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		feeds := []source.Source{feed(t, s, "one"), feed(t, s, "two"), feed(t, s, "three"), feed(t, s, "four")}
		together(t, 8, func(i int) error {
			_, err := s.RecordVisit(bg, feeds[i%4].ID, source.Visit{At: c.Now(), Next: c.Now()}, pieces(30), nil, nil)
			return err
		})
		pool, err := s.Stories(bg, story.Pool{Limit: 100})
		must(t, err)
		if len(pool) != 30 {
			t.Fatalf("%d stories in the pool, want 30", len(pool))
		}
	})
}

func TestSpotlightsAreGatheredOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		one := feed(t, s, "atelier")
		with, without, wordsOnly := feature("With an id"), feature("With a link"), feature("With words only")
		with.Link, wordsOnly.Link = "https://atelier.example/same", ""
		gather := func(want int) {
			t.Helper()
			added, err := s.RecordVisit(bg, one.ID, source.Visit{At: c.Now(), Next: c.Now()}, []story.Story{piece("a")},
				[]spotlight.Spotlight{with, without, wordsOnly}, []string{"tag:1", ""})
			must(t, err)
			if added != want {
				t.Fatalf("%d were new, want %d", added, want)
			}
		}
		gather(4)
		c.Advance(time.Hour)
		with.Headline = "Reworded"
		gather(0)
		all, err := s.Spotlights(bg, 0)
		must(t, err)
		if len(all) != 3 || all[2].Source != one.ID || all[2].Headline != "With an id" || !all[2].Created.Equal(storetest.Start) {
			t.Fatalf("spotlights: %+v", all)
		}
	})
}

func TestHostileFeedTextIsKeptAsText(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		one := feed(t, s, "atelier")
		nasty := piece("nasty")
		nasty.Title, nasty.Author, nasty.GUID = "a\x00b\xff'); --", "\xc3\x28", "\x00"
		visit(t, s, c, one.ID, nasty)
		if n := visit(t, s, c, one.ID, nasty); n != 0 {
			t.Fatal("it was gathered twice")
		}
		pool, err := s.Stories(bg, story.Pool{})
		must(t, err)
		if pool[0].Title != "ab\uFFFD'); --" || pool[0].Author != "\uFFFD(" || pool[0].GUID != "" {
			t.Fatalf("kept as %q by %q", pool[0].Title, pool[0].Author)
		}
	})
}
