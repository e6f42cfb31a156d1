package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/collabpulse/weekly/internal/digest"
)

// progress is how far a digest has got.
type progress struct {
	listed
	Percent int
	Rate    string // "1,200 a minute", "" while there is nothing to go by
	Left    string // how long the rest takes at that rate, "" when that is not known
	Poll    string // where the next look is taken
}

// mark is an earlier look at the same digest: it makes a rate out of two counts.
type mark struct {
	Settled int
	At      time.Time
}

// progress answers htmx with the figures as they are now. Once the digest is no
// longer under way it has the whole page loaded again, whose actions differ.
func (c console) progress(ec echo.Context) error {
	id, err := pathID(ec, "id")
	if err != nil {
		return err
	}
	d, err := c.store.Digest(ec.Request().Context(), id)
	if err != nil {
		return err
	}
	if d.State != digest.Sending {
		ec.Response().Header().Set("HX-Refresh", "true")
	}
	row, err := c.listed(ec.Request().Context(), d)
	if err != nil {
		return err
	}
	return c.fragment(ec, http.StatusOK, "console/digest", "progress", progressOf(row, readMark(ec)))
}

// readMark reads the earlier look out of the address; zero when there was none.
func readMark(ec echo.Context) mark {
	settled, err1 := strconv.Atoi(ec.QueryParam("settled"))
	at, err2 := strconv.ParseInt(ec.QueryParam("at"), 10, 64)
	if err1 != nil || err2 != nil {
		return mark{}
	}
	return mark{settled, time.UnixMilli(at)}
}

// progressOf works out the figures. Without an earlier look the rate is the
// average since the launch.
func progressOf(l listed, last mark) progress {
	p := progress{listed: l}
	p.Chart = chartOf(l.Tally, manyBeats)
	settled, planned := l.Tally.Settled(), l.Tally.Planned
	if planned > 0 {
		p.Percent = settled * 100 / planned
	}
	if last.At.IsZero() {
		last.At = l.Launched
	}
	perSecond := float64(settled-last.Settled) / l.now.Sub(last.At).Seconds()
	if l.State == digest.Sending && perSecond > 0 && l.now.After(last.At) {
		p.Rate = grouped(int(perSecond*60)) + " a minute"
		if !l.Frozen.IsZero() {
			p.Left = span(time.Duration(float64(planned-settled) / perSecond * float64(time.Second)))
		}
	}
	query := url.Values{"settled": {fmt.Sprint(settled)}, "at": {fmt.Sprint(l.now.UnixMilli())}}
	p.Poll = l.Path() + "/progress?" + query.Encode()
	return p
}

// Outside says whom the digest was not planned for, and why, "" for nobody.
func (l listed) Outside() string {
	x := l.Excluded
	var words []string
	for _, reason := range []struct {
		count int
		word  string
	}{
		{x.NoStories, "with nothing in their topics"}, {x.Pending, "not confirmed yet"}, {x.Paused, "paused"},
		{x.Unsubscribed, "unsubscribed"}, {x.Suppressed, "suppressed"}, {x.Erased, "erased"},
		{x.OutsideAudience, "not in the audience"},
	} {
		if reason.count > 0 {
			words = append(words, grouped(reason.count)+" "+reason.word)
		}
	}
	return list(words)
}
