package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/edition"
	"github.com/collabpulse/weekly/internal/progress"
	"github.com/collabpulse/weekly/internal/source"
	"github.com/collabpulse/weekly/internal/spotlight"
	"github.com/collabpulse/weekly/internal/story"
	"github.com/collabpulse/weekly/internal/subscriber"
	"github.com/collabpulse/weekly/internal/topic"
)

// lame is a store of which one verb fails, once somebody says which.
type lame struct {
	ConsoleStore
	verb *string
}

var errDisk = errors.New("the disk is gone")

// or is what a verb answers, unless it is the one that fails.
func or[T any](l lame, verb string, answer func() (T, error)) (T, error) {
	if *l.verb == verb {
		var none T
		return none, errDisk
	}
	return answer()
}

func (l lame) Topics(ctx context.Context) ([]topic.Topic, error) {
	return or(l, "topics", func() ([]topic.Topic, error) { return l.ConsoleStore.Topics(ctx) })
}

func (l lame) Sources(ctx context.Context) ([]source.Source, error) {
	return or(l, "sources", func() ([]source.Source, error) { return l.ConsoleStore.Sources(ctx) })
}

func (l lame) Stories(ctx context.Context, p story.Pool) ([]story.Story, error) {
	return or(l, "stories", func() ([]story.Story, error) { return l.ConsoleStore.Stories(ctx, p) })
}

func (l lame) Spotlights(ctx context.Context, limit int) ([]spotlight.Spotlight, error) {
	return or(l, "spotlights", func() ([]spotlight.Spotlight, error) { return l.ConsoleStore.Spotlights(ctx, limit) })
}

func (l lame) Digests(ctx context.Context, limit int) ([]digest.Digest, error) {
	return or(l, "digests", func() ([]digest.Digest, error) { return l.ConsoleStore.Digests(ctx, limit) })
}

// halting is a watcher that fails with its store's look.
type halting struct {
	Watcher
	verb *string
}

func (h halting) Look(ctx context.Context, id int64) (progress.Look, error) {
	return or(lame{verb: h.verb}, "look", func() (progress.Look, error) { return h.Watcher.Look(ctx, id) })
}

func (l lame) Tally(ctx context.Context, id int64) (delivery.Tally, error) {
	return or(l, "tally", func() (delivery.Tally, error) { return l.ConsoleStore.Tally(ctx, id) })
}

func (l lame) CountSubscribers(ctx context.Context) (map[subscriber.State]int, error) {
	return or(l, "counts", func() (map[subscriber.State]int, error) { return l.ConsoleStore.CountSubscribers(ctx) })
}

func (l lame) Subscribers(ctx context.Context, s subscriber.Search) ([]subscriber.Subscriber, error) {
	return or(l, "subscribers", func() ([]subscriber.Subscriber, error) { return l.ConsoleStore.Subscribers(ctx, s) })
}

func TestAPageOfWhichOnePartCannotBeReadIsNotShownInPart(t *testing.T) {
	t.Parallel()
	var verb string
	r := newRoom(t, func(c *Config) {
		c.Console.Store, c.Console.Watcher = lame{c.Console.Store, &verb}, halting{c.Console.Watcher, &verb}
	})
	r.launched(1)
	r.clock.Advance(time.Minute)
	r.write("Toasters", 2, 0)
	r.compose()
	for page, verbs := range map[string][]string{
		"/console":                        {"digests", "counts", "sources", "look"},
		"/console/sources":                {"topics", "sources"},
		"/console/stories":                {"topics", "stories", "digests"},
		"/console/spotlights":             {"spotlights"},
		"/console/digests":                {"digests", "look"},
		"/console/digests/1":              {"look", "topics", "spotlights", "counts"},
		"/console/digests/1/progress":     {"look"},
		"/console/digests/2/preview.html": {"topics"},
		"/console/subscribers":            {"counts", "topics", "subscribers"},
	} {
		verb = ""
		r.get(page).is(http.StatusOK)
		for _, verb = range verbs {
			if got := r.get(page).Status; got != http.StatusInternalServerError {
				t.Errorf("%s without %s: status %d", page, verb, got)
			}
		}
	}
}

func TestAFormThatCannotBeKeptIsOurFault(t *testing.T) {
	t.Parallel()
	var verb string
	r := newRoom(t, func(c *Config) { c.Console.Store = lame{c.Console.Store, &verb} })
	r.write("Toasters", 2, 1)
	verb = "topics"
	for page, form := range map[string]url.Values{
		"/console/sources":         {"url": {"https://feeds.test/a"}, "topic": {"tips-tools"}},
		"/console/stories":         {"link": {"https://stories.test/a"}, "title": {"A"}, "topic": {"tips-tools"}},
		"/console/stories/1/topic": {"topic": {"tips-tools"}},
	} {
		r.post(page, form).is(http.StatusInternalServerError)
	}
}

// stain is a press that cannot print.
type stain struct{ press }

func (stain) Edition(digest.Snapshot, string, edition.Key) (edition.Edition, error) {
	return edition.Edition{}, errDisk
}

func TestAPreviewThatCannotBeDrawnIsOurFault(t *testing.T) {
	t.Parallel()
	r := newRoom(t, func(c *Config) { c.Console.Editions = stain{} })
	r.draft()
	r.get("/console/digests/1/preview.html").is(http.StatusInternalServerError)
	r.get("/console/digests/1/preview.txt").is(http.StatusInternalServerError)
}

func TestWhatCannotBeKnownHasAWord(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	h := health{Source: source.Source{URL: "not a url", Active: true, Fetched: now, Failures: 1, Due: now}, now: now}
	if h.Name() != "not a url" || h.Looked() != "Looked at just now; it has never worked." || h.Next() != "The next look comes now." {
		t.Errorf("%q, %q, %q", h.Name(), h.Looked(), h.Next())
	}
	well := health{Source: source.Source{Title: "The Market Garden", Active: true, Fetched: now, Succeeded: now}, now: now.Add(time.Hour)}
	if well.State() != "well" || well.Looked() != "Looked at 1 hour ago." {
		t.Errorf("%q, %q", well.State(), well.Looked())
	}
	if got := topicName(topic.Defaults(), 40); got != "" {
		t.Errorf("a topic that is no more is called %q", got)
	}
	if got := linksOutside("<p>bare</p>"); got != `<base target="_blank"><p>bare</p>` {
		t.Errorf("%q", got)
	}
	if got := (readerCounts{}).Active(); got != 0 {
		t.Errorf("%d readers where none were counted", got)
	}
	slot := listed{Digest: digest.Digest{Slot: digest.Slot{Schedule: "weekly", Date: "2026-11-24", At: now.Add(24 * time.Hour)}, Composed: now}, zone: time.UTC}
	if got := slot.Name(); got != "Digest of 24 November 2026" {
		t.Errorf("%q", got)
	}
}
