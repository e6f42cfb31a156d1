package web

import (
	"bytes"
	"context"
	"errors"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/consent"
	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/subscriber"
	"github.com/collabpulse/weekly/internal/suppression"
	"github.com/collabpulse/weekly/internal/topic"
)

func TestSignUpPageOffersEveryTopicTickedAndSaysWhatIsAgreedTo(t *testing.T) {
	t.Parallel()
	page := newSite(t).get("/").is(http.StatusOK)
	if got, want := page.find("input[name='topic[]'][checked]").Length(), len(topic.Defaults()); got != want {
		t.Errorf("%d topics ticked, want %d", got, want)
	}
	page.shows("form", consent.Wording).shows("form label[for=email]", "email address")
	page.shows("main", "Tuesday, 24 November 2026, 09:00 (Europe/Berlin)")
	email := page.find("form[action='/subscribe'][method=post] input#email")
	if got := email.AttrOr("autocomplete", ""); got != "email" {
		t.Errorf("autocomplete %q, want email", got)
	}
	if page.find("form a[href='/privacy']").Length() != 1 {
		t.Error("the form has no link to the privacy page")
	}
	trap := page.find("[aria-hidden=true] input[name=website]")
	if trap.Length() != 1 || trap.AttrOr("tabindex", "") != "-1" {
		t.Error("the honeypot can be reached by people")
	}
}

func TestSignUpPageShowsTheLatestDigestOnceThereIsOne(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	if s.get("/").find(".latest").Length() != 0 {
		t.Error("a latest digest is shown before the first")
	}
	s.archive.publish(digest.Digest{ID: 3, Subject: "Bread & <salt>", Launched: s.clock.Now()})
	s.get("/").shows(".latest a[href='/digests/3']", "Bread & <salt>")
}

func TestSignUpMakesAPendingReaderWithTheirChoicesAndEvidence(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	r := posting("/subscribe", url.Values{
		"email": {" Mara@Example.com "}, "topic[]": {"tips-tools", "social-good"}, "timezone": {"Asia/Tokyo"}, "language": {"pt-BR"}, "cadence": {"monthly"},
	})
	r.Header.Set("User-Agent", strings.Repeat("ä", 300))
	r.RemoteAddr = "203.0.113.7:4711"
	s.do(r).goesTo("/subscribed")

	got := s.reader("mara@example.com")
	if got.State != subscriber.Pending || got.Topics != topic.Of(2, 4) || got.Cadence != subscriber.Monthly || got.Timezone != "Asia/Tokyo" || got.Language != "pt" {
		t.Errorf("the reader is %+v", got)
	}
	kept, err := s.store.Consents(context.Background(), got.ID)
	if err != nil || len(kept) != 1 {
		t.Fatalf("%d consents, want 1 (%v)", len(kept), err)
	}
	want := subscriber.Evidence{Network: "203.0.113.7", UserAgent: strings.Repeat("ä", 200), Page: "form", Wording: consent.Wording,
		Detail: "topics=20 cadence=monthly language=pt timezone=Asia/Tokyo"}
	if diff := cmp.Diff(want, kept[0].Evidence); diff != "" || kept[0].Kind != consent.Asked {
		t.Errorf("evidence of kind %s differs (-want +got):\n%s", kept[0].Kind, diff)
	}
	if s.waker.outbox != 1 {
		t.Errorf("the outbox was woken %d times, want once", s.waker.outbox)
	}
}

func TestSignUpWithoutJavaScriptTakesTheBrowsersLanguage(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	r := posting("/subscribe", url.Values{"email": {"mara@example.com"}, "timezone": {""}, "language": {""}})
	r.Header.Set("Accept-Language", "de-AT,de;q=0.9,en;q=0.5")
	s.do(r).goesTo("/subscribed")
	if got := s.reader("mara@example.com"); got.Language != "de" || got.Timezone != "" || got.Topics != topic.All(topic.Defaults()) {
		t.Errorf("the reader is %+v", got)
	}
}

func TestSignUpIgnoresHiddenFieldsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.post("/subscribe", url.Values{"email": {"mara@example.com"}, "timezone": {"Local"}, "language": {"%%"}}).goesTo("/subscribed")
	if got := s.reader("mara@example.com"); got.Timezone != "" || got.Language != "en" {
		t.Errorf("zone %q, language %q", got.Timezone, got.Language)
	}
}

func TestSignUpWorksAsMultipartToo(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for name, value := range map[string]string{"email": "mara@example.com", "topic": "tips-tools"} {
		if err := w.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	w.Close()
	r := httptest.NewRequest(http.MethodPost, "/subscribe", &b)
	r.Header.Set("Content-Type", w.FormDataContentType())
	s.do(r).goesTo("/subscribed")
	if got := s.reader("mara@example.com").Topics; got != topic.Of(2) {
		t.Errorf("topics %b", got)
	}
}

func TestSignUpFromAnotherSitesPageIsTakenAndNoted(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*http.Request, url.Values){
		"by the browser": func(r *http.Request, _ url.Values) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
		"by its origin": func(r *http.Request, _ url.Values) {
			r.Header.Del("Sec-Fetch-Site")
			r.Header.Set("Origin", "https://elsewhere.example")
		},
		"by itself": func(_ *http.Request, form url.Values) { form.Set("page", "embed") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			form := url.Values{"email": {"mara@example.com"}}
			change(posting("/subscribe", form), form)
			r := posting("/subscribe", form)
			change(r, form)
			s.do(r).goesTo("/subscribed")
			kept, err := s.store.Consents(context.Background(), s.reader("mara@example.com").ID)
			if err != nil || len(kept) != 1 || kept[0].Evidence.Page != "embed" {
				t.Errorf("consents %+v (%v), want one from an embedded form", kept, err)
			}
		})
	}
}

func TestWrongAddressBringsTheFormBackAsItWasTyped(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	page := s.post("/subscribe", url.Values{"email": {`mara@<b>"`}, "topic": {"social-good"}, "cadence": {"fortnightly"}}).is(http.StatusUnprocessableEntity)
	email := page.find("#email")
	if email.AttrOr("value", "") != `mara@<b>"` || email.AttrOr("aria-invalid", "") != "true" {
		t.Errorf("the field came back with value %q", email.AttrOr("value", ""))
	}
	page.shows("#"+email.AttrOr("aria-describedby", "none"), "after the @")
	page.shows("title", "Please check the form")
	ticked := page.find("input[name='topic[]'][checked]")
	if ticked.Length() != 1 || ticked.AttrOr("value", "") != "social-good" {
		t.Error("the ticks were forgotten")
	}
	if got := page.find("#cadence option[selected]").AttrOr("value", ""); got != "fortnightly" {
		t.Errorf("the cadence came back as %q", got)
	}
	if s.count() != 0 || s.waker.outbox != 0 {
		t.Error("something was stored all the same")
	}
}

func TestUnknownCadenceIsSaidAboveTheForm(t *testing.T) {
	t.Parallel()
	page := newSite(t).post("/subscribe", url.Values{"email": {"mara@example.com"}, "cadence": {"daily"}})
	page.is(http.StatusUnprocessableEntity).shows("form [role=alert]", "weekly")
}

func TestUnknownTopicIsSaidAboveTheForm(t *testing.T) {
	t.Parallel()
	page := newSite(t).post("/subscribe", url.Values{"email": {"mara@example.com"}, "topic": {"gossip"}})
	page.is(http.StatusUnprocessableEntity).shows("form [role=alert]", "gossip")
}

func TestQueryParametersAreNoForm(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.post("/subscribe?email=mara@example.com", nil).is(http.StatusUnprocessableEntity)
}

func TestHoneypotGetsTheSameAnswerAndNothingIsStored(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	human := s.post("/subscribe", url.Values{"email": {"mara@example.com"}}).same()
	robot := s.post("/subscribe", url.Values{"email": {"robot@example.com"}, "website": {"https://spam.example"}}).same()
	if diff := cmp.Diff(human, robot, cmp.AllowUnexported(answer{})); diff != "" {
		t.Errorf("a robot can tell (-human +robot):\n%s", diff)
	}
	if s.count() != 1 {
		t.Error("the robot was stored")
	}
}

func TestSignUpAnswersTheSameWhateverIsKnownOfTheAddress(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.active("active@example.com")
	s.pending("pending@example.com")
	left := s.active("left@example.com")
	s.post("/leave/"+left, nil).is(http.StatusOK)
	if err := s.store.Suppress(context.Background(), parse(t, "banned@example.com"), suppression.Complaint, ""); err != nil {
		t.Fatal(err)
	}
	want := s.post("/subscribe", url.Values{"email": {"stranger@example.com"}}).same()
	for _, known := range []string{"active", "pending", "left", "banned"} {
		got := s.post("/subscribe", url.Values{"email": {known + "@example.com"}}).same()
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(answer{})); diff != "" {
			t.Errorf("%s can be told from a stranger (-stranger +%s):\n%s", known, known, diff)
		}
	}
}

func TestSubscribedPageIsTheSameForEverybody(t *testing.T) {
	t.Parallel()
	newSite(t).get("/subscribed").is(http.StatusOK).shows("h1", "mailbox")
}

func TestSignUpWithTheStoreAwayIsAnErrorWithoutDetails(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.store.Close()
	for _, got := range []answer{s.get("/"), s.post("/subscribe", url.Values{"email": {"mara@example.com"}})} {
		got.is(http.StatusInternalServerError).shows("code", got.Header.Get("X-Request-Id"))
		if strings.Contains(got.Body, "database") || strings.Contains(got.Body, "sql") {
			t.Error("the page tells what broke")
		}
	}
}

func TestBrokenArchiveBreaksTheSignUpPageOpenly(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.archive.publish(digest.Digest{ID: 1, Launched: time.Unix(1, 0)})
	s.archive.broken = context.DeadlineExceeded
	s.get("/").is(http.StatusInternalServerError)
}

// deaf takes no sign-ups.
type deaf struct{ Readers }

func (deaf) SignUp(context.Context, subscriber.Request) error { return errors.New("disk full") }

func TestSignUpThatCouldNotBeStoredSaysSo(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(c *Config) { c.Readers = deaf{c.Readers} })
	s.post("/subscribe", url.Values{"email": {"mara@example.com"}}).is(http.StatusInternalServerError)
	if s.waker.outbox != 0 {
		t.Error("the outbox was woken for nothing")
	}
}
