package web

import (
	"context"
	"fmt"

	"github.com/labstack/echo/v4"

	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/spotlight"
	"github.com/collabpulse/weekly/internal/topic"
)

// DigestDesk shapes a digest. Each change is made to a version, counts as the
// next one and voids an approval; a version that is no longer the newest is a
// fault.Conflict.
type DigestDesk interface {
	ReviseDigest(ctx context.Context, id int64, version int, t digest.Texts) error
	IncludeStory(ctx context.Context, id int64, version int, story int64, included bool) error
	MoveStory(ctx context.Context, id int64, version int, story int64, up bool) error
	IncludeSpotlight(ctx context.Context, id int64, version int, spotlight int64, included bool) error
}

// section is one topic's part of the line-up.
type section struct {
	topic.Topic
	In, Offered []placed
}

// placed is a story in the line-up, and where it may move.
type placed struct {
	digest.Place
	First, Last bool
	Age         string
}

// sections sorts the line-up by topic, in the order in which readers see it.
func (v digestView) sections(topics []topic.Topic) []section {
	var list []section
	for _, t := range choices(topics, anyTopic) {
		s := section{Topic: t.Topic}
		for _, p := range v.LineUp.Places {
			row := placed{Place: p, Age: ago(v.now, p.Story.Published)}
			switch {
			case p.Story.Topic != t.ID:
			case p.Included:
				s.In = append(s.In, row)
			default:
				s.Offered = append(s.Offered, row)
			}
		}
		if n := len(s.In); n > 0 {
			s.In[0].First, s.In[n-1].Last = true, true
		}
		list = append(list, s)
	}
	return list
}

// niche is one pillar's place in the line-up: who is in, and who might be.
type niche struct {
	spotlight.Pillar
	In, Offered []spotlight.Spotlight
}

// niches sorts the line-up's spotlights by pillar, with those that wait outside it.
func (v digestView) niches(all []spotlight.Spotlight) []niche {
	var list []niche
	for _, kind := range spotlight.Pillars() {
		n := niche{Pillar: kind}
		known := map[int64]bool{}
		for _, f := range v.LineUp.Features {
			known[f.Spotlight.ID] = true
			switch {
			case f.Spotlight.Pillar != kind:
			case f.Included:
				n.In = append(n.In, f.Spotlight)
			case f.Spotlight.Carried == 0 && !f.Spotlight.Hidden:
				n.Offered = append(n.Offered, f.Spotlight)
			}
		}
		for _, s := range all {
			if s.Pillar == kind && s.Carried == 0 && !s.Hidden && !known[s.ID] {
				n.Offered = append(n.Offered, s)
			}
		}
		list = append(list, n)
	}
	return list
}

// saveTexts keeps the subject, the preheader and the intro.
func (c console) saveTexts(ec echo.Context) error {
	return c.change(ec, "texts-saved", "texts", func(ctx context.Context, id int64, form entry) error {
		return c.revise(ctx, id, form.version(), words(form))
	})
}

func words(form entry) digest.Texts {
	return digest.Texts{Subject: form.Value("subject"), Preheader: form.Value("preheader"), Intro: form.Value("intro")}
}

func (c console) revise(ctx context.Context, id int64, version int, t digest.Texts) error {
	if err := t.Check(); err != nil {
		return err
	}
	return c.store.ReviseDigest(ctx, id, version, t)
}

// keepWords saves the words that came along with another button of their form, so
// that nothing typed is lost or left out, and returns the version there is now.
func (c console) keepWords(ctx context.Context, id int64, form entry) (version int, err error) {
	version = form.version()
	if !form.values.Has("subject") {
		return version, nil
	}
	d, err := c.store.Digest(ctx, id)
	if err != nil || words(form) == (digest.Texts{Subject: d.Subject, Preheader: d.Preheader, Intro: d.Intro}) {
		return version, err
	}
	return version + 1, c.revise(ctx, id, version, words(form))
}

func (c console) includeStory(ec echo.Context) error { return c.place(ec, "story-included", true) }

func (c console) excludeStory(ec echo.Context) error { return c.place(ec, "story-excluded", false) }

func (c console) place(ec echo.Context, deed string, included bool) error {
	story, err := pathID(ec, "story")
	if err != nil {
		return err
	}
	return c.change(ec, deed, fmt.Sprintf("story-%d", story), func(ctx context.Context, id int64, form entry) error {
		return c.store.IncludeStory(ctx, id, form.version(), story, included)
	})
}

func (c console) storyUp(ec echo.Context) error { return c.move(ec, "story-up", true) }

func (c console) storyDown(ec echo.Context) error { return c.move(ec, "story-down", false) }

func (c console) move(ec echo.Context, deed string, up bool) error {
	story, err := pathID(ec, "story")
	if err != nil {
		return err
	}
	return c.change(ec, deed, fmt.Sprintf("story-%d", story), func(ctx context.Context, id int64, form entry) error {
		return c.store.MoveStory(ctx, id, form.version(), story, up)
	})
}

func (c console) includeSpotlight(ec echo.Context) error {
	return c.feature(ec, "spotlight-included", true)
}

func (c console) excludeSpotlight(ec echo.Context) error {
	return c.feature(ec, "spotlight-excluded", false)
}

func (c console) feature(ec echo.Context, deed string, included bool) error {
	spotlight, err := pathID(ec, "spotlight")
	if err != nil {
		return err
	}
	return c.change(ec, deed, "spotlights", func(ctx context.Context, id int64, form entry) error {
		return c.store.IncludeSpotlight(ctx, id, form.version(), spotlight, included)
	})
}
