// Package spotlight is a feature on somebody in the community, in one of three
// pillars. A digest carries at most one of each; one that has been carried is
// not offered again.
package spotlight

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/collabpulse/weekly/internal/fault"
)

// Pillar is the kind of achievement a spotlight is about. The numbers are stored.
type Pillar uint8

// The pillars.
const (
	Partnership  Pillar = 1
	Storytelling Pillar = 2
	BoldWin      Pillar = 3
)

// Pillars lists them in the digest's order.
func Pillars() []Pillar { return []Pillar{Partnership, Storytelling, BoldWin} }

// Slug is the pillar's word in forms, feeds and commands.
func (p Pillar) Slug() string {
	switch p {
	case Partnership:
		return "influencer-partnerships"
	case Storytelling:
		return "brand-storytelling-rituals"
	case BoldWin:
		return "bold-business-wins"
	default:
		return ""
	}
}

// Name is the pillar as readers see it.
func (p Pillar) Name() string {
	switch p {
	case Partnership:
		return "Influencer partnerships"
	case Storytelling:
		return "Brand storytelling rituals"
	case BoldWin:
		return "Bold business wins"
	default:
		return ""
	}
}

// ParsePillar reads a slug; a fault.Invalid on the field "pillar" otherwise.
func ParsePillar(slug string) (Pillar, error) {
	for _, p := range Pillars() {
		if p.Slug() == strings.ToLower(strings.TrimSpace(slug)) {
			return p, nil
		}
	}
	return 0, fault.Field("pillar", "Choose one of the pillars: influencer-partnerships, brand-storytelling-rituals or bold-business-wins.")
}

// Category is the feed category that marks an entry as a spotlight:
// "spotlight:" followed by the pillar's slug. It reports false for any other.
func Category(category string) (Pillar, bool) {
	slug, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(category)), "spotlight:")
	if !ok {
		return 0, false
	}
	p, err := ParsePillar(slug)
	return p, err == nil
}

// Limits of a spotlight's texts, in characters.
const (
	MaxName     = 100
	MaxHeadline = 160
	MaxBody     = 800
)

// Spotlight is one feature.
type Spotlight struct {
	ID       int64
	Pillar   Pillar
	Name     string // whom it is about
	Headline string
	Body     string // plain text, blank lines part paragraphs
	Link     string // canonical, "" if none
	Picture  string // absolute URL, "" if none
	Source   int64  // the source it was gathered from, 0 if written by hand
	Created  time.Time
	Carried  int64 // the digest that carries it, 0 if none yet
	Hidden   bool
}

// Check says what is wrong with a spotlight, as a fault.Invalid on the field.
func (s Spotlight) Check() error {
	switch {
	case s.Pillar.Slug() == "":
		return fault.Field("pillar", "Choose one of the three pillars.")
	case strings.TrimSpace(s.Name) == "":
		return fault.Field("name", "Say whom the spotlight is about.")
	case strings.TrimSpace(s.Headline) == "":
		return fault.Field("headline", "A spotlight needs a headline.")
	case utf8.RuneCountInString(s.Name) > MaxName:
		return fault.Field("name", "The name is longer than %d characters.", MaxName)
	case utf8.RuneCountInString(s.Headline) > MaxHeadline:
		return fault.Field("headline", "The headline is longer than %d characters.", MaxHeadline)
	case utf8.RuneCountInString(s.Body) > MaxBody:
		return fault.Field("body", "The text is longer than %d characters.", MaxBody)
	}
	return nil
}
