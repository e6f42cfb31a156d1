package digest

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/spotlight"
	"github.com/collabpulse/weekly/internal/story"
	"github.com/collabpulse/weekly/internal/topic"
)

var day = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)

func about(id int64, t topic.ID, age time.Duration) story.Story {
	return story.Story{ID: id, Topic: t, Title: "Story", Published: day.Add(-age)}
}

// ids lists the stories of a line-up, a minus before those only offered.
func ids(l LineUp) []int64 {
	var list []int64
	for _, p := range l.Places {
		id := p.Story.ID
		if !p.Included {
			id = -id
		}
		list = append(list, id)
	}
	return list
}

func TestALineUpTakesTheNewestOfEachTopicInTheTopicsOrder(t *testing.T) {
	t.Parallel()
	topics := []topic.Topic{{ID: 2, Position: 2}, {ID: 7, Position: 1}, {ID: 3, Position: 3}}
	stories := []story.Story{
		about(1, 2, 5*time.Hour), about(2, 2, time.Hour), about(3, 2, 3*time.Hour), about(4, 2, 4*time.Hour), about(5, 2, 2*time.Hour),
		about(6, 7, 9*time.Hour), about(7, 7, 9*time.Hour),
		about(8, 9, time.Hour), // a topic that is none
		{ID: 9, Topic: 2, Published: day, Hidden: true},
	}
	got := LineUpFrom(topics, stories, nil, Limits{PerTopic: 2, Offered: 2})
	if d := cmp.Diff([]int64{7, 6, 2, 5, -3, -4}, ids(got)); d != "" {
		t.Error(d)
	}
	for i, p := range got.Places {
		if p.Position != i+1 {
			t.Errorf("place %d has position %d", i, p.Position)
		}
	}
	if included := got.Included(); len(included) != 4 || included[0].ID != 7 || included[3].ID != 5 {
		t.Errorf("included %v", included)
	}
}

func TestALineUpLeavesItsStoriesAsTheyCame(t *testing.T) {
	t.Parallel()
	stories := []story.Story{about(1, 1, time.Hour), about(2, 1, 0)}
	topics := topic.Defaults()
	slices.Reverse(topics)
	before := slices.Clone(topics)
	LineUpFrom(topics, stories, nil, DefaultLimits)
	if stories[0].ID != 1 || topics[0] != before[0] {
		t.Error("the caller's slices were reordered")
	}
}

func TestALineUpTakesTheSpotlightThatWaitedLongestInEachPillar(t *testing.T) {
	t.Parallel()
	waiting := func(id int64, p spotlight.Pillar, age time.Duration) spotlight.Spotlight {
		return spotlight.Spotlight{ID: id, Pillar: p, Created: day.Add(-age)}
	}
	carried, hidden := waiting(1, spotlight.Partnership, 99*time.Hour), waiting(2, spotlight.Partnership, 98*time.Hour)
	carried.Carried, hidden.Hidden = 5, true
	all := []spotlight.Spotlight{
		carried, hidden, waiting(4, spotlight.Partnership, time.Hour), waiting(3, spotlight.Partnership, time.Hour),
		waiting(5, spotlight.BoldWin, time.Hour), waiting(6, spotlight.BoldWin, 2*time.Hour),
	}
	var got []int64
	for _, f := range LineUpFrom(nil, nil, all, DefaultLimits).Features {
		if !f.Included {
			t.Errorf("spotlight %d is not included", f.Spotlight.ID)
		}
		got = append(got, f.Spotlight.ID)
	}
	if d := cmp.Diff([]int64{3, 6}, got); d != "" {
		t.Error(d)
	}
}

func TestALineUpIsEmptyWhenNothingInItIsIncluded(t *testing.T) {
	t.Parallel()
	place, feature := Place{Story: about(1, 1, 0)}, Feature{}
	for name, c := range map[string]struct {
		lineUp LineUp
		want   bool
	}{
		"nothing":            {LineUp{}, true},
		"only offers":        {LineUp{Places: []Place{place}, Features: []Feature{feature}}, true},
		"a story":            {LineUp{Places: []Place{place, {Included: true}}}, false},
		"a spotlight":        {LineUp{Features: []Feature{feature, {Included: true}}}, false},
		"composed from none": {LineUpFrom(topic.Defaults(), nil, nil, DefaultLimits), true},
	} {
		if got := c.lineUp.Empty(); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// titled is a line-up of stories with these titles.
func titled(titles ...string) LineUp {
	var l LineUp
	for _, title := range titles {
		l.Places = append(l.Places, Place{Story: story.Story{Title: title}, Included: true})
	}
	l.Places = append(l.Places, Place{Story: story.Story{Title: "only offered"}})
	return l
}

func TestTheSubjectNamesTheLeadStory(t *testing.T) {
	t.Parallel()
	for want, l := range map[string]LineUp{
		"This week's spotlights":                                titled(),
		"A quiet win":                                           titled("A quiet win"),
		"A quiet win, and 1 more story":                         titled("A quiet win", "b"),
		"A quiet win, and 3 more stories":                       titled("A quiet win", "b", "c", "d"),
		strings.Repeat("ä", 89) + "…, and 1 more story":         titled(strings.Repeat("ä", 200), "b"),
		strings.Repeat("word ", 17) + "word…, and 1 more story": titled(strings.Repeat("word ", 40), "b"),
	} {
		if got := DefaultSubject(l); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestThePreheaderNamesTheNextStories(t *testing.T) {
	t.Parallel()
	for want, l := range map[string]LineUp{
		"Stories about working together.": titled("a"),
		"b":                               titled("a", "b"),
		"b · c · d":                       titled("a", "b", "c", "d", "e"),
	} {
		if got := DefaultPreheader(l); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestProposedTextsKeepTheirOwnLimits(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("🎉", story.MaxTitle)
	for n := range 7 {
		l := titled(slices.Repeat([]string{long}, n)...)
		if err := (Texts{Subject: DefaultSubject(l), Preheader: DefaultPreheader(l)}).Check(); err != nil {
			t.Errorf("with %d stories: %v (%d characters)", n, err, utf8.RuneCountInString(DefaultSubject(l)))
		}
	}
}

func TestAFormsNameIsTakenAsItWasGivenOrNotAtAll(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Form{
		"ABCXYZ234567": "ABCXYZ234567", "": "", "abc": "", "A B": "", "A\x00": "", strings.Repeat("A", 65): "", "Ä": "",
	} {
		if got := ParseForm(text); got != want {
			t.Errorf("%q is %q", text, got)
		}
	}
}
