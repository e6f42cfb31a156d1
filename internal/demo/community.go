// Package demo is the whole week on one machine, to be watched: a small made-up
// community with its feeds, story pages and pictures, fifty readers, and a walk
// that takes them through sign-up, gathering, a digest, sending and leaving.
//
// The community is served over loopback HTTP, at an origin of its own, so that
// everything goes the way it would go in earnest: feeds are fetched, links lead
// somewhere, and the sign-up form stands on somebody else's site.
package demo

import (
	_ "embed"
	"encoding/json"
	"sync"
	"time"
)

//go:embed community.json
var communityFile []byte

// Blog is one of the community's sites.
type Blog struct {
	Slug    string  `json:"slug"`
	Format  string  `json:"format"` // "rss", "atom" or "json"
	Topic   string  `json:"topic"`
	Title   string  `json:"title"`
	About   string  `json:"about"`
	Stories []Story `json:"stories"`
}

// Story is one piece on a blog.
type Story struct {
	Blog      string   `json:"blog"`
	Slug      string   `json:"slug"`
	Title     string   `json:"title"`
	Summary   string   `json:"summary"`
	Body      []string `json:"body"`
	Author    string   `json:"author"`
	Pillar    string   `json:"pillar"` // of a spotlight, else ""
	Comments  int      `json:"comments"`
	Age       span     `json:"age"` // before the community opened
	Published time.Time
}

// span is a duration written like "20h".
type span time.Duration

// UnmarshalText reads it.
func (s *span) UnmarshalText(text []byte) error {
	d, err := time.ParseDuration(string(text))
	*s = span(d)
	return err
}

// Community is all blogs and what they have published. It is safe for
// concurrent use: a story may be published while feeds are read.
type Community struct {
	mu    sync.RWMutex
	blogs []Blog
	later Story
	now   func() time.Time
}

// NewCommunity opens the community: its stories are as old, seen from now, as
// the file says.
func NewCommunity(now func() time.Time) (*Community, error) {
	var file struct {
		Blogs      []Blog  `json:"blogs"`
		Spotlights []Story `json:"spotlights"`
		Later      Story   `json:"later"`
	}
	if err := json.Unmarshal(communityFile, &file); err != nil {
		return nil, err
	}
	c := &Community{blogs: file.Blogs, later: file.Later, now: now}
	opened := now()
	for i := range c.blogs {
		b := &c.blogs[i]
		for _, s := range file.Spotlights {
			if s.Blog == b.Slug {
				b.Stories = append(b.Stories, s)
			}
		}
		for j := range b.Stories {
			b.Stories[j].Published = opened.Add(-time.Duration(b.Stories[j].Age))
		}
	}
	return c, nil
}

// Blogs lists the sites as they are now.
func (c *Community) Blogs() []Blog {
	c.mu.RLock()
	defer c.mu.RUnlock()
	blogs := make([]Blog, len(c.blogs))
	for i, b := range c.blogs {
		blogs[i] = b
		blogs[i].Stories = append([]Story(nil), b.Stories...)
	}
	return blogs
}

// Blog is one site by its slug.
func (c *Community) Blog(slug string) (Blog, bool) {
	for _, b := range c.Blogs() {
		if b.Slug == slug {
			return b, true
		}
	}
	return Blog{}, false
}

// Find is a story by its slug.
func (c *Community) Find(slug string) (Blog, Story, bool) {
	for _, b := range c.Blogs() {
		for _, s := range b.Stories {
			if s.Slug == slug {
				return b, s, true
			}
		}
	}
	return Blog{}, Story{}, false
}

// PublishAnother adds one more story, dated now, and says on which blog.
func (c *Community) PublishAnother() (Blog, Story) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.later
	s.Published = c.now()
	for i := range c.blogs {
		if c.blogs[i].Slug == s.Blog {
			c.blogs[i].Stories = append(c.blogs[i].Stories, s)
			return c.blogs[i], s
		}
	}
	return Blog{}, s
}
