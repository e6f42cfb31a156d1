package web

import (
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/collabpulse/weekly/internal/fault"
)

// problem is an error as the person who met it sees it.
type problem struct {
	Status  int    `json:"status"`
	Kind    string `json:"kind"`
	Title   string `json:"-"`
	Message string `json:"message"`
	Field   string `json:"field,omitempty"`
	Request string `json:"request,omitempty"` // only for what we broke: the id to tell us
}

// heading is the status and the title of a kind of fault.
type heading struct {
	status int
	title  string
}

var headings = map[fault.Kind]heading{
	fault.Internal:     {http.StatusInternalServerError, "Something broke on our side"},
	fault.Invalid:      {http.StatusUnprocessableEntity, "That did not work"},
	fault.NotFound:     {http.StatusNotFound, "There is nothing here"},
	fault.Conflict:     {http.StatusConflict, "That cannot be done now"},
	fault.Gone:         {http.StatusGone, "This link has had its time"},
	fault.Limited:      {http.StatusTooManyRequests, "A little slower, please"},
	fault.Unauthorised: {http.StatusUnauthorized, "Please sign in"},
	fault.Forbidden:    {http.StatusForbidden, "You may not do that"},
	fault.Unavailable:  {http.StatusServiceUnavailable, "Back in a moment"},
}

// signInPage is where somebody who is not signed in is sent.
const signInPage = "/console/sign-in"

// fail turns any error a handler returns into an answer: the one place that
// does. What is not a fault is logged here, once, with the request id, and the
// person is shown that id and nothing else.
func (s *Server) fail(err error, c echo.Context) {
	if c.Response().Committed {
		s.logFailure(c, err)
		return
	}
	p := describe(err)
	if p.Kind == fault.Internal.String() || p.Kind == fault.Unavailable.String() {
		s.logFailure(c, err)
	}
	if p.Status == http.StatusInternalServerError {
		p.Request = requestID(c)
	}
	if err := s.tell(c, p); err != nil {
		s.logFailure(c, err)
	}
}

// logFailure logs an error, unless it is only that the client went away.
func (s *Server) logFailure(c echo.Context, err error) {
	if c.Request().Context().Err() != nil {
		return
	}
	s.Log.ErrorContext(c.Request().Context(), "request failed",
		"request", requestID(c), "method", c.Request().Method, "route", route(c), "error", err.Error())
}

// describe finds what there is to say about an error.
func describe(err error) problem {
	if p, ok := describeHTTP(err); ok {
		return p
	}
	kind := fault.KindOf(err)
	h := headings[kind]
	p := problem{Status: h.status, Kind: kind.String(), Title: h.title, Message: fault.Message(err)}
	if f, ok := errors.AsType[*fault.Error](err); ok {
		p.Field = f.Field
	}
	return p
}

// describeHTTP does so for the errors of the router and of the body limit.
func describeHTTP(err error) (problem, bool) {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return problem{Status: http.StatusRequestEntityTooLarge, Kind: "too large", Title: "That is too much at once",
			Message: "What you sent is larger than this form takes."}, true
	}
	he, ok := errors.AsType[*echo.HTTPError](err)
	if !ok {
		return problem{}, false
	}
	switch {
	case he.Code == http.StatusNotFound:
		return describe(errNoPage), true
	case he.Code >= http.StatusInternalServerError:
		return problem{}, false
	}
	text := http.StatusText(he.Code)
	return problem{Status: he.Code, Kind: strings.ToLower(text), Title: "That did not work", Message: text + "."}, true
}

var errNoPage = fault.New(fault.NotFound, "The page you asked for does not exist. It may have moved, or the link was cut short.")

// tell answers with the problem in the form the client prefers.
func (s *Server) tell(c echo.Context, p problem) error {
	h := c.Response().Header()
	h.Set(echo.HeaderCacheControl, "no-store")
	if p.Status == http.StatusTooManyRequests || p.Status == http.StatusServiceUnavailable {
		h.Set(echo.HeaderRetryAfter, "60")
	}
	form := preferred(c.Request())
	if p.Status == http.StatusUnauthorized && c.Request().Method == http.MethodGet && form == asPage {
		return askToSignIn(c)
	}
	switch form {
	case asJSON:
		return c.JSON(p.Status, map[string]problem{"error": p})
	case asText:
		return c.String(p.Status, p.Message+"\n")
	}
	if err := s.page(c, p.Status, "public/error", p); err != nil {
		s.logFailure(c, err)
		return c.String(http.StatusInternalServerError, fault.Message(err)+"\n")
	}
	return nil
}

// askToSignIn sends a browser to the sign-in page. A request made by htmx is
// told to move the whole page there, instead of swapping it into a fragment.
func askToSignIn(c echo.Context) error {
	if c.Request().Header.Get("HX-Request") != "" {
		c.Response().Header().Set("HX-Redirect", signInPage)
		return c.NoContent(http.StatusUnauthorized)
	}
	return c.Redirect(http.StatusSeeOther, signInPage)
}

type form uint8

const (
	asPage form = iota
	asJSON
	asText
)

// preferred reads the Accept field (RFC 9110 §12.5.1): a page, unless the client
// names JSON or plain text and does not name HTML.
func preferred(r *http.Request) form {
	accept := r.Header.Get(echo.HeaderAccept)
	switch {
	case strings.Contains(accept, echo.MIMETextHTML):
		return asPage
	case strings.Contains(accept, echo.MIMEApplicationJSON):
		return asJSON
	case strings.Contains(accept, echo.MIMETextPlain):
		return asText
	}
	return asPage
}
