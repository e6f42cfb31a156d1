package web

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/source"
	"github.com/collabpulse/weekly/internal/subscriber"
)

// overview is the console's first page: what comes next, and what needs somebody.
type overview struct {
	Done     string    // what was just done, "" for nothing
	Next     time.Time // when the next digest goes out, or its slot comes; zero for neither
	Lede     string    // what happens then
	Current  *listed   // the digest in the making or under way, nil for none
	Needs    []need
	Readers  readerCounts
	Troubled []health // sources whose last look failed
	Last     []listed // digests that went out, newest first
	zone     *time.Location
}

// Day is the day of what is next; its year is plain from how soon it comes.
func (o overview) Day() string { return o.Next.In(o.zone).Format("Monday, 2 January") }

// need is one thing that waits for the editor, and where to do it.
type need struct{ Text, Link, Verb string }

// recent is how many digests the overview looks at, and lastShown how many of
// those that went out it shows.
const (
	recent    = 20
	lastShown = 5
)

func (c console) overview(ec echo.Context) error {
	ctx := ec.Request().Context()
	digests, err := c.store.Digests(ctx, recent)
	if err != nil {
		return err
	}
	counts, err := c.store.CountSubscribers(ctx)
	if err != nil {
		return err
	}
	sources, err := c.store.Sources(ctx)
	if err != nil {
		return err
	}
	now := c.Now()
	o := overview{Done: said(ec), Readers: countsOf(counts), Troubled: troubled(now, sources), zone: c.Schedule.Zone}
	if o.Current, o.Last, err = c.currentAndLast(ctx, digests); err != nil {
		return err
	}
	o.Next, o.Lede = next(now, c.nextSlot(now).At, o.Current)
	o.Needs = needs(now, o, sources, counts[subscriber.Active])
	return c.page(ec, http.StatusOK, "console/overview", o)
}

// next is what comes first: the time that the digest in the making was given, or
// the next slot.
func next(now, slot time.Time, current *listed) (at time.Time, lede string) {
	if current != nil && current.Launched.IsZero() && !current.SendAt.IsZero() && (slot.IsZero() || !current.SendAt.After(slot)) {
		if current.State == digest.Approved {
			return current.SendAt, "The digest goes out " + until(now, current.SendAt) + "."
		}
		return current.SendAt, "The digest is due " + until(now, current.SendAt) + "."
	}
	if slot.IsZero() {
		return slot, "Digests go out when an editor sends them."
	}
	return slot, "The next slot comes " + until(now, slot) + "."
}

// currentAndLast finds the digest that is not finished, and those that went out.
func (c console) currentAndLast(ctx context.Context, digests []digest.Digest) (current *listed, last []listed, err error) {
	for _, d := range digests {
		row, err := c.listed(ctx, d)
		if err != nil {
			return nil, nil, err
		}
		if current == nil && row.Open() {
			current = &row
		} else if !d.Launched.IsZero() && len(last) < lastShown {
			last = append(last, row)
		}
	}
	return current, last, nil
}

func troubled(now time.Time, sources []source.Source) []health {
	var list []health
	for _, s := range sources {
		if s.Active && s.Failures > 0 {
			list = append(list, health{Source: s, now: now})
		}
	}
	return list
}

// needs lists what only an editor can do, the most pressing first.
func needs(now time.Time, o overview, sources []source.Source, active int) []need {
	var all []need
	if o.Current != nil {
		if text, verb := o.Current.Need(now); text != "" {
			all = append(all, need{text, o.Current.Path(), verb})
		}
	}
	if len(sources) == 0 {
		all = append(all, need{"No source gives stories yet.", "/console/sources", "Add a source"})
	}
	if n := len(o.Troubled); n > 0 {
		all = append(all, need{plural(n, "source does", "sources do") + " not answer.", "/console/sources", "Look at it"})
	}
	if active == 0 {
		all = append(all, need{"Nobody has confirmed a subscription yet.", "/", "See the sign-up page"})
	}
	return all
}
