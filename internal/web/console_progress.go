package web

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/progress"
)

// Watcher says how far a digest is. Everybody in the process who asks shares its
// answers, which is why it is not the store itself.
type Watcher interface {
	// Look is the latest look; a fault.NotFound for a digest that nobody knows.
	Look(ctx context.Context, id int64) (progress.Look, error)
}

// course is how a digest gets on, with all that is known while it does.
type course struct {
	listed
	Percent int
	Look    progress.Look // zero once the digest is over
	Pulse   spark
}

// progress answers with the figures as they are now, for whoever wants no stream.
func (c console) progress(ec echo.Context) error {
	part, err := c.courseAt(ec)
	if err != nil {
		return err
	}
	return c.fragment(ec, http.StatusOK, "console/digest", "progress", part)
}

// courseAt looks at the digest in the path.
func (c console) courseAt(ec echo.Context) (course, error) {
	id, err := pathID(ec, "id")
	if err != nil {
		return course{}, err
	}
	return c.course(ec.Request().Context(), id)
}

// course looks at a digest.
func (c console) course(ctx context.Context, id int64) (course, error) {
	d, err := c.store.Digest(ctx, id)
	if err != nil {
		return course{}, err
	}
	row, err := c.listed(ctx, d)
	if err != nil {
		return course{}, err
	}
	return c.courseOf(ctx, row)
}

// courseOf adds to a digest in a list all that its own page shows of its progress.
func (c console) courseOf(ctx context.Context, row listed) (course, error) {
	p := course{listed: row}
	if underWay(row.State) {
		look, err := c.watcher.Look(ctx, row.ID)
		if err != nil {
			return course{}, err
		}
		p.Look, p.Tally, p.Pulse = look, look.Tally, sparkOf(look)
	}
	if planned := p.Tally.Planned; planned > 0 {
		p.Percent = p.Tally.Settled() * 100 / planned
	}
	p.Chart = p.chart()
	return p, nil
}

// underWay reports whether there is a progress to look at.
func underWay(s digest.State) bool { return s == digest.Sending || s == digest.Paused }

// Live reports whether the figures move by themselves.
func (p course) Live() bool { return p.State == digest.Sending }

// chart draws what waits by what it waits for; of a digest that is over nothing does.
func (p course) chart() chart {
	if !underWay(p.State) {
		return chartOf(p.Tally, manyBeats)
	}
	l := p.Look
	return drawn(p.Tally, manyBeats, append(settledFigures(p.Tally),
		figure{"moving", l.InHand()}, figure{"deferred", l.Tally.Deferred}, figure{"resting", l.Held},
		figure{"later", l.Later}, figure{"waiting", l.Due}))
}

// Rate is how fast it goes, "" while nothing goes out.
func (p course) Rate() string {
	if rate := p.Look.PerMinute(); rate > 0 && p.Live() {
		return grouped(rate) + " a minute"
	}
	return ""
}

// Left says how long it takes until everybody has it who can have it now; "" when
// that cannot be told.
func (p course) Left() string {
	left, known := p.Look.Remaining()
	if !known || !p.Live() {
		return ""
	}
	if left < time.Minute {
		return "less than a minute to go"
	}
	return "about " + span(left.Round(time.Minute)) + " to go"
}

// Mornings says who waits for an hour of the day, "" for nobody.
func (p course) Mornings() string {
	if p.Look.Later == 0 {
		return ""
	}
	verb := " wait for their morning, the last at "
	if p.Look.Later == 1 {
		verb = " waits for the morning, at "
	}
	return plural(p.Look.Later, "reader", "readers") + verb + p.hour(p.Look.LastLater) + "."
}

// Resting says who waits because their provider must not get more for now, or nobody
// more today; "" for nobody.
func (p course) Resting() string {
	if p.Look.Held == 0 {
		return ""
	}
	who, waits := plural(p.Look.Held, "reader", "readers"), " wait"
	if p.Look.Held == 1 {
		waits = " waits"
	}
	if p.Look.WarmUp.UsedUp() {
		return who + waits + " for tomorrow: the mails that the warm-up allows today are out."
	}
	return who + waits + " until their provider may get more mail from us; the others go on."
}

// WarmUp says what the calendar of a new sender allows today, "" when it sets no limit.
func (p course) WarmUp() string {
	w := p.Look.WarmUp
	if w.Most == 0 || !p.Live() {
		return ""
	}
	return fmt.Sprintf("Warm-up, day %d of %d: %s of today’s %s mails of digests are out.", w.Day, w.Days, grouped(w.Used), grouped(w.Most))
}

// hour is a time as people say it who mean today or tomorrow.
func (p course) hour(t time.Time) string {
	at, now := t.In(p.zone), p.now.In(p.zone)
	switch at.Format(time.DateOnly) {
	case now.Format(time.DateOnly):
		return at.Format("15:04")
	case now.AddDate(0, 0, 1).Format(time.DateOnly):
		return at.Format("15:04") + " tomorrow"
	}
	return at.Format("15:04 on Monday, 2 January")
}

// Skipped says who was not to be mailed after all, "" for nobody.
func (p course) Skipped() string {
	var words []string
	for _, s := range p.Look.Skips {
		words = append(words, grouped(s.Count)+" "+skipped[s.Reason])
	}
	return list(words)
}

var skipped = map[delivery.Reason]string{
	delivery.NoReason: "for no reason given", delivery.Inactive: "left or paused", delivery.Suppressed: "not to be mailed",
	delivery.Erased: "asked to be forgotten", delivery.Cancelled: "cancelled first", delivery.Obsolete: "no longer needed it",
}

// Spoken is what a screen reader is told now and then: in steps of ten, so that it is
// not talking all the time.
func (p course) Spoken() string {
	if p.Percent < 10 || !p.Live() {
		return ""
	}
	return grouped(p.Percent/10*10) + " percent of the readers are done."
}

// GroupName is a domain group in a table.
func (course) GroupName(g progress.Group) string {
	if name, ok := providers[g.Name]; ok {
		return name
	}
	return g.Name
}

var providers = map[string]string{"": "All others", "gmail": "Gmail", "outlook": "Outlook", "yahoo": "Yahoo", "icloud": "iCloud"}

// GroupState says how a domain group gets on.
func (p course) GroupState(g progress.Group) string {
	switch {
	case g.Resting():
		return "rests until " + p.hour(g.Rest)
	case g.Queued == 0:
		return "done"
	case g.Held > 0 && p.Look.WarmUp.UsedUp():
		return "waits for tomorrow"
	case g.Held > 0 && g.Width == 0:
		return "at its rate"
	case g.Width > 0:
		return "slowly, over " + plural(g.Width, "connection", "connections")
	case g.Deferred > 0 && g.Deferred+g.Later == g.Queued:
		return "put off"
	case g.Later == g.Queued:
		return "waits for its readers’ hour"
	}
	return "open"
}

// RelayState says how a relay gets on.
func (p course) RelayState(r progress.Relay) string {
	switch {
	case !r.Seen:
		return "no worker speaks of it"
	case r.Away && r.Until.After(p.now):
		return "away, tried again at " + r.Until.In(p.zone).Format("15:04:05")
	case r.Away:
		return "away"
	case r.Open == 0:
		return "ready"
	}
	return "in use, " + plural(r.Open, "connection", "connections")
}

// Outside says whom the digest was not planned for, and why, "" for nobody.
func (l listed) Outside() string {
	var words []string
	for _, e := range l.Excluded.Reasons() {
		words = append(words, grouped(e.Count)+" "+e.Words)
	}
	return list(words)
}

// oneLine is a text without line breaks, as a field of a stream needs it.
func oneLine(text string) string { return strings.NewReplacer("\r", " ", "\n", " ").Replace(text) }
