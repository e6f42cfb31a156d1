package render

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/collabpulse/weekly/internal/digest"
)

// number is a digest as its templates print it: text is clean, links are
// absolute or empty, figures and dates are words.
type number struct {
	frame
	Banner    string // above everything, "" for none
	Headline  string // the digest's subject
	Teaser    string // its preheader
	Date, Day string // "Tuesday, 24 November 2026" and "2026-11-24"
	Kicker    string // "17 stories · 3 spotlights"
	Web       string // the public page
	WebLabel  string
	Intro     []string
	Portraits []portrait
	Sections  []section
	// Leave and Preferences are the reader's own links, "" for a mail without a reader.
	Leave, Preferences string
}

type section struct {
	ID    int
	Name  string
	Cards []card
	More  string // "4 more on the web" when some did not fit
}

type card struct {
	Title, Summary, Author string
	Link, Picture          string
	PictureLink            string // Link, unless it is too long to print twice
	Alt                    string
	Date, Day              string
	Likes, Comments        string // "" for none
	Details                string // date, likes and comments in one line
}

type portrait struct {
	Pillar, Name, Headline     string
	Body                       []string
	Link, Picture, PictureLink string
}

func (r *Renderer) number(s digest.Snapshot) *number {
	date := s.Date.In(r.brand.Zone)
	n := &number{
		frame:    r.brand.frame(),
		Headline: line(s.Subject),
		Teaser:   line(s.Preheader),
		Date:     date.Format("Monday, 2 January 2006"),
		Day:      date.Format(time.DateOnly),
		Kicker:   kicker(s),
		Web:      r.brand.Site.Digest(s.Digest),
		WebLabel: "Read it on the web",
		Intro:    paragraphs(s.Intro),
	}
	for _, p := range s.Spotlights {
		n.Portraits = append(n.Portraits, portraitOf(p))
	}
	for _, in := range s.Sections {
		out := section{ID: int(in.Topic), Name: line(in.Name)}
		for _, item := range in.Stories {
			out.Cards = append(out.Cards, cardOf(item, date))
		}
		n.Sections = append(n.Sections, out)
	}
	return n
}

func kicker(s digest.Snapshot) string {
	stories := 0
	for _, section := range s.Sections {
		stories += len(section.Stories)
	}
	return joined(counted(stories, "story", "stories"), counted(len(s.Spotlights), "spotlight", "spotlights"))
}

func cardOf(i digest.Item, today time.Time) card {
	c := card{
		Title: line(i.Title), Summary: line(i.Summary), Author: line(i.Author),
		Link: web(i.Link), Picture: web(i.Picture),
		Likes: counted(i.Likes, "like", "likes"), Comments: counted(i.Comments, "comment", "comments"),
	}
	if !i.Published.IsZero() {
		published := i.Published.In(today.Location())
		c.Date, c.Day = short(published, today), published.Format(time.DateOnly)
	}
	c.PictureLink = twice(c.Link)
	c.Alt = clip(c.Title, 80)
	c.Details = joined(c.Date, c.Likes, c.Comments)
	return c
}

func portraitOf(p digest.Portrait) portrait {
	out := portrait{
		Pillar: p.Pillar.Name(), Name: line(p.Name), Headline: line(p.Headline), Body: paragraphs(p.Body),
		Link: web(p.Link), Picture: web(p.Picture),
	}
	out.PictureLink = twice(out.Link)
	return out
}

// twice is the link where it stands a second time, on the picture: "" when it is
// so long that once must do.
func twice(link string) string {
	if len(link) > 300 {
		return ""
	}
	return link
}

// short tells a date as in a letter of today: the year only when it is another.
func short(t, today time.Time) string {
	if t.Year() == today.Year() {
		return t.Format("2" + nbsp + "January")
	}
	return t.Format("2" + nbsp + "January 2006")
}

// nbsp keeps a figure and its word on one line.
const nbsp = "\u00a0"

// counted is "1 like", "1,204 likes", or "" for none.
func counted(n int, one, many string) string {
	switch {
	case n <= 0:
		return ""
	case n == 1:
		return "1" + nbsp + one
	}
	return thousands(n) + nbsp + many
}

func joined(parts ...string) string {
	var some []string
	for _, p := range parts {
		if p != "" {
			some = append(some, p)
		}
	}
	return strings.Join(some, " · ")
}

func thousands(n int) string {
	if n < 1000 {
		return strconv.Itoa(n)
	}
	return thousands(n/1000) + fmt.Sprintf(",%03d", n%1000)
}
