package web

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/collabpulse/weekly/internal/address"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/subscriber"
)

// linkByMail is a form that mails a fresh link to whoever has none that works.
type linkByMail struct {
	doing      string // what its limit is called
	form, done string // the pages before and after
	ask        func(ctx context.Context, to address.Address) error
}

// mailForm is what such a form shows.
type mailForm struct {
	Email, Error string
	Broken       bool // a link was tried, and proved nothing or is too old
}

// mailLink takes the form. Every address gets the same answer.
func (s *Server) mailLink(c echo.Context, l linkByMail) error {
	if err := readForm(c); err != nil {
		return err
	}
	typed := c.Request().PostFormValue("email")
	to, err := address.Parse(typed)
	if err != nil {
		return s.page(c, http.StatusUnprocessableEntity, l.form, mailForm{Email: typed, Error: fault.Message(err)})
	}
	if err := s.enter(c, l.doing, subscriber.Quota{}); err != nil {
		return s.page(c, http.StatusTooManyRequests, l.form, mailForm{Email: typed, Error: fault.Message(err)})
	}
	ctx := c.Request().Context()
	if err := l.ask(ctx, to); err != nil {
		return err
	}
	s.Waker.WakeOutbox(ctx)
	return s.page(c, http.StatusOK, l.done, nil)
}
