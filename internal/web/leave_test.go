package web

import (
	"bytes"
	"context"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/collabpulse/weekly/internal/link"
	"github.com/collabpulse/weekly/internal/subscriber"
)

func TestOpeningALeaveLinkChangesNothingAndNamesNobody(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	page := s.get("/leave/" + s.active("mara@example.com")).is(http.StatusOK)
	if page.find("form[method=post] button").Length() != 1 {
		t.Error("there is no button to leave with")
	}
	if strings.Contains(page.Body, "mara") {
		t.Error("the page gives the address away")
	}
	if got := s.reader("mara@example.com").State; got != subscriber.Active {
		t.Errorf("looking made the reader %s", got)
	}
}

// oneClick is a POST as mail providers make it: no cookie, no browser's fields.
func oneClick(token, contentType, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/leave/"+token, strings.NewReader(body))
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	return r
}

func multipartClick(t *testing.T) (contentType, body string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	if err := w.WriteField("List-Unsubscribe", "One-Click"); err != nil {
		t.Fatal(err)
	}
	w.Close()
	return w.FormDataContentType(), b.String()
}

// RFC 8058 §3.1 and §3.2.
func TestOneClickLeavesAtOnceHoweverItIsSent(t *testing.T) {
	t.Parallel()
	kind, parts := multipartClick(t)
	for name, try := range map[string]struct{ contentType, body string }{
		"urlencoded":          {"application/x-www-form-urlencoded", "List-Unsubscribe=One-Click"},
		"multipart":           {kind, parts},
		"without a body":      {"", ""},
		"with another's body": {"text/plain; ;;", "hello"},
		"damaged multipart":   {"multipart/form-data; boundary=x", "--y"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			token := s.active("mara@example.com")
			got := s.do(oneClick(token, try.contentType, try.body)).is(http.StatusOK)
			if len(got.Header.Values("Set-Cookie")) != 0 || got.Header.Get("Location") != "" {
				t.Error("the answer sets a cookie or redirects")
			}
			r := s.reader("mara@example.com")
			if r.State != subscriber.Unsubscribed {
				t.Errorf("the reader is %s", r.State)
			}
			kept, err := s.store.Consents(context.Background(), r.ID)
			if err != nil || len(kept) != 3 {
				t.Fatalf("%d consents, want 3 (%v)", len(kept), err)
			}
		})
	}
}

func TestOneClickNeedsNoBrowser(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	r := oneClick(s.active("mara@example.com"), "application/x-www-form-urlencoded", "List-Unsubscribe=One-Click")
	r.Header.Set("Origin", "https://mail.example")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	r.Header.Set("Cookie", "pulse_session=forged")
	s.do(r).is(http.StatusOK)
}

func TestEvidenceTellsTheButtonFromOneClick(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.post("/leave/"+s.active("button@example.com"), url.Values{"button": {"leave"}}).is(http.StatusOK)
	s.do(oneClick(s.active("click@example.com"), "application/x-www-form-urlencoded", "List-Unsubscribe=One-Click")).is(http.StatusOK)
	for email, want := range map[string]string{"button@example.com": "form", "click@example.com": "mail"} {
		kept, err := s.store.Consents(context.Background(), s.reader(email).ID)
		if err != nil {
			t.Fatal(err)
		}
		pages := map[string]bool{}
		for _, c := range kept {
			if c.Kind.String() == "left" {
				pages[c.Evidence.Page] = true
			}
		}
		if diff := cmp.Diff(map[string]bool{want: true}, pages); diff != "" {
			t.Errorf("%s left (-want +got):\n%s", want, diff)
		}
	}
}

func TestLeavingAgainAndAfterErasureIsStillOK(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	token := s.active("mara@example.com")
	first := s.do(oneClick(token, "", "")).is(http.StatusOK)
	again := s.do(oneClick(token, "", "")).is(http.StatusOK)
	s.get("/leave/"+token).is(http.StatusOK).shows("h1", "off the list")
	if err := s.store.EraseSubscriber(context.Background(), parse(t, "mara@example.com")); err != nil {
		t.Fatal(err)
	}
	erased := s.do(oneClick(token, "", "")).is(http.StatusOK)
	s.get("/leave/"+token).is(http.StatusOK).shows("h1", "off the list")
	if first.Body != again.Body || first.Body != erased.Body {
		t.Error("the answers differ")
	}
}

func TestLeaveLinkThatProvesNothingOffersAFreshOneAndIsCounted(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	s := newSite(t, func(c *Config) { c.Registry = registry })
	s.active("mara@example.com")
	mine := s.reader("mara@example.com").ID
	for name, token := range map[string]string{
		"garbage": "garbage", "somebody else's key": link.NewKey().Token(link.Leave, mine), "nobody's": link.NewKey().Token(link.Leave, 9999),
	} {
		for _, got := range []answer{s.get("/leave/" + token), s.do(oneClick(token, "", ""))} {
			if got.Status != http.StatusNotFound || got.find("form[action='/leave'][method=post] input[name=email]").Length() != 1 {
				t.Errorf("%s: status %d, want 404 with a form", name, got.Status)
			}
		}
	}
	if got := s.reader("mara@example.com").State; got != subscriber.Active {
		t.Errorf("the reader is %s", got)
	}
	if got := counted(t, registry, "pulse_leave_unverified_total"); got != 6 {
		t.Errorf("%v counted, want 6", got)
	}
}

func counted(t *testing.T, r *prometheus.Registry, name string) float64 {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetCounter().GetValue()
		}
	}
	return -1
}

func TestOneClickThatCouldNotBeStoredAsksToTryAgain(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	token := s.active("mara@example.com")
	s.store.Close()
	got := s.do(oneClick(token, "", "")).is(http.StatusServiceUnavailable)
	if got.Header.Get("Retry-After") == "" {
		t.Error("the answer does not say when to try again")
	}
	if !strings.Contains(s.log.String(), "request failed") {
		t.Error("the failure is not in the log")
	}
	s.get("/leave/" + token).is(http.StatusInternalServerError)
	s.post("/leave", url.Values{"email": {"mara@example.com"}}).is(http.StatusInternalServerError)
}

func TestAskingForALeaveLinkAnswersTheSameToEveryAddress(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.active("mara@example.com")
	woken := s.waker.outbox
	known := s.post("/leave", url.Values{"email": {"mara@example.com"}}).is(http.StatusOK).same()
	unknown := s.post("/leave", url.Values{"email": {"nobody@example.com"}}).is(http.StatusOK).same()
	if diff := cmp.Diff(known, unknown, cmp.AllowUnexported(answer{})); diff != "" {
		t.Errorf("a reader can be told from a stranger (-reader +stranger):\n%s", diff)
	}
	if s.waker.outbox != woken+2 {
		t.Error("the outbox was not woken for both alike")
	}
}

func TestAskingForALeaveLinkSaysWhatIsWrongWithTheAddress(t *testing.T) {
	t.Parallel()
	page := newSite(t).post("/leave", url.Values{"email": {"mara"}}).is(http.StatusUnprocessableEntity)
	page.shows("#email-error", "@")
	if page.find("#email").AttrOr("aria-describedby", "") != "email-error" {
		t.Error("the error is not tied to its field")
	}
}

func TestWhoHasNoLinkAtHandCanAskForOne(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	page := s.get("/leave").is(http.StatusOK)
	if page.find("form[action='/leave'] input[name=email]").Length() != 1 || page.find("footer a[href='/leave']").Length() != 1 {
		t.Error("there is no form to leave by mail, or no way to it")
	}
}

func TestLeavingByThePageCanBeTakenBackForAQuarterOfAnHour(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	button := url.Values{"button": {"leave"}}
	undo := func(page answer) string { return page.find("form[action^='/undo/']").AttrOr("action", "") }
	path := "/leave/" + s.active("mara@example.com")
	back := undo(s.post(path, button).is(http.StatusOK))
	s.get(back).is(http.StatusMethodNotAllowed) // a scanner that opens everything brings nobody back
	for range 2 {
		s.post(back, nil).is(http.StatusOK).shows("h1", "still in")
		if got := s.reader("mara@example.com").State; got != subscriber.Active {
			t.Errorf("the reader is %s", got)
		}
	}
	s.clock.Advance(time.Minute)
	s.post(path, button).is(http.StatusOK)
	s.post(back, nil).is(http.StatusGone) // of the first time
	again := undo(s.post(path, button).is(http.StatusOK))
	if again != "" {
		t.Error("who had left before is offered to come back without asking")
	}
	late := undo(s.post("/leave/"+s.active("noor@example.com"), button).is(http.StatusOK))
	s.clock.Advance(link.UndoFor)
	s.post(late, nil).is(http.StatusGone)
	s.post("/undo/x", nil).is(http.StatusGone)
	for _, email := range []string{"mara@example.com", "noor@example.com"} {
		if got := s.reader(email).State; got != subscriber.Unsubscribed {
			t.Errorf("%s is %s", email, got)
		}
	}
}

func TestOnlyWhoReadCanComeBackWithoutConfirming(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.pending("mara@example.com")
	r := s.reader("mara@example.com")
	path := "/leave/" + r.Key.Token(link.Leave, r.ID)
	if s.get(path).is(http.StatusOK).find("a[href*='/preferences/']").Length() != 0 {
		t.Error("who has not confirmed is offered preferences")
	}
	page := s.post(path, url.Values{"button": {"leave"}}).is(http.StatusOK)
	if page.find("form[action^='/undo/']").Length() != 0 {
		t.Error("who has not confirmed could come in by leaving")
	}
	machine := s.do(oneClick(s.active("noor@example.com"), "", "")).is(http.StatusOK)
	if machine.find("form").Length() != 0 {
		t.Error("a mail client is offered a button")
	}
}

func TestTheLeavePageOffersLessInstead(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	href := s.get("/leave/"+s.active("mara@example.com")).is(http.StatusOK).find("a[href*='/preferences/']").AttrOr("href", "")
	path := strings.TrimPrefix(href, "https://weekly.test")
	s.get(path).is(http.StatusOK).shows("h1", "What you get")
	s.clock.Advance(link.InsteadFor)
	s.get(path).is(http.StatusGone)
}
