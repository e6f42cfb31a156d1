package digest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/collabpulse/weekly/internal/spotlight"
	"github.com/collabpulse/weekly/internal/story"
	"github.com/collabpulse/weekly/internal/topic"
)

// Limits bound a line-up.
type Limits struct {
	PerTopic int // stories included per topic
	Offered  int // further stories per topic an editor is offered
}

// DefaultLimits keep the HTML part well under the 102 KB at which Gmail clips.
var DefaultLimits = Limits{PerTopic: 5, Offered: 15}

// NothingNew is the reason of a digest without a single new story or spotlight.
const NothingNew = "Nothing new was published since the last digest."

// LineUpFrom composes a line-up: per topic, in the topics' order, the newest
// stories first, so many included and some more offered; then the oldest
// spotlight waiting in each pillar. Hidden stories and spotlights are left out.
func LineUpFrom(topics []topic.Topic, stories []story.Story, spotlights []spotlight.Spotlight, limits Limits) LineUp {
	var l LineUp
	for _, t := range inOrder(topics) {
		section := section(t.ID, stories)
		section = section[:min(len(section), limits.PerTopic+limits.Offered)]
		for i, s := range section {
			l.Places = append(l.Places, Place{Story: s, Position: len(l.Places) + 1, Included: i < limits.PerTopic})
		}
	}
	for _, p := range spotlight.Pillars() {
		if s, ok := oldest(p, spotlights); ok {
			l.Features = append(l.Features, Feature{Spotlight: s, Included: true})
		}
	}
	return l
}

func inOrder(topics []topic.Topic) []topic.Topic {
	return slices.SortedFunc(slices.Values(topics), func(a, b topic.Topic) int { return cmp.Compare(a.Position, b.Position) })
}

func section(id topic.ID, stories []story.Story) []story.Story {
	var in []story.Story
	for _, s := range stories {
		if s.Topic == id && !s.Hidden {
			in = append(in, s)
		}
	}
	slices.SortStableFunc(in, func(a, b story.Story) int {
		return cmp.Or(b.Published.Compare(a.Published), cmp.Compare(b.ID, a.ID))
	})
	return in
}

func oldest(p spotlight.Pillar, all []spotlight.Spotlight) (spotlight.Spotlight, bool) {
	var best spotlight.Spotlight
	found := false
	for _, s := range all {
		if s.Pillar != p || s.Hidden || s.Carried != 0 {
			continue
		}
		if !found || s.Created.Before(best.Created) || s.Created.Equal(best.Created) && s.ID < best.ID {
			best, found = s, true
		}
	}
	return best, found
}

// Limits of an editor's texts, in characters.
const (
	MaxSubject   = 150
	MaxPreheader = 200
	MaxIntro     = 2000
)

// DefaultSubject proposes a subject from the lead story, within MaxSubject.
func DefaultSubject(l LineUp) string { return proposeSubject(titles(l.Included())) }

// DefaultPreheader proposes the line that mailboxes show behind the subject.
func DefaultPreheader(l LineUp) string { return proposePreheader(titles(l.Included())) }

func titles(stories []story.Story) []string {
	all := make([]string, len(stories))
	for i, s := range stories {
		all[i] = s.Title
	}
	return all
}

func proposeSubject(titles []string) string {
	switch len(titles) {
	case 0:
		return "This week's spotlights"
	case 1:
		return clip(titles[0], MaxSubject)
	}
	more := "1 more story"
	if n := len(titles) - 1; n > 1 {
		more = fmt.Sprintf("%d more stories", n)
	}
	return clip(titles[0], 90) + ", and " + more
}

func proposePreheader(titles []string) string {
	var next []string
	for i, title := range titles {
		if i > 0 && i < 4 {
			next = append(next, clip(title, 60))
		}
	}
	if len(next) == 0 {
		return "Stories about working together."
	}
	return strings.Join(next, " · ")
}

func clip(text string, limit int) string {
	r := []rune(text)
	if len(r) <= limit {
		return text
	}
	cut := strings.TrimRight(string(r[:limit-1]), " ,.;:–-")
	return cut + "…"
}
