package web

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/fault"
)

// DigestList is the digests there are, and how new ones come about.
type DigestList interface {
	// ComposeDigest makes a digest from what is new. It is skipped at once, with the
	// reason, when nothing is.
	ComposeDigest(ctx context.Context, o digest.Order) (d digest.Digest, created bool, err error)
	Digests(ctx context.Context, limit int) ([]digest.Digest, error) // newest first, without line-up
	Digest(ctx context.Context, id int64) (digest.Digest, error)     // with line-up; fault.NotFound
	Tally(ctx context.Context, id int64) (delivery.Tally, error)
}

const digestsPage = "/console/digests"

// digestsShown is how many digests the list goes back: half a year of weeks.
const digestsShown = 26

// listed is a digest in a list, with its figures once it was launched.
type listed struct {
	digest.Digest
	Tally delivery.Tally
	Chart chart
	now   time.Time
	zone  *time.Location
}

// Path is the digest's page.
func (l listed) Path() string { return digestsPage + "/" + strconv.FormatInt(l.ID, 10) }

// Name is what the console calls a digest: its slot's day, or the day on which
// somebody composed it.
func (l listed) Name() string {
	day := l.Composed
	if !l.Slot.IsZero() {
		day = l.Slot.At
	}
	return "Digest of " + day.In(l.zone).Format("2 January 2006")
}

// Open reports whether something is still to happen to it.
func (l listed) Open() bool {
	return digest.Check(l.State, digest.Cancel) == nil
}

// WasLaunched reports whether there are deliveries to count.
func (l listed) WasLaunched() bool { return !l.Launched.IsZero() }

// Waiting is how many readers it has still to reach.
func (l listed) Waiting() int { return l.Tally.Planned - l.Tally.Settled() }

// Until says when it goes out.
func (l listed) Until() string { return until(l.now, l.SendAt) }

// Need says what the digest waits for an editor to do, and the verb that leads
// there; "" when it needs nobody.
func (l listed) Need(now time.Time) (text, verb string) {
	switch {
	case l.State == digest.Draft && !l.SendAt.IsZero():
		return "A draft waits for your approval. Its slot is " + until(now, l.SendAt) + ".", "Shape and approve it"
	case l.State == digest.Draft:
		return "A draft waits for your approval.", "Shape and approve it"
	case l.State == digest.Approved && l.SendAt.IsZero():
		return "An approved digest has no time to go out.", "Schedule or send it"
	case l.State == digest.Held:
		return "A digest was held back and waits for your decision.", "Decide"
	case l.State == digest.Paused:
		return "A digest is paused half way.", "Resume or cancel it"
	}
	return "", ""
}

// listed adds to a digest what a list shows of it.
func (c console) listed(ctx context.Context, d digest.Digest) (listed, error) {
	row := listed{Digest: d, now: c.Now(), zone: c.Schedule.Zone}
	if !row.WasLaunched() {
		return row, nil
	}
	var err error
	if row.Tally, err = c.tally(ctx, d); err != nil {
		return listed{}, err
	}
	row.Chart = chartOf(row.Tally, fewBeats)
	return row, nil
}

// digestsView is the list, with the form to compose one now.
type digestsView struct {
	Form    entry
	Digests []listed
	Next    digest.Slot
	Until   string
	Since   time.Time // what a digest composed now would look back to; zero before the first
}

func (c console) digests(ec echo.Context) error {
	return c.showDigests(ec, http.StatusOK, entry{})
}

func (c console) showDigests(ec echo.Context, status int, form entry) error {
	ctx := ec.Request().Context()
	all, err := c.store.Digests(ctx, digestsShown)
	if err != nil {
		return err
	}
	view := digestsView{Form: form, Next: c.nextSlot(c.Now())}
	view.Until = until(c.Now(), view.Next.At)
	for _, d := range all {
		row, err := c.listed(ctx, d)
		if err != nil {
			return err
		}
		if view.Since.IsZero() && row.WasLaunched() && d.State != digest.Cancelled {
			view.Since = d.Window.To
		}
		view.Digests = append(view.Digests, row)
	}
	return c.page(ec, status, "console/digests", view)
}

// compose makes a digest now, outside the schedule.
func (c console) compose(ec echo.Context) error {
	form, err := readEntry(ec)
	if err != nil {
		return err
	}
	since, err := c.readSince(form.Value("since"))
	if err != nil {
		return c.showDigests(ec, http.StatusUnprocessableEntity, form.wrong(err))
	}
	d, _, err := c.store.ComposeDigest(ec.Request().Context(), digest.Order{Since: since, Limits: c.Limits, Form: digest.ParseForm(form.Value("form"))})
	if mendable(err) {
		return c.showDigests(ec, describe(err).Status, form.wrong(err))
	}
	if err != nil {
		return err
	}
	c.Waker.WakeOutbox(ec.Request().Context()) // editors are told of a new draft by mail
	if d.State == digest.Skipped {
		return ec.Redirect(http.StatusSeeOther, listed{Digest: d}.Path())
	}
	return done(ec, listed{Digest: d}.Path(), "digest-composed")
}

// readSince is the beginning of a day in the schedule's zone, or zero for "since
// the last digest".
func (c console) readSince(typed string) (time.Time, error) {
	if typed == "" {
		return time.Time{}, nil
	}
	day, err := time.Parse(time.DateOnly, typed)
	if err != nil {
		return time.Time{}, fault.Field("since", "A date looks like 2026-11-23.")
	}
	since := digest.Resolve(day, c.Schedule.Zone)
	if since.After(c.Now()) {
		return time.Time{}, fault.Field("since", "That day is still to come.")
	}
	return since, nil
}
