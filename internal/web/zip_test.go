package web

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// zipped asks for a page as browsers do, and is its text and the answer as sent.
// It reports errors without stopping, because some tests ask from many goroutines.
func zipped(s *site, path string) (page string, got answer) {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Header.Set("Accept-Encoding", "gzip, br")
	got = s.do(r)
	reader, err := gzip.NewReader(strings.NewReader(got.Body))
	if err != nil || got.Header.Get("Content-Encoding") != "gzip" {
		s.t.Errorf("%s is not compressed (%v)", path, err)
		return "", got
	}
	b, err := io.ReadAll(reader)
	if err != nil {
		s.t.Errorf("%s does not unzip: %v", path, err)
	}
	return string(b), got
}

func TestPagesAreCompressedForWhoeverCanUnzip(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	plain := s.get("/privacy").is(http.StatusOK)
	body, got := zipped(s, "/privacy")
	if body != plain.Body {
		t.Error("it unzips to something else")
	}
	if n := strconv.Itoa(len(got.Body)); got.Header.Get("Content-Length") != n || len(got.Body) > len(plain.Body)*2/3 {
		t.Errorf("%s octets announced, %s sent, of a page of %d", got.Header.Get("Content-Length"), n, len(plain.Body))
	}
	for _, a := range []answer{plain, got} {
		if a.Header.Get("Vary") != "Accept-Encoding" {
			t.Error("a cache would mix the two up")
		}
	}
}

func TestErrorPagesAreCompressedToo(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	if body, got := zipped(s, "/nothing"); got.Status != http.StatusNotFound || !strings.Contains(body, "nothing here") {
		t.Errorf("status %d, body %.80q", got.Status, body)
	}
}

func TestManyPagesAtOnceDoNotMix(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	want := map[string]string{"/privacy": s.get("/privacy").Body, "/subscribed": s.get("/subscribed").Body}
	var all sync.WaitGroup
	for range 8 {
		for path, page := range want {
			all.Go(func() {
				if body, _ := zipped(s, path); body != page {
					t.Errorf("%s came out as another page", path)
				}
			})
		}
	}
	all.Wait()
}
