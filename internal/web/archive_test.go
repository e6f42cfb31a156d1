package web

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/story"
)

func TestArchiveShowsADigestThatWentOutToAnybody(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.archive.publish(digest.Digest{ID: 7, Subject: "Bread & salt", Preheader: "And oil", Intro: "Hello <b>you</b>", Launched: s.clock.Now()})
	page := s.get("/digests/7").is(http.StatusOK)
	page.shows("h1", "Bread & salt").shows("article.digest", "Hello <b>you</b>").shows("title", "Bread & salt")
	if got := page.find("meta[name=description]").AttrOr("content", ""); got != "And oil" {
		t.Errorf("description %q", got)
	}
	if got := page.Header.Get("Cache-Control"); !strings.HasPrefix(got, "public") {
		t.Errorf("Cache-Control %q", got)
	}
	if got := page.Header.Get("Content-Security-Policy"); !strings.Contains(got, "img-src 'self' https: http: data:") {
		t.Errorf("the stories' pictures may not be shown: %s", got)
	}
}

func TestArchivePageIsNotSentTwiceToWhoHasIt(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.archive.publish(digest.Digest{ID: 7, Subject: "Bread", Launched: s.clock.Now()})
	r := httptest.NewRequest(http.MethodGet, "/digests/7", nil)
	r.Header.Set("If-None-Match", `"other", `+s.get("/digests/7").Header.Get("ETag"))
	if got := s.do(r).is(http.StatusNotModified); got.Body != "" {
		t.Error("a 304 has a body")
	}
}

func TestArchiveHidesWhatHasNotGoneOut(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.archive.publish(digest.Digest{ID: 8, Subject: "A secret draft"})
	for _, path := range []string{"/digests/8", "/digests/9", "/digests/x", "/digests/-1", "/digests/99999999999999999999"} {
		if got := s.get(path).is(http.StatusNotFound); strings.Contains(got.Body, "secret") {
			t.Errorf("%s gives the draft away", path)
		}
	}
}

func TestLatestDigestLeadsToTheNewestThatWentOut(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.get("/digests/latest").is(http.StatusNotFound).shows("main", "still to come")
	s.archive.publish(digest.Digest{ID: 7, Launched: s.clock.Now()})
	s.archive.publish(digest.Digest{ID: 8})
	s.get("/digests/latest").goesTo("/digests/7")
}

func TestTheNewestDigestIsNotReadForEveryVisit(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.archive.publish(digest.Digest{ID: 7, Subject: "Bread", Launched: s.clock.Now()})
	s.get("/").shows("main", "Bread")
	s.archive.publish(digest.Digest{ID: 8, Subject: "Salt", Launched: s.clock.Now()})
	s.get("/").shows("main", "Bread")
	s.clock.Advance(newestFor)
	s.get("/").shows("main", "Salt")
}

func TestArchiveAwayIsAnErrorWithoutDetails(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.archive.publish(digest.Digest{ID: 7, Launched: time.Unix(1, 0)})
	s.archive.broken = context.DeadlineExceeded
	s.get("/digests/7").is(http.StatusInternalServerError)
	s.get("/digests/latest").is(http.StatusInternalServerError)
}

func TestArchiveOpensWithTheLaunch(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.Digests = s.store
	ctx := context.Background()
	_, err := s.store.AddStory(ctx, story.Story{Link: "https://example.com/bread", Title: "Bread", Topic: 1, Published: s.clock.Now(), Appeared: s.clock.Now()})
	if err != nil {
		t.Fatal(err)
	}
	d, _, err := s.store.ComposeDigest(ctx, digest.Order{Limits: digest.DefaultLimits})
	if err != nil {
		t.Fatal(err)
	}
	d, err = s.store.ApproveDigest(ctx, d.ID, d.Version, "Ines", "bundle")
	if err != nil {
		t.Fatal(err)
	}
	path := "/digests/" + strconv.FormatInt(d.ID, 10)
	s.get(path).is(http.StatusNotFound)
	if err := s.store.LaunchDigest(ctx, d.ID, 0, ""); err != nil {
		t.Fatal(err)
	}
	s.get(path).is(http.StatusOK).shows("h1", d.Subject)
	s.get("/digests/latest").goesTo(path)
	s.get("/").shows(".latest a[href='"+path+"']", d.Subject)
}
