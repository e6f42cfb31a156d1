package digest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"

	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/spotlight"
	"github.com/collabpulse/weekly/internal/topic"
)

// Snapshot is what was approved: everything the mails are made from. Its JSON is
// stored and its hash names it, so that what is sent can be checked against what
// an editor saw.
type Snapshot struct {
	Digest     int64      `json:"digest"`
	Date       time.Time  `json:"date"` // the day on the masthead
	Subject    string     `json:"subject"`
	Preheader  string     `json:"preheader"`
	Intro      string     `json:"intro"`
	Sections   []Section  `json:"sections"`
	Spotlights []Portrait `json:"spotlights"`
	Bundle     string     `json:"bundle"` // hash of the templates that render it
	// Proposed says which of Subject and Preheader the editor left as they were
	// proposed. Those follow the stories that a reader gets: see For.
	Proposed Proposed `json:"proposed"`
}

// Proposed marks texts that name stories because nobody wrote others.
type Proposed struct {
	Subject   bool `json:"subject"`
	Preheader bool `json:"preheader"`
}

// Section is one topic's stories.
type Section struct {
	Topic   topic.ID `json:"topic"`
	Name    string   `json:"name"`
	Stories []Item   `json:"stories"`
}

// Item is a story as it is printed.
type Item struct {
	ID        int64     `json:"id"`
	Title     string    `json:"title"`
	Summary   string    `json:"summary"`
	Link      string    `json:"link"`
	Author    string    `json:"author"`
	Picture   string    `json:"picture"`
	Published time.Time `json:"published"`
	Likes     int       `json:"likes"`
	Comments  int       `json:"comments"`
}

// Portrait is a spotlight as it is printed.
type Portrait struct {
	ID       int64            `json:"id"`
	Pillar   spotlight.Pillar `json:"pillar"`
	Name     string           `json:"name"`
	Headline string           `json:"headline"`
	Body     string           `json:"body"`
	Link     string           `json:"link"`
	Picture  string           `json:"picture"`
}

// Freeze makes the snapshot of a digest: its included stories by topic, its
// included spotlights, and its texts. It refuses with a fault.Invalid a digest
// that nobody could read: no subject, or nothing in it.
func (d Digest) Freeze(topics []topic.Topic, date time.Time, bundle string) (Snapshot, error) {
	if strings.TrimSpace(d.Subject) == "" {
		return Snapshot{}, fault.Field("subject", "Give the digest a subject before approving it.")
	}
	s := Snapshot{Digest: d.ID, Date: date.UTC(), Subject: d.Subject, Preheader: d.Preheader, Intro: d.Intro, Bundle: bundle,
		Proposed: Proposed{Subject: d.Subject == DefaultSubject(d.LineUp), Preheader: d.Preheader == DefaultPreheader(d.LineUp)}}
	for _, t := range inOrder(topics) {
		if items := d.LineUp.items(t.ID); len(items) > 0 {
			s.Sections = append(s.Sections, Section{Topic: t.ID, Name: t.Name, Stories: items})
		}
	}
	s.Spotlights = d.LineUp.portraits()
	if len(s.Sections) == 0 && len(s.Spotlights) == 0 {
		return Snapshot{}, fault.New(fault.Invalid, "Include at least one story or spotlight before approving the digest.")
	}
	return s, nil
}

func (l LineUp) portraits() []Portrait {
	var portraits []Portrait
	for _, f := range l.Features {
		if p := f.Spotlight; f.Included {
			portraits = append(portraits, Portrait{ID: p.ID, Pillar: p.Pillar, Name: p.Name, Headline: p.Headline,
				Body: p.Body, Link: p.Link, Picture: p.Picture})
		}
	}
	return portraits
}

func (l LineUp) items(id topic.ID) []Item {
	var items []Item
	for _, s := range l.Included() {
		if s.Topic == id {
			items = append(items, Item{ID: s.ID, Title: s.Title, Summary: s.Summary, Link: s.Link, Author: s.Author,
				Picture: s.Picture, Published: s.Published.UTC(), Likes: s.Likes, Comments: s.Comments})
		}
	}
	return items
}

// For is the snapshot as readers of these topics get it: without the sections
// they did not choose, and with a proposed subject that names what is inside.
func (s Snapshot) For(topics topic.Set) Snapshot {
	all := s.Sections
	s.Sections = make([]Section, 0, len(all))
	var titles []string
	for _, section := range all {
		if !topics.Has(section.Topic) {
			continue
		}
		s.Sections = append(s.Sections, section)
		for _, item := range section.Stories {
			titles = append(titles, item.Title)
		}
	}
	if s.Proposed.Subject {
		s.Subject = proposeSubject(titles)
	}
	if s.Proposed.Preheader {
		s.Preheader = proposePreheader(titles)
	}
	return s
}

// Topics is the set of topics with at least one story: who chose none of them
// gets no mail. A snapshot of spotlights alone concerns everybody.
func (s Snapshot) Topics() topic.Set {
	var set topic.Set
	for _, section := range s.Sections {
		set |= topic.Of(section.Topic)
	}
	return set
}

// Encode is the snapshot as it is stored and hashed.
func (s Snapshot) Encode() []byte {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // plain strings, numbers and times always marshal
	}
	return b
}

// HashOf names an encoded snapshot: SHA-256 in hex.
func HashOf(encoded []byte) string {
	sum := sha256.Sum256(encoded)
	return hex.EncodeToString(sum[:])
}

// DecodeSnapshot reads a stored snapshot and refuses one that is not what its
// hash says.
func DecodeSnapshot(encoded []byte, hash string) (Snapshot, error) {
	var s Snapshot
	if HashOf(encoded) != hash {
		return s, fault.New(fault.Conflict, "The approved digest is not what was approved; approve it again.")
	}
	err := json.Unmarshal(encoded, &s)
	return s, err
}
