package web

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/collabpulse/weekly/internal/source"
	"github.com/collabpulse/weekly/internal/topic"
)

// SourceList is the feeds that stories come from.
type SourceList interface {
	Sources(ctx context.Context) ([]source.Source, error)
	// AddSource answers a fault.Conflict for an address that is known already.
	AddSource(ctx context.Context, url string, t topic.ID) (source.Source, error)
	RemoveSource(ctx context.Context, id int64) error
}

// SourceCare looks after one feed. Each answers a fault.NotFound for an unknown id.
type SourceCare interface {
	SetSourceActive(ctx context.Context, id int64, active bool) error
	LookNow(ctx context.Context, id int64) error
}

const sourcesPage = "/console/sources"

// sourcesView is the page of sources, with the form to add one.
type sourcesView struct {
	Done    string
	Form    entry
	Sources []health
	Topics  []topic.Topic
}

// health is a source as an editor wants to see it: does it work?
type health struct {
	source.Source
	TopicName string
	now       time.Time
}

// Name is what the feed calls itself, or its host until it has been fetched.
func (h health) Name() string {
	if h.Title != "" {
		return h.Title
	}
	if u, err := url.Parse(h.URL); err == nil && u.Host != "" {
		return u.Host
	}
	return h.URL
}

// State is a word for the source's health, which is also its CSS class.
func (h health) State() string {
	switch {
	case !h.Active:
		return "paused"
	case h.Failures > 0:
		return "failing"
	case h.Fetched.IsZero():
		return "new"
	}
	return "well"
}

// Looked says when it was last looked at, and when that last went well.
func (h health) Looked() string {
	switch {
	case h.Fetched.IsZero():
		return "Not looked at yet."
	case h.Failures == 0:
		return "Looked at " + ago(h.now, h.Fetched) + "."
	}
	return "Looked at " + ago(h.now, h.Fetched) + "; " + h.Worked() + "."
}

// Worked says when a look last went well.
func (h health) Worked() string {
	if h.Succeeded.IsZero() {
		return "it has never worked"
	}
	return "it last worked " + ago(h.now, h.Succeeded)
}

// Next says when it is looked at again, "" while it is paused.
func (h health) Next() string {
	if !h.Active {
		return ""
	}
	return "The next look comes " + until(h.now, h.Due) + "."
}

func (c console) sources(ec echo.Context) error {
	return c.showSources(ec, http.StatusOK, entry{})
}

func (c console) showSources(ec echo.Context, status int, form entry) error {
	ctx := ec.Request().Context()
	topics, err := c.store.Topics(ctx)
	if err != nil {
		return err
	}
	sources, err := c.store.Sources(ctx)
	if err != nil {
		return err
	}
	view := sourcesView{Done: said(ec), Form: form, Topics: topics}
	for _, s := range sources {
		view.Sources = append(view.Sources, health{Source: s, TopicName: topicName(topics, s.Topic), now: c.Now()})
	}
	return c.page(ec, status, "console/sources", view)
}

// addSource takes the form and has the new source looked at at once.
func (c console) addSource(ec echo.Context) error {
	form, err := readEntry(ec)
	if err != nil {
		return err
	}
	added, err := c.newSource(ec.Request().Context(), form)
	if mendable(err) {
		if form = form.wrong(err); form.Field == "" {
			form.Field = "url" // a conflict is about the address
		}
		return c.showSources(ec, describe(err).Status, form)
	}
	if err != nil {
		return err
	}
	c.Waker.WakeSource(ec.Request().Context(), added.ID)
	return done(ec, sourcesPage, "source-added")
}

func (c console) newSource(ctx context.Context, form entry) (source.Source, error) {
	address, err := source.ParseURL(form.Value("url"))
	if err != nil {
		return source.Source{}, err
	}
	topics, err := c.store.Topics(ctx)
	if err != nil {
		return source.Source{}, err
	}
	about, err := topic.Find(topics, form.Value("topic"))
	if err != nil {
		return source.Source{}, err
	}
	return c.store.AddSource(ctx, address, about.ID)
}

func (c console) removeSource(ec echo.Context) error {
	return c.tend(ec, "source-removed", c.store.RemoveSource)
}

func (c console) pauseSource(ec echo.Context) error {
	return c.tend(ec, "source-paused", func(ctx context.Context, id int64) error {
		return c.store.SetSourceActive(ctx, id, false)
	})
}

func (c console) resumeSource(ec echo.Context) error {
	return c.tend(ec, "source-resumed", func(ctx context.Context, id int64) error {
		if err := c.store.SetSourceActive(ctx, id, true); err != nil {
			return err
		}
		c.Waker.WakeSource(ctx, id)
		return nil
	})
}

func (c console) lookNow(ec echo.Context) error {
	return c.tend(ec, "source-looking", func(ctx context.Context, id int64) error {
		if err := c.store.LookNow(ctx, id); err != nil {
			return err
		}
		c.Waker.WakeSource(ctx, id)
		return nil
	})
}

// tend does something to the source in the path and shows the list again.
func (c console) tend(ec echo.Context, deed string, verb func(context.Context, int64) error) error {
	id, err := pathID(ec, "id")
	if err != nil {
		return err
	}
	if err := verb(ec.Request().Context(), id); err != nil {
		return err
	}
	return done(ec, sourcesPage, deed)
}

// topicName is what readers call a topic, "" for one that is no more.
func topicName(topics []topic.Topic, id topic.ID) string {
	for _, t := range topics {
		if t.ID == id {
			return t.Name
		}
	}
	return ""
}
