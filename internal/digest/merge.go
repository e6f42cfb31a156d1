package digest

import (
	"slices"

	"github.com/collabpulse/weekly/internal/topic"
)

// MostMerged is how many digests back a reader's last one may be for those in between
// to be merged into the next.
const MostMerged = 5

// With is the snapshot together with earlier ones that its reader missed, the newest
// first: their stories behind its own, topic by topic, and their spotlights, none of
// them twice. The texts, and the day, stay those of the snapshot.
func (s Snapshot) With(missed []Snapshot) Snapshot {
	sections, places := slices.Clone(s.Sections), map[topic.ID]int{}
	stories, portraits := map[int64]bool{}, map[int64]bool{}
	for i, section := range sections {
		places[section.Topic] = i
		for _, item := range section.Stories {
			stories[item.ID] = true
		}
	}
	s.Spotlights = slices.Clone(s.Spotlights)
	for _, p := range s.Spotlights {
		portraits[p.ID] = true
	}
	for _, m := range missed {
		for _, section := range m.Sections {
			items := fresh(section.Stories, stories, func(i Item) int64 { return i.ID })
			at, known := places[section.Topic]
			switch {
			case len(items) == 0:
			case known:
				sections[at].Stories = slices.Concat(sections[at].Stories, items)
			default:
				places[section.Topic] = len(sections)
				sections = append(sections, Section{Topic: section.Topic, Name: section.Name, Stories: items})
			}
		}
		s.Spotlights = append(s.Spotlights, fresh(m.Spotlights, portraits, func(p Portrait) int64 { return p.ID })...)
	}
	s.Sections = sections
	return s
}

// fresh are those that were not seen before, and now are.
func fresh[T any](all []T, seen map[int64]bool, id func(T) int64) (some []T) {
	for _, one := range all {
		if !seen[id(one)] {
			seen[id(one)] = true
			some = append(some, one)
		}
	}
	return some
}
