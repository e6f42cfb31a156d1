package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/collabpulse/weekly/internal/address"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/link"
	"github.com/collabpulse/weekly/internal/subscriber"
	"github.com/collabpulse/weekly/internal/topic"
)

// Choosers let readers change what they get. A link's claim names the reader and how
// often their address had changed when it was made; one that opens nothing any more
// is a fault.Gone.
type Choosers interface {
	Preferring(ctx context.Context, id, moves int64) (subscriber.Subscriber, error)
	Prefer(ctx context.Context, id, moves int64, p subscriber.Preferences, ev subscriber.Evidence) error
	// AskForPreferences mails a fresh link, and answers the same to every address.
	AskForPreferences(ctx context.Context, to address.Address) error
}

// showPreferences shows what the reader chose. The page names nobody, so a forwarded
// mail gives no address away.
func (s *Server) showPreferences(c echo.Context) error {
	reader, err := s.preferring(c)
	if err != nil {
		return s.cannotPrefer(c, err)
	}
	topics, err := s.Readers.Topics(c.Request().Context())
	if err != nil {
		return err
	}
	f := s.preferencesForm(reader, topics, answersOf(reader, topics, s.zoneOf(reader.Timezone)))
	f.Saved = c.QueryParam("saved") != ""
	return s.page(c, http.StatusOK, "public/preferences", f)
}

// savePreferences takes the form. What cannot be right brings it back as it was sent.
func (s *Server) savePreferences(c echo.Context) error {
	reader, err := s.preferring(c)
	if err != nil {
		return s.cannotPrefer(c, err)
	}
	if err := readForm(c); err != nil {
		return err
	}
	ctx := c.Request().Context()
	topics, err := s.Readers.Topics(ctx)
	if err != nil {
		return err
	}
	a := readAnswers(c.Request().PostForm)
	p, err := a.preferences(reader, topics, s.zoneOf, s.Now())
	if fault.Is(err, fault.Invalid) {
		f := s.preferencesForm(reader, topics, a)
		f.Field, f.Problem = describe(err).Field, fault.Message(err)
		return s.page(c, http.StatusUnprocessableEntity, "public/preferences", f)
	}
	if err != nil {
		return err
	}
	err = s.Choosers.Prefer(ctx, reader.ID, reader.Moves, p, s.evidence(c, "preferences"))
	if fault.Is(err, fault.Gone) { // left, or moved, since the page was opened
		return s.cannotPrefer(c, err)
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/preferences/"+url.PathEscape(c.Param("token"))+"?saved=1")
}

// preferring is whose link it is. The error is a fault.NotFound for a link that is not
// ours, and a fault.Gone for one that opens nothing any more.
func (s *Server) preferring(c echo.Context) (subscriber.Subscriber, error) {
	claim, err := s.Signer.Verify(link.Preferences, c.Param("token"), s.Now())
	switch {
	case errors.Is(err, link.ErrExpired):
		return subscriber.Subscriber{}, fault.Wrap(fault.Gone, err, "This link is too old.")
	case err != nil:
		return subscriber.Subscriber{}, fault.Wrap(fault.NotFound, err, "This link is not one of ours.")
	}
	return s.Choosers.Preferring(c.Request().Context(), claim.Subject, claim.Stamp)
}

// cannotPrefer answers a link that opens nothing with a form that mails a fresh one.
func (s *Server) cannotPrefer(c echo.Context, err error) error {
	if !fault.Is(err, fault.Gone) && !fault.Is(err, fault.NotFound) {
		return err
	}
	return s.page(c, describe(err).Status, "public/unpreferred", mailForm{Broken: true})
}

// preferencesByMail is for who has no link at hand.
func (s *Server) preferencesByMail(c echo.Context) error {
	return s.page(c, http.StatusOK, "public/unpreferred", mailForm{})
}

// askPreferencesLink takes that form.
func (s *Server) askPreferencesLink(c echo.Context) error {
	return s.mailLink(c, linkByMail{choosing, "public/unpreferred", "public/preferences-asked", s.Choosers.AskForPreferences})
}

// zoneOf is a reader's zone; the schedule's stands for none.
func (s *Server) zoneOf(name string) *time.Location {
	if zone, err := time.LoadLocation(name); err == nil && name != "" {
		return zone
	}
	return s.Schedule.Zone
}

// preferencesForm is the page of preferences.
type preferencesForm struct {
	answers
	Topics         []choice
	Hours          []int
	Zones          []zoneGroup
	Paused         bool
	PausedUntil    string // the day in words, "" for no end
	First, Last    string // the days a pause may end on
	Leave          string
	Saved          bool
	Field, Problem string // what is wrong, if anything
}

func (s *Server) preferencesForm(reader subscriber.Subscriber, topics []topic.Topic, a answers) preferencesForm {
	today := s.Now().In(s.zoneOf(reader.Timezone))
	return preferencesForm{
		answers:     a,
		Topics:      choices(topics, func(t topic.Topic) bool { return slices.Contains(a.Slugs, t.Slug) }),
		Hours:       hours(),
		Zones:       zonesWith(a.Timezone),
		Paused:      reader.State == subscriber.Paused,
		PausedUntil: dayIn(reader.PausedUntil, today.Location()),
		First:       today.AddDate(0, 0, 1).Format(time.DateOnly),
		Last:        today.AddDate(1, 0, 0).Format(time.DateOnly),
		Leave:       s.Site.Leave(reader.Key.Token(link.Leave, reader.ID)),
	}
}

// dayIn is the day of an instant by a zone's clocks, "" for none.
func dayIn(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return ""
	}
	return t.In(zone).Format("Monday, 2 January 2006")
}

func hours() []int {
	all := make([]int, 24)
	for h := range all {
		all[h] = h
	}
	return all
}
