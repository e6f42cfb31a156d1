package store_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/source"
	"github.com/collabpulse/weekly/internal/store"
	"github.com/collabpulse/weekly/internal/store/storetest"
	"github.com/collabpulse/weekly/internal/story"
	"github.com/collabpulse/weekly/internal/topic"
)

func titles(t testing.TB, s *store.Store, p story.Pool) []string {
	t.Helper()
	all, err := s.Stories(bg, p)
	must(t, err)
	names := []string{}
	for _, one := range all {
		names = append(names, strings.TrimPrefix(one.Link, "https://atelier.example/"))
	}
	return names
}

func TestAStoryAddedByHandStandsInThePool(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		mine := story.Story{Link: "https://atelier.example/a", Title: "By hand", Summary: "Words", Topic: 2, Author: "Ines", Picture: "https://atelier.example/a.png", Language: "de", Likes: 2, Comments: 1}
		id, err := s.AddStory(bg, mine)
		must(t, err)
		want := mine
		want.ID, want.Published, want.Appeared, want.Gathered = id, c.Now(), c.Now(), c.Now()
		got, err := s.Story(bg, id)
		must(t, err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
		dated := piece("dated")
		id, err = s.AddStory(bg, dated)
		must(t, err)
		if got, err := s.Story(bg, id); err != nil || !got.Published.Equal(dated.Published) || !got.Appeared.Equal(dated.Appeared) {
			t.Fatalf("its dates were not kept: %+v, %v", got, err)
		}
		_, err = s.AddStory(bg, mine)
		wantKind(t, err, fault.Conflict)
		mine.Link, mine.Topic = "https://atelier.example/other", 61
		_, err = s.AddStory(bg, mine)
		wantKind(t, err, fault.Invalid)
	})
}

func TestThePoolIsSearchedFilteredAndPaged(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		one := feed(t, s, "atelier")
		_, err := s.RecordVisit(bg, one.ID, source.Visit{At: c.Now(), Title: "Atelier", Next: c.Now()}, pieces(4), nil, nil)
		must(t, err)
		special := piece("100%_done")
		special.Title, special.Author, special.Topic, special.GUID = `A \ in "100%"`, "Élise", 2, "other"
		_, err = s.AddStory(bg, special)
		must(t, err)
		all, err := s.Stories(bg, story.Pool{})
		must(t, err)
		if all[4].SourceTag != "Atelier" || all[4].Source != one.ID {
			t.Fatalf("the story's source is %d %q", all[4].Source, all[4].SourceTag)
		}
		for name, test := range map[string]struct {
			pool story.Pool
			want []string
		}{
			"all, newest first":   {story.Pool{}, []string{"100%_done", "story-00", "story-01", "story-02", "story-03"}},
			"a topic":             {story.Pool{Topic: 2}, []string{"100%_done"}},
			"an empty topic":      {story.Pool{Topic: 4}, []string{}},
			"a title":             {story.Pool{Search: "STORY-01 came"}, []string{"story-01"}},
			"an author":           {story.Pool{Search: "mara"}, []string{"story-00", "story-01", "story-02", "story-03"}},
			"a link":              {story.Pool{Search: "example/story-03"}, []string{"story-03"}},
			"in a topic":          {story.Pool{Search: "example", Topic: 2}, []string{"100%_done"}},
			"a percent sign":      {story.Pool{Search: "%"}, []string{"100%_done"}},
			"an underscore":       {story.Pool{Search: "_"}, []string{"100%_done"}},
			"a backslash":         {story.Pool{Search: `\`}, []string{"100%_done"}},
			"quotes":              {story.Pool{Search: `' OR 1=1 --"`}, []string{}},
			"a very long text":    {story.Pool{Search: strings.Repeat("é", 100_000)}, []string{}},
			"a page":              {story.Pool{Limit: 2}, []string{"100%_done", "story-00"}},
			"the next page":       {story.Pool{Limit: 2, Before: all[1].ID}, []string{"story-01", "story-02"}},
			"the last page":       {story.Pool{Limit: 2, Before: all[3].ID}, []string{"story-03"}},
			"beyond the last one": {story.Pool{Limit: 2, Before: all[4].ID}, []string{}},
			"a page of a search":  {story.Pool{Search: "mara", Limit: 1, Before: all[1].ID}, []string{"story-01"}},
		} {
			if diff := cmp.Diff(test.want, titles(t, s, test.pool)); diff != "" {
				t.Errorf("%s:\n%s", name, diff)
			}
		}
	})
}

func TestAnEditorHidesAStoryAndMovesItToAnotherTopic(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		c.Advance(time.Hour)
		id, err := s.AddStory(bg, piece("a"))
		must(t, err)
		must(t, s.HideStory(bg, id, true))
		must(t, s.SetStoryTopic(bg, id, 4))
		if got, err := s.Story(bg, id); err != nil || !got.Hidden || got.Topic != 4 {
			t.Fatalf("hidden %v in topic %d, %v", got.Hidden, got.Topic, err)
		}
		must(t, s.HideStory(bg, id, false))
		if got, err := s.Story(bg, id); err != nil || got.Hidden {
			t.Fatalf("still hidden: %v", err)
		}
		wantKind(t, s.SetStoryTopic(bg, id, topic.MaxID), fault.Invalid)
		wantKind(t, s.SetStoryTopic(bg, id+1, 1), fault.NotFound)
		wantKind(t, s.HideStory(bg, id+1, true), fault.NotFound)
		_, err = s.Story(bg, id+1)
		wantKind(t, err, fault.NotFound)
	})
}
