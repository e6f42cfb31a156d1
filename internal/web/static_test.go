package web

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/collabpulse/weekly/emails"
)

func TestStylesBeginWithTheTokensThatMailsShare(t *testing.T) {
	t.Parallel()
	got := newSite(t).get("/static/pulse.css").is(http.StatusOK)
	if !strings.HasPrefix(got.Body, emails.Tokens) || !strings.Contains(got.Body, "prefers-color-scheme: dark") {
		t.Error("the tokens are missing")
	}
}

func TestFilesAreKeptForAYearByVersionAndAskedForOtherwise(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	href := s.get("/").find("link[rel=stylesheet]").First().AttrOr("href", "")
	for path, want := range map[string]string{
		href:                         "public, max-age=31536000, immutable",
		"/static/pulse.css":          "no-cache",
		"/static/pulse.css?v=stale":  "no-cache",
		"/static/favicon.svg?v=fake": "no-cache",
	} {
		if got := s.get(path).is(http.StatusOK).Header.Get("Cache-Control"); got != want {
			t.Errorf("%s: Cache-Control %q, want %q", path, got, want)
		}
	}
}

func TestFileThatHasNotChangedIsNotSentAgain(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	r := httptest.NewRequest(http.MethodGet, "/static/form.js", nil)
	r.Header.Set("If-None-Match", s.get("/static/form.js").Header.Get("ETag"))
	s.do(r).is(http.StatusNotModified)
	r.Header.Set("If-None-Match", `"other"`)
	s.do(r).is(http.StatusOK)
}

func TestFilesAreZippedForWhoeverCanUnzip(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	plain := s.get("/static/pulse.css")
	r := httptest.NewRequest(http.MethodGet, "/static/pulse.css", nil)
	r.Header.Set("Accept-Encoding", "br, gzip")
	zipped := s.do(r).is(http.StatusOK)
	if zipped.Header.Get("Content-Encoding") != "gzip" || len(zipped.Body) > len(plain.Body)/2 {
		t.Fatalf("%d octets instead of %d", len(zipped.Body), len(plain.Body))
	}
	reader, err := gzip.NewReader(strings.NewReader(zipped.Body))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(reader)
	if err != nil || string(body) != plain.Body {
		t.Errorf("it unzips to something else (%v)", err)
	}
}

func TestOnlyEmbeddedFilesAreServed(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, path := range []string{"/static/", "/static/nothing.css", "/static/../server.go", "/static/%2e%2e/server.go", "/static/..%2fserver.go"} {
		s.get(path).is(http.StatusNotFound)
	}
}

func TestEachKindOfFileSaysWhatItIs(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for path, want := range map[string]string{"pulse.css": "text/css; charset=utf-8", "form.js": "text/javascript; charset=utf-8", "favicon.svg": "image/svg+xml"} {
		if got := s.get("/static/" + path).Header.Get("Content-Type"); got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
}

func TestPageThatNamesAMissingFileFails(t *testing.T) {
	t.Parallel()
	if _, err := newSite(t).assetURL("missing.css"); err == nil {
		t.Error("no error")
	}
}
