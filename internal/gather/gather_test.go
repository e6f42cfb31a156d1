package gather

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/source"
	"github.com/collabpulse/weekly/internal/spotlight"
	"github.com/collabpulse/weekly/internal/story"
)

var monday = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

// desk is a Store of one source that remembers the last visit.
type desk struct {
	source     source.Source
	visits     []source.Visit
	stories    []story.Story
	spotlights []spotlight.Spotlight
	guids      []string
	err        error
}

func (d *desk) Source(_ context.Context, id int64) (source.Source, error) {
	if id != d.source.ID {
		return source.Source{}, fault.New(fault.NotFound, "There is no such source.")
	}
	return d.source, nil
}

func (d *desk) RecordVisit(_ context.Context, _ int64, v source.Visit, stories []story.Story, spotlights []spotlight.Spotlight, guids []string) (int, error) {
	if d.err != nil {
		return 0, d.err
	}
	d.visits = append(d.visits, v)
	d.stories, d.spotlights, d.guids = stories, spotlights, guids
	return len(stories) + len(spotlights), nil
}

func (d *desk) visit(t *testing.T) source.Visit {
	t.Helper()
	if len(d.visits) != 1 {
		t.Fatalf("%d visits were recorded, want one", len(d.visits))
	}
	return d.visits[0]
}

// gatherer visits with a clock that stands at monday; what it logs ends up in log.
func gatherer(d *desk, log *bytes.Buffer) *Gatherer {
	return New(open(), d, func() time.Time { return monday }, slog.New(slog.NewTextHandler(log, nil)))
}

const week = `<feed xmlns="http://www.w3.org/2005/Atom"><title>Atelier</title><id>a</id><updated>2026-11-20T00:00:00Z</updated>
<entry><id>1</id><title>Last week</title><link href="/1"/><published>2026-11-18T00:00:00Z</published></entry>
<entry><id>2</id><title>Last year</title><link href="/2"/><published>2025-11-18T00:00:00Z</published></entry>
<entry><id>3</id><title>Mara's kiln</title><published>2026-11-18T00:00:00Z</published><category term="spotlight:bold-business-wins"/></entry>
<entry><id>4</id><title>Nowhere</title></entry></feed>`

func TestAVisitRecordsWhatTheFeedHolds(t *testing.T) {
	t.Parallel()
	base := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("ETag", `"7"`)
		fmt.Fprint(w, week)
	})
	d := &desk{source: source.Source{ID: 9, URL: base + "/feed", Topic: 3, Active: true}}
	report, err := gatherer(d, new(bytes.Buffer)).Gather(t.Context(), 9)
	if err != nil {
		t.Fatal(err)
	}
	if want := (Report{Source: 9, Entries: 4, Stories: 2, Spotlights: 1, PassedOver: 1, Added: 3}); report != want {
		t.Errorf("the report is %+v, want %+v", report, want)
	}
	want := source.Visit{At: monday, Title: "Atelier", Validators: source.Validators{ETag: `"7"`}, Next: monday.Add(source.Every)}
	if diff := cmp.Diff(want, d.visit(t)); diff != "" {
		t.Errorf("the visit (-want +got):\n%s", diff)
	}
	for _, s := range d.stories {
		if s.Source != 9 || s.Topic != 3 || !s.Gathered.Equal(monday) || !strings.HasPrefix(s.Link, base+"/") {
			t.Errorf("a story came in as %+v", s)
		}
	}
	if s := d.spotlights[0]; s.Source != 9 || !s.Created.Equal(monday) || s.Headline != "Mara's kiln" || d.guids[0] != "3" {
		t.Errorf("the spotlight came in as %+v with %q", s, d.guids)
	}
}

func TestTheWholePastOfANewSourceKeepsItsDates(t *testing.T) {
	t.Parallel()
	base := serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, week) })
	lastWeek, lastYear := time.Date(2026, 11, 18, 0, 0, 0, 0, time.UTC), time.Date(2025, 11, 18, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name      string
		succeeded time.Time
		want      []time.Time
	}{
		{"first look", time.Time{}, []time.Time{lastWeek, lastYear}},
		{"later", monday.Add(-time.Hour), []time.Time{monday, lastYear}},
	} {
		d := &desk{source: source.Source{ID: 1, URL: base, Active: true, Succeeded: c.succeeded}}
		if _, err := gatherer(d, new(bytes.Buffer)).Gather(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		if got := []time.Time{d.stories[0].Appeared, d.stories[1].Appeared}; !cmp.Equal(got, c.want) {
			t.Errorf("%s: appeared %v, want %v", c.name, got, c.want)
		}
	}
}

func TestAFeedThatFailsIsASentenceAndALaterVisit(t *testing.T) {
	t.Parallel()
	known := source.Validators{ETag: `"good"`}
	for _, c := range []struct {
		name string
		h    http.HandlerFunc
		want source.Visit
	}{
		{"a page", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("ETag", `"page"`)
			fmt.Fprint(w, "<!doctype html><title>Hi</title>")
		}, source.Visit{Error: errPage.Error(), Next: monday.Add(8 * time.Hour)}},
		{"gone", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) },
			source.Visit{Error: "The feed is gone for good (410); remove this source.", Next: monday.Add(8 * time.Hour)}},
		{"overloaded for long", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "36000")
			w.WriteHeader(http.StatusServiceUnavailable)
		}, source.Visit{Error: "The server has a problem of its own (503).", Next: monday.Add(10 * time.Hour)}},
		{"overloaded for a moment", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "5")
			w.WriteHeader(http.StatusTooManyRequests)
		}, source.Visit{Error: "The server asks us to come back later (429).", Next: monday.Add(8 * time.Hour)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := &desk{source: source.Source{ID: 1, URL: serve(t, c.h) + "/?key=secret", Title: "Known as", Active: true, Failures: 2, Validators: known}}
			var log bytes.Buffer
			report, err := gatherer(d, &log).Gather(t.Context(), 1)
			if err != nil || report.Failure != c.want.Error {
				t.Errorf("the report is %+v, the error %v", report, err)
			}
			c.want.At, c.want.Title, c.want.Validators = monday, "Known as", known
			if diff := cmp.Diff(c.want, d.visit(t)); diff != "" {
				t.Errorf("the visit (-want +got):\n%s", diff)
			}
			if text := log.String(); !strings.Contains(text, "source=1") || strings.Contains(text, "secret") || strings.Contains(text, "http") {
				t.Errorf("the log must name the source by its id alone: %s", text)
			}
		})
	}
}

func TestAnUnchangedFeedIsRecordedAsSuch(t *testing.T) {
	t.Parallel()
	base := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) })
	known := source.Validators{ETag: `"good"`}
	d := &desk{source: source.Source{ID: 1, URL: base, Title: "Known as", Active: true, Validators: known, Failures: 3}}
	report, err := gatherer(d, new(bytes.Buffer)).Gather(t.Context(), 1)
	if err != nil || !report.Unchanged {
		t.Errorf("the report is %+v, the error %v", report, err)
	}
	want := source.Visit{At: monday, Title: "Known as", Validators: known, Unchanged: true, Next: monday.Add(source.Every)}
	if diff := cmp.Diff(want, d.visit(t)); diff != "" {
		t.Errorf("the visit (-want +got):\n%s", diff)
	}
}

func TestASourceWithoutATitleIsCalledByItsHost(t *testing.T) {
	t.Parallel()
	base := serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<rss><channel/></rss>") })
	d := &desk{source: source.Source{ID: 1, URL: base, Active: true}}
	if _, err := gatherer(d, new(bytes.Buffer)).Gather(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if got := d.visit(t).Title; got != "127.0.0.1" {
		t.Errorf("the title is %q", got)
	}
}

func TestAPausedSourceIsLeftAlone(t *testing.T) {
	t.Parallel()
	base := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the feed was fetched") })
	d := &desk{source: source.Source{ID: 1, URL: base}}
	if report, err := gatherer(d, new(bytes.Buffer)).Gather(t.Context(), 1); err != nil || report != (Report{Source: 1}) || len(d.visits) != 0 {
		t.Errorf("got %+v, %v and %d visits", report, err, len(d.visits))
	}
}

func TestTheStoresErrorsAreTheJobs(t *testing.T) {
	t.Parallel()
	base := serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, week) })
	d := &desk{source: source.Source{ID: 1, URL: base, Active: true}, err: errors.New("disk full")}
	g := gatherer(d, new(bytes.Buffer))
	if _, err := g.Gather(t.Context(), 2); !fault.Is(err, fault.NotFound) {
		t.Errorf("a source that is not there: %v", err)
	}
	if _, err := g.Gather(t.Context(), 1); !errors.Is(err, d.err) {
		t.Errorf("a visit that cannot be recorded: %v", err)
	}
}

func TestBeingToldToStopIsNotTheFeedsFailure(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	base := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		stop()
		<-r.Context().Done()
	})
	d := &desk{source: source.Source{ID: 1, URL: base, Active: true}}
	if _, err := gatherer(d, new(bytes.Buffer)).Gather(ctx, 1); !errors.Is(err, context.Canceled) || len(d.visits) != 0 {
		t.Errorf("got %v and %d visits, want the visit to be made again", err, len(d.visits))
	}
}
