// Package topic is what a story is about and a reader can choose.
//
// A topic's id is a small number, from 1 to 62, because a reader's choice is
// kept as one bit set: deciding who gets a digest is then one AND per reader
// inside the database, at a million readers as at ten.
package topic

import (
	"math/bits"
	"strings"
	"unicode"

	"github.com/collabpulse/weekly/internal/fault"
)

// ID numbers a topic: 1 to MaxID.
type ID uint8

// MaxID is the highest id that fits a signed 64-bit set with room to spare.
const MaxID ID = 62

// Topic is one subject readers can choose.
type Topic struct {
	ID       ID
	Slug     string // in URLs, feeds and CSV files
	Name     string // as readers see it
	Blurb    string // one line saying what is in it
	Position int    // order on forms and in the digest
}

// Defaults are the four topics of the Collab Pulse community.
func Defaults() []Topic {
	return []Topic{
		{ID: 1, Slug: "success-stories", Name: "Success Stories & Lessons Learned", Blurb: "How collaborations came about, what worked and what did not.", Position: 1},
		{ID: 2, Slug: "tips-tools", Name: "Tips & Tools for Influencers", Blurb: "Craft, briefs, contracts and the kit that makes it easier.", Position: 2},
		{ID: 3, Slug: "industry-trends", Name: "Industry Trends & Insights", Blurb: "Where the creator economy is heading, with figures.", Position: 3},
		{ID: 4, Slug: "social-good", Name: "Philanthropy & Social Good", Blurb: "Partnerships that give something back.", Position: 4},
	}
}

// Set is a choice of topics, one bit per id.
type Set int64

// Of is the set of the given ids.
func Of(ids ...ID) Set {
	var s Set
	for _, id := range ids {
		s |= 1 << id
	}
	return s
}

// Has reports whether the topic is in the set.
func (s Set) Has(id ID) bool { return s&(1<<id) != 0 }

// Len is how many topics are in the set.
func (s Set) Len() int { return bits.OnesCount64(uint64(s)) }

// IDs lists the set in ascending order.
func (s Set) IDs() []ID {
	ids := make([]ID, 0, s.Len())
	for id := ID(1); id <= MaxID; id++ {
		if s.Has(id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// All is the set of every topic in the list.
func All(topics []Topic) Set {
	var s Set
	for _, t := range topics {
		s |= Of(t.ID)
	}
	return s
}

// Find is the topic with that slug or id among topics; a fault.Invalid on the
// field "topic" that lists the slugs when there is none.
func Find(topics []Topic, slug string) (Topic, error) {
	slugs := make([]string, len(topics))
	for i, t := range topics {
		if t.Slug == strings.ToLower(strings.TrimSpace(slug)) {
			return t, nil
		}
		slugs[i] = t.Slug
	}
	return Topic{}, fault.Field("topic", "There is no topic %q; choose one of %s.", clip(slug), strings.Join(slugs, ", "))
}

// ParseSet reads slugs separated by commas, semicolons, bars or white space. An
// empty text is every topic: a reader who names none wants the whole digest.
func ParseSet(topics []Topic, text string) (Set, error) {
	fields := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(",;|", r) || unicode.IsSpace(r) })
	return FromSlugs(topics, fields)
}

// FromSlugs is the set the slugs name; no slugs is every topic.
func FromSlugs(topics []Topic, slugs []string) (Set, error) {
	if len(slugs) == 0 {
		return All(topics), nil
	}
	var s Set
	for _, slug := range slugs {
		t, err := Find(topics, slug)
		if err != nil {
			return 0, err
		}
		s |= Of(t.ID)
	}
	return s, nil
}

func clip(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}
