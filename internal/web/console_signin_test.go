package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/editor"
	"github.com/collabpulse/weekly/internal/link"
)

// mailed is the token in the link that an editor is mailed.
func (r *newsroom) mailed() string {
	r.t.Helper()
	id, expires, err := r.store.NewSignIn(r.ctx, r.editor.Address)
	if err != nil {
		r.t.Fatal(err)
	}
	return r.Signer.Sign(link.SignIn, link.Claim{Subject: id, Expires: expires})
}

// cookie is the one that an answer sets.
func (a answer) cookie() *http.Cookie {
	a.t.Helper()
	all := (&http.Response{Header: a.Header}).Cookies()
	if len(all) != 1 {
		a.t.Fatalf("%d cookies are set, want 1", len(all))
	}
	return all[0]
}

func TestAnEditorAndAStrangerAskingForALinkGetTheSameAnswer(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.ticket = ""
	r.get("/console/sign-in").is(http.StatusOK).shows("label", "Your email address")
	known := r.post("/console/sign-in", url.Values{"email": {"ines@collabpulse.test"}}).is(http.StatusOK).shows("h1", "Look into your mailbox")
	unknown := r.post("/console/sign-in", url.Values{"email": {"stranger@example.com"}})
	if diff := cmp.Diff(known.same(), unknown.same(), cmp.AllowUnexported(answer{})); diff != "" {
		t.Errorf("the answers differ:\n%s", diff)
	}
	r.bell.woke(t, "outbox", "outbox")
}

func TestAnAddressThatIsNoneKeepsTheFormAndSaysSo(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.ticket = ""
	a := r.post("/console/sign-in", url.Values{"email": {"ines at home"}}).is(http.StatusUnprocessableEntity)
	a.shows("#email-error", "looks like")
	if got, _ := a.find("#email").Attr("value"); got != "ines at home" {
		t.Errorf("the field holds %q", got)
	}
	if got, _ := a.find("#email").Attr("aria-describedby"); !strings.Contains(got, "email-error") {
		t.Errorf("the field is described by %q", got)
	}
}

func TestOpeningTheMailedLinkSignsNobodyIn(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.ticket = ""
	token := r.mailed()
	for range 3 {
		a := r.get("/console/sign-in/" + token).is(http.StatusOK)
		if a.find("form[method=post] button").Length() != 1 || len(a.Header.Values("Set-Cookie")) != 0 {
			t.Fatal("the page is not one button and nothing else")
		}
	}
	r.post("/console/sign-in/"+token, nil).goesTo("/console")
}

func TestPressingTheButtonSignsInOnce(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.ticket = ""
	token := r.mailed()
	signed := r.post("/console/sign-in/"+token, nil)
	signed.goesTo("/console")
	c := signed.cookie()
	want := &http.Cookie{Name: "__Host-pulse", Path: "/", MaxAge: int(editor.SessionFor.Seconds()), HttpOnly: true, Secure: true, SameSite: http.SameSiteLaxMode}
	r.ticket = editor.Ticket(c.Value)
	c.Value, c.Raw = "", ""
	if diff := cmp.Diff(want, c); diff != "" {
		t.Errorf("the cookie (-want +got):\n%s", diff)
	}
	r.get("/console").is(http.StatusOK).shows(".signed-in", "Ines")
	r.post("/console/sign-in/"+token, nil).is(http.StatusGone).shows(".notice", "Ask for a fresh one")
}

func TestALinkThatIsOldOrForgedOffersAFreshOne(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.ticket = ""
	old := r.mailed()
	forged := r.Signer.Sign(link.Confirm, link.Claim{Subject: 1, Expires: r.clock.Now().Add(time.Hour)})
	r.clock.Advance(link.SignInFor + time.Second)
	for token, status := range map[string]int{old: http.StatusGone, forged: http.StatusNotFound, "nonsense": http.StatusNotFound} {
		for _, a := range []answer{r.get("/console/sign-in/" + token), r.post("/console/sign-in/"+token, nil)} {
			a.is(status).shows(".notice", "Ask for a fresh one")
			if a.find("form[action='/console/sign-in'] #email").Length() != 1 {
				t.Error("there is no form to ask for a fresh link")
			}
		}
	}
}

func TestWhoIsSignedInNeedNotSignInAgain(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.get("/console/sign-in").goesTo("/console")
	r.ticket = "a ticket that has ended"
	r.get("/console/sign-in").is(http.StatusOK).shows("h1", "Sign in")
}

func TestSigningOutEndsTheSessionEverywhere(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	out := r.post("/console/sign-out", nil)
	out.goesTo("/console/sign-in")
	if c := out.cookie(); c.MaxAge >= 0 || c.Value != "" {
		t.Errorf("the browser keeps its cookie: %v", c)
	}
	r.get("/console").goesTo("/console/sign-in")
}

func TestASessionLastsAsLongAsItIsUsed(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	for range 5 {
		r.clock.Advance(editor.SessionFor - time.Hour)
		if c := r.get("/console").is(http.StatusOK).cookie(); c.Value != string(r.ticket) {
			t.Fatal("the cookie changed")
		}
	}
	r.clock.Advance(editor.SessionFor + time.Hour)
	gone := r.get("/console")
	gone.goesTo("/console/sign-in")
	if gone.cookie().MaxAge >= 0 {
		t.Error("the browser keeps a cookie that opens nothing")
	}
}

func TestOverPlainHTTPTheCookieNeedsNoTLS(t *testing.T) {
	t.Parallel()
	r := newRoom(t, func(c *Config) { c.Site = siteAt(t, "http://localhost:8080") })
	q := httptest.NewRequest(http.MethodGet, "/console", nil)
	q.AddCookie(&http.Cookie{Name: "pulse", Value: string(r.ticket)})
	if c := r.do(q).is(http.StatusOK).cookie(); c.Name != "pulse" || c.Secure {
		t.Errorf("the cookie is %v", c)
	}
}

func TestSigningInOnABrokenStoreIsOurFault(t *testing.T) {
	t.Parallel()
	r := newRoom(t, inRuins(t))
	token := r.mailed()
	r.get("/console/sign-in").goesTo("/console")
	r.post("/console/sign-in", url.Values{"email": {"ines@collabpulse.test"}}).is(http.StatusInternalServerError)
	r.post("/console/sign-in/"+token, nil).is(http.StatusInternalServerError)
}

func TestTheConsoleIsServedUnderOurNameAlone(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	for host, want := range map[string]int{
		"evil.example": http.StatusNotFound, "localhost.evil.example:8080": http.StatusNotFound,
		r.base.Host: http.StatusOK, "127.0.0.1:8080": http.StatusOK, "[::1]:8080": http.StatusOK, "localhost:8080": http.StatusOK,
	} {
		q := httptest.NewRequest(http.MethodGet, "/console", nil)
		q.Host = host
		if got := r.ask(q).Status; got != want {
			t.Errorf("under %s the console answers %d, want %d", host, got, want)
		}
	}
}
