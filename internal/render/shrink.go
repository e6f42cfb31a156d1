package render

import (
	"iter"
	"slices"
)

// level is one way to say less.
type level struct {
	summary  int  // characters of a story's summary
	body     int  // characters of a spotlight's paragraph
	pictures bool // whether pictures stay
	stories  int  // stories per section; the others are counted and left to the web
}

// levels go from everything to what always fits: titles and links.
func levels() []level {
	const all = 1 << 20
	return []level{
		{summary: all, body: all, pictures: true, stories: all},
		{summary: 240, body: 500, pictures: true, stories: all},
		{summary: 120, body: 300, pictures: true, stories: all},
		{summary: 120, body: 300, stories: all},
		{body: 160, stories: all},
		{body: 160, stories: 5},
		{stories: 3},
		{stories: 1},
	}
}

func (n *number) sizes() iter.Seq[view] {
	return func(yield func(view) bool) {
		for _, l := range levels() {
			if !yield(l.number(n)) {
				return
			}
		}
	}
}

func (l level) number(n *number) *number {
	less := *n
	less.Sections = make([]section, len(n.Sections))
	for i, s := range n.Sections {
		less.Sections[i] = l.section(s)
	}
	less.Portraits = make([]portrait, len(n.Portraits))
	for i, p := range n.Portraits {
		less.Portraits[i] = l.portrait(p)
	}
	return &less
}

func (l level) section(s section) section {
	if rest := len(s.Cards) - l.stories; rest > 0 {
		s.More = counted(rest, "more story on the web", "more stories on the web")
		s.Cards = s.Cards[:l.stories]
	}
	s.Cards = slices.Clone(s.Cards)
	for i := range s.Cards {
		c := &s.Cards[i]
		c.Summary = clip(c.Summary, l.summary)
		if !l.pictures {
			c.Picture, c.PictureLink = "", ""
		}
	}
	return s
}

func (l level) portrait(p portrait) portrait {
	p.Body = slices.Clone(p.Body)
	for i, text := range p.Body {
		p.Body[i] = clip(text, l.body)
	}
	if l.body == 0 {
		p.Body = nil
	}
	if !l.pictures {
		p.Picture, p.PictureLink = "", ""
	}
	return p
}
