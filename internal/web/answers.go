package web

import (
	"net/url"
	"strconv"
	"time"

	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/subscriber"
	"github.com/collabpulse/weekly/internal/topic"
)

// answers are the fields of the page of preferences as they are typed and chosen.
type answers struct {
	Slugs    []string // of the topics
	Cadence  string
	Break    string // one of the breaks
	Until    string // the day on which a break "until" ends
	Hour     string // "" for the digest's own
	Timezone string // "" for the digest's own
	Format   string
}

// The breaks that a reader can take, and the formats of a digest. A pause without end
// is one that an operator brought along: nobody can choose it, but whoever has it
// keeps it until they end it.
const (
	noBreak  = "none"
	twoWeeks = "two-weeks"
	aMonth   = "month"
	untilDay = "until"
	endless  = "endless"

	plainFormat = "plain"
	fullFormat  = "full"
)

// answersOf are the answers that a reader gave before.
func answersOf(r subscriber.Subscriber, topics []topic.Topic, zone *time.Location) answers {
	a := answers{Cadence: r.Cadence.String(), Break: noBreak, Timezone: r.Timezone, Format: fullFormat}
	for _, t := range topics {
		if r.Topics.Has(t.ID) {
			a.Slugs = append(a.Slugs, t.Slug)
		}
	}
	if r.Hour >= 0 {
		a.Hour = strconv.Itoa(r.Hour)
	}
	if r.Plain {
		a.Format = plainFormat
	}
	switch {
	case r.State != subscriber.Paused:
	case r.PausedUntil.IsZero():
		a.Break = endless
	default:
		a.Break, a.Until = untilDay, r.PausedUntil.In(zone).Format(time.DateOnly)
	}
	return a
}

// readAnswers reads the form.
func readAnswers(form url.Values) answers {
	return answers{
		Slugs: ticked(form), Cadence: form.Get("cadence"), Break: form.Get("break"), Until: form.Get("until"),
		Hour: form.Get("hour"), Timezone: form.Get("timezone"), Format: form.Get("format"),
	}
}

// preferences checks the answers of a reader. The errors are faults of the kind
// fault.Invalid on the field that is wrong.
func (a answers) preferences(r subscriber.Subscriber, topics []topic.Topic, zoneOf func(string) *time.Location, now time.Time) (p subscriber.Preferences, err error) {
	p = r.Preferences()
	if len(a.Slugs) == 0 {
		return p, fault.Field("topic", "Tick at least one topic. To get nothing for a while, take a break.")
	}
	if p.Topics, err = topic.FromSlugs(topics, a.Slugs); err != nil {
		return p, err
	}
	if p.Cadence, err = subscriber.ParseCadence(a.Cadence); err != nil {
		return p, err
	}
	if p.Timezone, err = subscriber.ParseTimezone(a.Timezone); err != nil {
		return p, err
	}
	hour, err := subscriber.ParseHour(a.Hour)
	if err != nil {
		return p, err
	}
	p.Hour, p.Plain = subscriber.AnyHour, a.Format == plainFormat
	if hour != nil {
		p.Hour = *hour
	}
	p.Pause, err = a.pause(r, zoneOf(p.Timezone), now)
	return p, err
}

// pause reads the break that a reader takes.
func (a answers) pause(r subscriber.Subscriber, zone *time.Location, now time.Time) (subscriber.Pause, error) {
	from := now.In(zone)
	midnight := time.Date(from.Year(), from.Month(), from.Day(), 0, 0, 0, 0, zone)
	switch a.Break {
	case "", noBreak:
		return subscriber.Pause{}, nil
	case twoWeeks:
		return subscriber.Pause{On: true, Until: midnight.AddDate(0, 0, 14)}, nil
	case aMonth:
		return subscriber.Pause{On: true, Until: midnight.AddDate(0, 1, 0)}, nil
	case untilDay:
		until, err := subscriber.ParsePauseEnd(a.Until, zone, now)
		return subscriber.Pause{On: true, Until: until}, err
	case endless:
		if p := r.Preferences().Pause; p.On && p.Until.IsZero() {
			return p, nil
		}
	}
	return subscriber.Pause{}, fault.Field("break", "Choose one of the breaks.")
}
