// Package story is one published piece: what it is called, where it lives, what
// it is about, and when it came to us.
//
// Two entries are the same story when their canonical links are equal, however
// many sources carry it. A story's text is already clean when it gets here:
// plain text in Title and Summary, an absolute http(s) link, nothing else.
package story

import (
	"time"

	"github.com/collabpulse/weekly/internal/topic"
)

// Limits of a story's texts, in characters.
const (
	MaxTitle   = 200
	MaxSummary = 400
	MaxAuthor  = 100
)

// Story is one published piece.
type Story struct {
	ID        int64
	Source    int64  // 0 for a story added by hand
	SourceTag string // the source's title, when read for display
	GUID      string // the feed's own id for it, "" if none
	Link      string // canonical
	Title     string
	Summary   string
	Topic     topic.ID
	Author    string
	Picture   string // absolute http(s) URL, "" if none
	Language  string // BCP 47 as the feed says, "" if it does not
	Published time.Time
	Appeared  time.Time // when it became news for us: see Appeared
	Gathered  time.Time
	Likes     int
	Comments  int
	Hidden    bool // an editor took it out of the pool
}

// stale is how long after its publication an entry that turns up in a known
// feed still counts as new.
const stale = 60 * 24 * time.Hour

// Appeared decides when an entry became news: a digest takes the stories that
// appeared since the last one. On the first look at a source its whole past
// turns up at once, so each entry keeps its own date. Later an entry is new when
// it is found, however late it was dated, unless it is so old that the feed must
// have changed its ids. A date in the future counts as now.
func Appeared(published, now time.Time, firstLook bool) time.Time {
	if published.IsZero() || published.After(now) {
		return now
	}
	if firstLook || now.Sub(published) > stale {
		return published
	}
	return now
}

// Pool filters what the story pool shows.
type Pool struct {
	Topic  topic.ID // 0 for all
	Search string   // in title, author or link; "" for all
	Before int64    // page on: ids below this one; 0 for the newest
	Limit  int
}
