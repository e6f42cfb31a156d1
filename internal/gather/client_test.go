package gather

import (
	"compress/gzip"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"code.dny.dev/ssrf"

	"github.com/collabpulse/weekly/internal/source"
)

// serve answers with h on loopback.
func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// open may reach loopback, and gives up soon.
func open() *Client { return NewClient(Options{AllowPrivate: true, Timeout: 5 * time.Second}) }

func fetch(t *testing.T, c *Client, address string) (Page, error) {
	t.Helper()
	return c.Fetch(t.Context(), address, source.Validators{})
}

func TestARequestSaysWhoAsksAndWhatForAndWhatIsKnown(t *testing.T) {
	t.Parallel()
	var got http.Header
	address := serve(t, func(w http.ResponseWriter, r *http.Request) { got = r.Header.Clone() })
	c := NewClient(Options{Site: "https://pulse.example", AllowPrivate: true})
	known := source.Validators{ETag: `W/"abc"`, LastModified: "Tue, 03 Nov 2026 00:00:00 GMT"}
	if _, err := c.Fetch(t.Context(), address, known); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"User-Agent":        "CollabPulseWeekly (+https://pulse.example)",
		"Accept":            accept,
		"If-None-Match":     `W/"abc"`,
		"If-Modified-Since": "Tue, 03 Nov 2026 00:00:00 GMT",
		"Cookie":            "",
	} {
		if got.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, got.Get(name), want)
		}
	}
}

func TestAPageComesWithItsAddressTypeAndValidators(t *testing.T) {
	t.Parallel()
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/new/feed" {
			http.Redirect(w, r, "/new/feed?a=1", http.StatusMovedPermanently)
			return
		}
		w.Header().Set("Content-Type", "application/atom+xml")
		w.Header().Set("ETag", `"1"`)
		w.Header().Set("Last-Modified", "Tue, 03 Nov 2026 00:00:00 GMT\xff")
		fmt.Fprint(w, "body")
	})
	p, err := fetch(t, open(), base+"/old")
	if err != nil {
		t.Fatal(err)
	}
	want := Page{Type: "application/atom+xml", Validators: source.Validators{ETag: `"1"`}}
	if p.URL.String() != base+"/new/feed?a=1" || string(p.Body) != "body" || p.Type != want.Type || p.Validators != want.Validators {
		t.Errorf("got %+v; a validator with odd octets must not be kept", p)
	}
}

func TestAnUnchangedFeedIsNotSentAgain(t *testing.T) {
	t.Parallel()
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("If-None-Match") == `"1"` {
			w.Header().Set("ETag", `"2"`)
			w.WriteHeader(http.StatusNotModified)
		}
	})
	p, err := open().Fetch(t.Context(), address, source.Validators{ETag: `"1"`, LastModified: "then"})
	if err != nil {
		t.Fatal(err)
	}
	if want := (source.Validators{ETag: `"2"`, LastModified: "then"}); !p.Unchanged || p.Validators != want {
		t.Errorf("got %+v, want it unchanged with %+v", p, want)
	}
}

func TestPrivateAddressesAreNotReached(t *testing.T) {
	t.Parallel()
	var hits atomic.Int32
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(serve(t, func(http.ResponseWriter, *http.Request) { hits.Add(1) }), "http://"))
	c := NewClient(Options{Timeout: 5 * time.Second})
	for _, host := range []string{
		"127.0.0.1", "localhost", "[::1]", "0.0.0.0", "[::]", "[::ffff:127.0.0.1]", "10.0.0.1", "172.16.0.1", "192.168.0.1",
		"169.254.169.254", "100.64.0.1", "[fe80::1]", "[fc00::1]", "[64:ff9b::7f00:1]", "224.0.0.1",
	} {
		_, err := fetch(t, c, "http://"+net.JoinHostPort(strings.Trim(host, "[]"), port)+"/")
		if err == nil || sentence(err) != "The address leads into a private network, where feeds may not be read." {
			t.Errorf("%s: %v", host, err)
		}
	}
	if hits.Load() != 0 {
		t.Errorf("the server was reached %d times", hits.Load())
	}
}

// TestARedirectIsHeldToTheSameRules starts at a server that may be reached and is
// sent to places that may not.
func TestARedirectIsHeldToTheSameRules(t *testing.T) {
	t.Parallel()
	var inner atomic.Int32
	private := serve(t, func(http.ResponseWriter, *http.Request) { inner.Add(1) })
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", r.URL.Query().Get("to"))
		w.WriteHeader(http.StatusFound)
	})
	guardian := ssrf.New(ssrf.WithAnyPort())
	c := newClient(Options{Timeout: 5 * time.Second}, func(network, address string, raw syscall.RawConn) error {
		if "http://"+address == base {
			return nil
		}
		return guardian.Safe(network, address, raw)
	})
	for to, want := range map[string]string{
		private:                        "The address leads into a private network, where feeds may not be read.",
		"http://169.254.169.254/meta":  "The address leads into a private network, where feeds may not be read.",
		"http://localhost:1/":          "The address leads into a private network, where feeds may not be read.",
		"file:///etc/passwd":           errRedirectTarget.Error(),
		"gopher://h.example/":          errRedirectTarget.Error(),
		"http://user:pass@h.example/x": errRedirectTarget.Error(),
	} {
		_, err := fetch(t, c, base+"/?to="+url.QueryEscape(to))
		if err == nil || sentence(err) != want {
			t.Errorf("to %s: %v, want %s", to, err, want)
		}
	}
	if inner.Load() != 0 {
		t.Error("the private server was reached")
	}
}

func TestFewRedirectsAreFollowedAndTheNextHostLearnsNothing(t *testing.T) {
	t.Parallel()
	var referer atomic.Value
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		referer.Store(r.Header.Get("Referer"))
		var left int
		if fmt.Sscanf(r.URL.Path, "/%d", &left); left > 0 {
			http.Redirect(w, r, fmt.Sprintf("/%d?key=secret", left-1), http.StatusFound)
			return
		}
		fmt.Fprint(w, "there")
	})
	if p, err := fetch(t, open(), base+"/4?key=secret"); err != nil || string(p.Body) != "there" {
		t.Errorf("four redirects: %v", err)
	}
	if got := referer.Load(); got != "" {
		t.Errorf("the last server saw the Referer %q", got)
	}
	if _, err := fetch(t, open(), base+"/5"); err == nil || sentence(err) != errRedirects.Error() {
		t.Errorf("five redirects: %v", err)
	}
	loop := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusFound) })
	if _, err := fetch(t, open(), loop); err == nil || sentence(err) != errRedirects.Error() {
		t.Errorf("a loop: %v", err)
	}
}

func TestABodyIsBoundedAfterDecompression(t *testing.T) {
	t.Parallel()
	bodies := map[string]http.HandlerFunc{
		"a bomb": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			zeros := make([]byte, 1<<20)
			for range 64 {
				if _, err := z.Write(zeros); err != nil {
					return
				}
			}
			z.Close()
		},
		"an endless body": func(w http.ResponseWriter, _ *http.Request) {
			for {
				if _, err := w.Write(make([]byte, 1<<16)); err != nil {
					return
				}
			}
		},
		"an announced one": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(maxBody+1))
		},
	}
	for name, h := range bodies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := fetch(t, open(), serve(t, h)); err != errTooLarge {
				t.Errorf("got %v", err)
			}
		})
	}
	just := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.Write(make([]byte, maxBody)) })
	if p, err := fetch(t, open(), just); err != nil || len(p.Body) != maxBody {
		t.Errorf("a body of exactly the limit: %d octets, %v", len(p.Body), err)
	}
}

func TestACompressedFeedIsRead(t *testing.T) {
	t.Parallel()
	address := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		fmt.Fprint(z, "unpacked")
		z.Close()
	})
	if p, err := fetch(t, open(), address); err != nil || string(p.Body) != "unpacked" {
		t.Errorf("got %q, %v", p.Body, err)
	}
}

func TestEveryFailureIsASentence(t *testing.T) {
	t.Parallel()
	status := func(code int) string {
		return serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) })
	}
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0) // it would complain about us
	secure.StartTLS()
	t.Cleanup(secure.Close)
	for _, c := range []struct{ name, address, want string }{
		{"gone", status(410), "The feed is gone for good (410); remove this source."},
		{"not found", status(404), "There is no feed at that address (404)."},
		{"unauthorised", status(401), "The server does not let us read the feed (401)."},
		{"forbidden", status(403), "The server does not let us read the feed (403)."},
		{"too many", status(429), "The server asks us to come back later (429)."},
		{"server error", status(502), "The server has a problem of its own (502)."},
		{"no content", status(204), "The server answered with status 204 instead of a feed."},
		{"unasked 304", status(304), "The server answered with status 304 instead of a feed."},
		{"redirect to nowhere", status(302), "The server answered with status 302 instead of a feed."},
		{"nobody listens", closed.URL, "The server refuses connections."},
		{"own certificate", secure.URL, "The server's certificate cannot be trusted."},
		{"no address", "http://%zz/", errAddress.Error()},
		{"compression nobody asked for", serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "br")
			fmt.Fprint(w, "x")
		}), errEncoding.Error()},
		{"gzip that is none", serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			fmt.Fprint(w, "not gzip")
		}), "The connection to the server failed."},
		{"broken off", serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, "half")
		}), "The connection to the server failed."},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := fetch(t, open(), c.address+"?key=secret")
			if err == nil {
				t.Fatal("no error")
			}
			got := sentence(err)
			if got != c.want {
				t.Errorf("got %q (%v), want %q", got, err, c.want)
			}
			if strings.Contains(got, "secret") || strings.Contains(got, "127.0.0.1") {
				t.Errorf("the sentence gives something away: %q", got)
			}
		})
	}
}

func TestASlowServerIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	hold := func(r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-time.After(10 * time.Second):
		}
	}
	for name, h := range map[string]http.HandlerFunc{
		"before the header": func(_ http.ResponseWriter, r *http.Request) { hold(r) },
		"within the body": func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, "<rss>")
			w.(http.Flusher).Flush()
			hold(r)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := NewClient(Options{AllowPrivate: true, Timeout: 100 * time.Millisecond})
			start := time.Now()
			_, err := fetch(t, c, serve(t, h))
			if err == nil || sentence(err) != "The server did not answer in time." {
				t.Errorf("got %v", err)
			}
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("waited %s", took)
			}
		})
	}
}
