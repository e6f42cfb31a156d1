package web

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
)

func TestTokensAndAddressesStayOutOfTheLog(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	confirm := s.pending("mara@example.com")
	s.get("/confirm/" + confirm)
	s.post("/confirm/"+confirm, nil)
	r := s.reader("mara@example.com")
	leave := r.Key.Token(1, r.ID)
	s.get("/leave/" + leave)
	s.post("/subscribe", url.Values{"email": {"mara@example.com"}})
	s.post("/leave", url.Values{"email": {"mara@example.com"}})
	s.get("/console/nothing/" + leave)
	s.get("/nothing/" + leave)
	s.store.Close()
	s.get("/leave/" + leave).is(http.StatusInternalServerError)
	s.do(oneClick(leave, "", "")).is(http.StatusServiceUnavailable)

	log := s.log.String()
	for _, secret := range []string{confirm, leave, "mara", "example.com", "192.0.2.1"} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
	for _, want := range []string{`"route":"/leave/:token"`, `"status":503`, `"request":"`} {
		if !strings.Contains(log, want) {
			t.Errorf("the log lacks %s", want)
		}
	}
}

func TestRequestIDsAreOurOwn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	r := httptest.NewRequest(http.MethodGet, "/subscribed", nil)
	r.Header.Set("X-Request-Id", "forged\ninto the log")
	first, second := s.do(r).Header.Get("X-Request-Id"), s.do(r).Header.Get("X-Request-Id")
	if len(first) < 16 || first == second || strings.Contains(s.log.String(), "forged") {
		t.Errorf("ids %q and %q", first, second)
	}
}

func TestProbesAndFilesAreLoggedBelowWhatPeopleRead(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.get("/healthz")
	s.get("/static/pulse.css")
	if log := s.log.String(); strings.Contains(log, `"level":"INFO"`) || strings.Count(log, `"level":"DEBUG"`) != 2 {
		t.Errorf("the log holds:\n%s", log)
	}
}

func TestPanicIsAnInternalErrorWithItsStackInTheLog(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.echo.GET("/panic", func(echo.Context) error { panic("a bug") })
	page := s.get("/panic").is(http.StatusInternalServerError)
	if strings.Contains(page.Body, "a bug") {
		t.Error("the page shows the panic")
	}
	if log := s.log.String(); !strings.Contains(log, "a bug") || !strings.Contains(log, "middleware_test.go") {
		t.Error("the log does not say where it happened")
	}
}

func TestAbortedHandlerAbortsTheConnection(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.echo.GET("/abort", func(echo.Context) error { panic(http.ErrAbortHandler) })
	defer func() {
		if recover() != http.ErrAbortHandler {
			t.Error("the abort was swallowed")
		}
	}()
	s.get("/abort")
}

func TestBodiesAreBounded(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	form := url.Values{"email": {"mara@example.com"}, "website": {""}, "page": {strings.Repeat("x", maxBody)}}
	announced := posting("/subscribe", form)
	s.do(announced).is(http.StatusRequestEntityTooLarge).shows("main", "larger")

	chunked := posting("/subscribe", form)
	chunked.ContentLength = -1
	s.do(chunked).is(http.StatusRequestEntityTooLarge)
	if s.count() != 0 {
		t.Error("something was stored all the same")
	}
}

func TestDamagedFormIsSaidSo(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, path := range []string{"/subscribe", "/leave"} {
		r := httptest.NewRequest(http.MethodPost, path, strings.NewReader("--y"))
		r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
		s.do(r).is(http.StatusUnprocessableEntity).shows("main", "damaged")
	}
}

func TestFormsFromOtherSitesAreRefusedWhereACookieCounts(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(http.Header){
		"by the browser": func(h http.Header) { h.Set("Sec-Fetch-Site", "cross-site") },
		"by its origin": func(h http.Header) {
			h.Del("Sec-Fetch-Site")
			h.Set("Origin", "https://elsewhere.example")
		},
	} {
		s := newSite(t)
		s.echo.POST("/console/act", func(c echo.Context) error { return c.NoContent(http.StatusOK) })
		r := posting("/console/act", nil)
		s.do(r).is(http.StatusOK)
		change(r.Header)
		if got := s.do(r); got.Status != http.StatusForbidden {
			t.Errorf("%s: status %d, want 403", name, got.Status)
		}
	}
}

func TestOurOwnOriginIsKnownBehindAProxyThatChangesTheHost(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.echo.POST("/console/act", func(c echo.Context) error { return c.NoContent(http.StatusOK) })
	r := posting("/console/act", nil)
	r.Header.Del("Sec-Fetch-Site")
	r.Header.Set("Origin", "https://weekly.test")
	r.Host = "10.0.0.5:8080"
	s.do(r).is(http.StatusOK)
}

func TestNetworkIsBelievedOnlyFromTrustedProxies(t *testing.T) {
	t.Parallel()
	for name, try := range map[string]struct {
		trusted   []string
		remote    string
		forwarded string
		want      string
	}{
		"no proxy":                      {nil, "203.0.113.7:1", "198.51.100.1", "203.0.113.7"},
		"loopback is not trusted as is": {[]string{"10.0.0.0/8"}, "127.0.0.1:1", "198.51.100.1", "127.0.0.1"},
		"a stranger claims":             {[]string{"10.0.0.0/8"}, "203.0.113.7:1", "198.51.100.1", "203.0.113.7"},
		"through our proxy":             {[]string{"10.1.2.3/8"}, "10.0.0.2:1", "198.51.100.1", "198.51.100.1"},
		"through two of them":           {[]string{"10.0.0.0/8"}, "10.0.0.2:1", "198.51.100.1, 10.9.9.9", "198.51.100.1"},
		"with a claim in front":         {[]string{"10.0.0.0/8"}, "10.0.0.2:1", "1.2.3.4, 198.51.100.1", "198.51.100.1"},
		"IPv6":                          {[]string{"fd00::/8"}, "[fd00::1]:1", "2001:db8::7", "2001:db8::7"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var trusted []netip.Prefix
			for _, p := range try.trusted {
				trusted = append(trusted, netip.MustParsePrefix(p))
			}
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr = try.remote
			r.Header.Set("X-Forwarded-For", try.forwarded)
			if got := clientNetwork(trusted)(r); got != try.want {
				t.Errorf("the client is %s, want %s", got, try.want)
			}
		})
	}
}

func TestHeadIsAnsweredLikeGet(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	server := httptest.NewServer(s.Handler())
	defer server.Close()
	got, err := http.Head(server.URL + "/privacy")
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	if got.StatusCode != http.StatusOK || got.ContentLength <= 0 {
		t.Errorf("status %d, length %d", got.StatusCode, got.ContentLength)
	}
}
