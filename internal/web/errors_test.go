package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/collabpulse/weekly/internal/fault"
)

// failing is a site on which GET and POST /console/fail end in err.
func failing(t *testing.T, err error) *site {
	t.Helper()
	s := newSite(t)
	handler := func(echo.Context) error { return err }
	s.echo.GET("/console/fail/:token", handler)
	s.echo.POST("/console/fail/:token", handler)
	return s
}

func asking(accept string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/console/fail/secret-token", nil)
	r.Header.Set("Accept", accept)
	return r
}

const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

func TestEveryKindOfFaultHasItsStatusAndShowsItsSentence(t *testing.T) {
	t.Parallel()
	for kind, status := range map[fault.Kind]int{
		fault.Invalid: 422, fault.NotFound: 404, fault.Conflict: 409, fault.Gone: 410,
		fault.Limited: 429, fault.Forbidden: 403, fault.Unavailable: 503,
	} {
		s := failing(t, fmt.Errorf("store: a step: %w", fault.Wrap(kind, errors.New("cause 42"), "A sentence to show.")))
		page := s.do(asking(browser))
		if page.Status != status {
			t.Errorf("%s: status %d, want %d", kind, page.Status, status)
		}
		page.shows("main", "A sentence to show.")
		if strings.Contains(page.Body, "cause 42") {
			t.Errorf("%s: the cause is shown", kind)
		}
		if got := page.Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("%s: Cache-Control %q", kind, got)
		}
	}
}

func TestUnforeseenErrorShowsARequestIDAndNothingElse(t *testing.T) {
	t.Parallel()
	s := failing(t, errors.New("disk on fire"))
	page := s.do(asking(browser)).is(http.StatusInternalServerError)
	id := page.Header.Get("X-Request-Id")
	page.shows("code", id)
	if id == "" || strings.Contains(page.Body, "fire") {
		t.Error("the page tells what broke, or no id")
	}
	if got := strings.Count(s.log.String(), "disk on fire"); got != 1 {
		t.Errorf("logged %d times, want once", got)
	}
}

func TestWhoIsNotSignedInIsSentToSignIn(t *testing.T) {
	t.Parallel()
	s := failing(t, fault.New(fault.Unauthorised, "Please sign in."))
	s.do(asking(browser)).goesTo("/console/sign-in")
	s.post("/console/fail/x", nil).is(http.StatusUnauthorized)
	s.do(asking("application/json")).is(http.StatusUnauthorized)

	r := asking("*/*")
	r.Header.Set("HX-Request", "true")
	if got := s.do(r).is(http.StatusUnauthorized); got.Header.Get("HX-Redirect") != "/console/sign-in" {
		t.Error("htmx is not told to leave the page")
	}
}

func TestMachinesGetErrorsInTheirOwnForm(t *testing.T) {
	t.Parallel()
	s := failing(t, fault.Field("subject", "A digest needs a subject."))
	var got struct{ Error problem }
	if err := json.Unmarshal([]byte(s.do(asking("application/json")).is(422).Body), &got); err != nil {
		t.Fatal(err)
	}
	want := problem{Status: 422, Kind: "invalid", Message: "A digest needs a subject.", Field: "subject"}
	if got.Error != want {
		t.Errorf("JSON error %+v, want %+v", got.Error, want)
	}
	if got := s.do(asking("text/plain")).is(422).Body; got != "A digest needs a subject.\n" {
		t.Errorf("text error %q", got)
	}
	s.do(asking("*/*")).is(422).shows("main", "A digest needs a subject.")
}

func TestLimitsAndOutagesSayWhenToTryAgain(t *testing.T) {
	t.Parallel()
	for _, kind := range []fault.Kind{fault.Limited, fault.Unavailable} {
		if got := failing(t, fault.New(kind, "Later.")).do(asking(browser)); got.Header.Get("Retry-After") == "" {
			t.Errorf("%s: no Retry-After", kind)
		}
	}
}

func TestUnknownPagesAndMethodsAreAnsweredKindly(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.get("/nothing").is(http.StatusNotFound).shows("h1", "nothing here")
	r := httptest.NewRequest(http.MethodDelete, "/subscribed", nil)
	if got := s.do(r).is(http.StatusMethodNotAllowed); !strings.Contains(got.Header.Get("Allow"), http.MethodGet) {
		t.Errorf("Allow %q", got.Header.Get("Allow"))
	}
}

func TestErrorAfterTheAnswerBeganIsLogged(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.echo.GET("/half", func(c echo.Context) error {
		return errors.Join(c.String(http.StatusOK, "half"), errors.New("the other half"))
	})
	if got := s.get("/half").is(http.StatusOK); got.Body != "half" {
		t.Errorf("body %q", got.Body)
	}
	if !strings.Contains(s.log.String(), "the other half") {
		t.Error("the error is nowhere")
	}
}

func TestErrorOfAClientThatWentAwayIsNotLogged(t *testing.T) {
	t.Parallel()
	s := failing(t, errors.New("context canceled"))
	r := asking(browser)
	ctx, cancel := context.WithCancel(r.Context())
	cancel()
	s.do(r.WithContext(ctx))
	if strings.Contains(s.log.String(), "request failed") {
		t.Error("somebody closing a window is logged as a failure")
	}
}
