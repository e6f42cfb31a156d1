package bench

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/collabpulse/weekly/internal/address"
	"github.com/collabpulse/weekly/internal/app"
	"github.com/collabpulse/weekly/internal/config"
	"github.com/collabpulse/weekly/internal/consent"
	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/edition"
	"github.com/collabpulse/weekly/internal/store"
	"github.com/collabpulse/weekly/internal/story"
	"github.com/collabpulse/weekly/internal/subscriber"
	"github.com/collabpulse/weekly/internal/topic"
)

// reader is the i-th address: a third live at one large provider, the others in a
// thousand domains.
func reader(i int) string {
	if i%3 == 0 {
		return fmt.Sprintf("reader%07d@gmail.com", i)
	}
	return fmt.Sprintf("reader%07d@domain%03d.example", i, i%1000)
}

// fill imports so many active readers who take all topics. The way in is the one an
// operator's file takes, consent and all.
func fill(ctx context.Context, db *store.Store, readers int) error {
	var all topic.Set
	for _, t := range topic.Defaults() {
		all |= topic.Of(t.ID)
	}
	for first := 0; first < readers; first += store.ImportBatch {
		var batch []subscriber.Profile
		for i := first; i < min(first+store.ImportBatch, readers); i++ {
			a, err := address.Parse(reader(i))
			if err != nil {
				return err
			}
			batch = append(batch, subscriber.Profile{Address: a, Topics: all, Language: "en", State: subscriber.Active})
		}
		done, err := db.ImportSubscribers(ctx, batch, subscriber.Evidence{Page: "import", Wording: consent.Wording})
		if err != nil {
			return err
		}
		if done.Added != len(batch) {
			return fmt.Errorf("bench: %d of %d readers were added", done.Added, len(batch))
		}
	}
	return nil
}

// material is a digest that is ready to go, and what a plain loop needs to send one
// of the same weight.
type material struct {
	ID       int64           `json:"id"`
	Snapshot digest.Snapshot `json:"snapshot"`
	Weight   int             `json:"weight"` // octets of both parts as pulse renders them
}

// write adds so many stories, and has a digest of them composed and approved.
func write(ctx context.Context, db *store.Store, s config.Settings, stories int) (m material, err error) {
	topics := topic.Defaults()
	for i := range stories {
		if _, err := db.AddStory(ctx, piece(topics[i%len(topics)].ID, i)); err != nil {
			return m, err
		}
	}
	d, _, err := db.ComposeDigest(ctx, digest.Order{Limits: app.Limits(s)})
	if err != nil {
		return m, err
	}
	r, err := app.Renderer(s)
	if err != nil {
		return m, err
	}
	if d, err = db.ApproveDigest(ctx, d.ID, d.Version, "pulselab", r.Bundle()); err != nil {
		return m, err
	}
	snapshot, hash, err := db.Snapshot(ctx, d.ID)
	if err != nil {
		return m, err
	}
	e, err := r.Edition(snapshot, hash, edition.Key{Topics: snapshot.Topics(), Language: "en"})
	return material{ID: d.ID, Snapshot: snapshot, Weight: len(e.HTML) + len(e.Text)}, err
}

// words are what stories are told in. Some are not ASCII, because stories are not.
var words = strings.Fields(`the creator and a brand agreed on one café tour through Zürich, measured what readers kept,
	split the costs – fairly, they say – and wrote down which briefs worked; a smaller audience answered more often than
	the large one did, so the next season begins with forty people, a shared calendar and no discount code at all`)

// prose is so many octets of them, beginning anywhere.
func prose(start, length int) string {
	length = max(length, 0)
	var b strings.Builder
	for i := start; b.Len() < length; i++ {
		b.WriteString(words[i%len(words)] + " ")
	}
	return strings.TrimSpace(strings.ToValidUTF8(b.String()[:length], ""))
}

// piece is the i-th story.
func piece(about topic.ID, i int) story.Story {
	return story.Story{
		Link:    fmt.Sprintf("https://stories.example/2026/11/what-we-learned-from-collaboration-%02d", i),
		Title:   "Story " + fmt.Sprint(i) + ": " + prose(i, 60),
		Summary: prose(3*i, 240), Topic: about, Author: "Adaeze Nwosu-Lindqvist",
		Picture:   fmt.Sprintf("https://pictures.example/2026/11/%02d.jpg", i),
		Published: time.Now().Add(-time.Duration(i) * time.Hour), Appeared: time.Now().Add(-time.Minute),
		Likes: 40 + 17*i, Comments: 3 + i,
	}
}
