package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/collabpulse/weekly/internal/address"
	"github.com/collabpulse/weekly/internal/consent"
	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/subscriber"
	"github.com/collabpulse/weekly/internal/topic"
)

// Readers signs people up and confirms them.
type Readers interface {
	Topics(ctx context.Context) ([]topic.Topic, error)
	// SignUp answers the same whatever is known of the address.
	SignUp(ctx context.Context, r subscriber.Request) error
	// Confirm makes a pending subscriber active. A sign-up that is no longer the
	// newest, or was withdrawn, is a fault.Gone.
	Confirm(ctx context.Context, id, stamp int64, ev subscriber.Evidence) (subscriber.Subscriber, error)
}

// signUpForm is the sign-up form as it is shown, with what was typed before.
type signUpForm struct {
	Topics  []choice
	Cadence string
	Email   string
	Error   string // about the address
	Problem string // about anything else
	Wording string
	Next    digest.Slot
	Latest  *digest.Digest // the newest digest that went out, nil before the first
}

type choice struct {
	topic.Topic
	Ticked bool
}

// home shows the sign-up form, every topic ticked.
func (s *Server) home(c echo.Context) error {
	topics, err := s.Readers.Topics(c.Request().Context())
	if err != nil {
		return err
	}
	return s.showForm(c, http.StatusOK, signUpForm{Topics: choices(topics, anyTopic)})
}

func (s *Server) showForm(c echo.Context, status int, f signUpForm) error {
	latest, err := s.newest(c.Request().Context())
	if err != nil {
		return err
	}
	f.Wording, f.Latest, f.Next = consent.Wording, latest, s.nextSlot(s.Now())
	return s.page(c, status, "public/home", f)
}

// choices lists the topics in their order, those ticked that are chosen.
func choices(topics []topic.Topic, chosen func(topic.Topic) bool) []choice {
	list := make([]choice, len(topics))
	for i, t := range topics {
		list[i] = choice{Topic: t, Ticked: chosen(t)}
	}
	slices.SortStableFunc(list, func(a, b choice) int { return a.Position - b.Position })
	return list
}

func anyTopic(topic.Topic) bool { return true }

// nextSlot is when the next digest goes out; zero without a schedule.
func (s *Server) nextSlot(now time.Time) digest.Slot {
	if s.Schedule.Name == "" {
		return digest.Slot{}
	}
	return s.Schedule.Next(now)
}

// subscribe takes the form. Whatever is known of the address, the answer is the
// same page; only what the person can see to be wrong brings the form back.
func (s *Server) subscribe(c echo.Context) error {
	ctx := c.Request().Context()
	if err := readForm(c); err != nil {
		return err
	}
	if c.Request().PostFormValue("website") != "" { // the field people do not see
		return c.Redirect(http.StatusSeeOther, "/subscribed")
	}
	topics, err := s.Readers.Topics(ctx)
	if err != nil {
		return err
	}
	request, err := s.readRequest(c, topics)
	if fault.Is(err, fault.Invalid) {
		return s.showForm(c, http.StatusUnprocessableEntity, retry(c, topics, err))
	}
	if err != nil {
		return err
	}
	if err := s.enter(c, signingUp, s.Quotas.SignUps); err != nil {
		return s.showForm(c, http.StatusTooManyRequests, retry(c, topics, err))
	}
	if err := s.Readers.SignUp(ctx, request); err != nil {
		return err
	}
	s.Waker.WakeOutbox(ctx)
	return c.Redirect(http.StatusSeeOther, "/subscribed")
}

func (s *Server) readRequest(c echo.Context, topics []topic.Topic) (subscriber.Request, error) {
	to, err := address.Parse(c.Request().PostFormValue("email"))
	if err != nil {
		return subscriber.Request{}, err
	}
	chosen, err := topic.FromSlugs(topics, ticked(c.Request().PostForm))
	if err != nil {
		return subscriber.Request{}, err
	}
	cadence, err := subscriber.ParseCadence(c.Request().PostFormValue("cadence"))
	if err != nil {
		return subscriber.Request{}, err
	}
	return subscriber.Request{
		Address: to, Topics: chosen, Cadence: cadence, Language: frameLanguage(c), Timezone: frameTimezone(c),
		Evidence: s.evidence(c, s.formPage(c)),
	}, nil
}

// ticked are the slugs of the topics that were chosen. Our own boxes are called
// "topic[]", which tells validators that they are one group; a form on another
// site may leave the brackets out.
func ticked(form url.Values) []string {
	return slices.Concat(form["topic[]"], form["topic"])
}

// retry is the form as it was sent, with what is wrong beside the field.
func retry(c echo.Context, topics []topic.Topic, err error) signUpForm {
	slugs := ticked(c.Request().PostForm)
	chosen := func(t topic.Topic) bool { return len(slugs) == 0 || slices.Contains(slugs, t.Slug) }
	f := signUpForm{Topics: choices(topics, chosen), Email: c.Request().PostFormValue("email"), Cadence: c.Request().PostFormValue("cadence")}
	if describe(err).Field == "email" {
		f.Error = fault.Message(err)
	} else {
		f.Problem = fault.Message(err)
	}
	return f
}

// subscribed tells everybody to look into their mailbox.
func (s *Server) subscribed(c echo.Context) error {
	return s.page(c, http.StatusOK, "public/subscribed", nil)
}
