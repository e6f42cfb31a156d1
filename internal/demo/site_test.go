package demo

import (
	"bytes"
	"image/png"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mmcdole/gofeed"
)

func serve(t *testing.T) (*Community, *Site) {
	t.Helper()
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	c, err := NewCommunity(func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	s, err := Serve(c, "http://weekly.localhost/subscribe")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return c, s
}

func get(t *testing.T, url string) (*http.Response, []byte) {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, body
}

func TestEveryBlogHasAFeedInItsOwnFormat(t *testing.T) {
	t.Parallel()
	c, s := serve(t)
	formats := map[string]bool{}
	for _, b := range c.Blogs() {
		_, body := get(t, s.FeedURL(b))
		parsed, err := gofeed.NewParser().Parse(bytes.NewReader(body))
		if err != nil {
			t.Fatalf("%s: %v", b.Slug, err)
		}
		formats[parsed.FeedType] = true
		if len(parsed.Items) != len(b.Stories) || parsed.Title != b.Title {
			t.Errorf("%s: %d entries of %d, title %q", b.Slug, len(parsed.Items), len(b.Stories), parsed.Title)
		}
		for _, item := range parsed.Items {
			if res, _ := get(t, item.Link); res.StatusCode != http.StatusOK {
				t.Errorf("%s: the link %s answers %s", b.Slug, item.Link, res.Status)
			}
			if item.PublishedParsed == nil || item.Description == "" {
				t.Errorf("%s: %q lacks a date or summary", b.Slug, item.Title)
			}
		}
	}
	if len(formats) != 3 {
		t.Errorf("formats %v, want RSS, Atom and JSON", formats)
	}
}

func TestPicturesAreDrawnTheSameEachTime(t *testing.T) {
	t.Parallel()
	_, s := serve(t)
	res, first := get(t, s.Origin+"/pictures/small-rooms.png")
	_, second := get(t, s.Origin+"/pictures/small-rooms.png")
	img, err := png.Decode(bytes.NewReader(first))
	if err != nil || res.Header.Get("Content-Type") != "image/png" {
		t.Fatalf("not a picture: %v", err)
	}
	if img.Bounds().Dx() != pictureWidth || !bytes.Equal(first, second) {
		t.Error("the picture is not the same at each drawing")
	}
	if res, _ := get(t, s.Origin+"/pictures/nothing.png"); res.StatusCode != http.StatusNotFound {
		t.Errorf("a picture of nothing answers %s", res.Status)
	}
}

func TestTheFormIsEmbeddedWithoutScript(t *testing.T) {
	t.Parallel()
	_, s := serve(t)
	_, body := get(t, s.JoinURL())
	for _, want := range []string{`action="http://weekly.localhost/subscribe"`, `name="email"`, `name="website"`} {
		if !strings.Contains(string(body), want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if strings.Contains(string(body), "<script") {
		t.Error("the embedded form needs a script")
	}
}

func TestAnotherStoryAppearsInItsFeedAndTheRestIsUnchanged(t *testing.T) {
	t.Parallel()
	c, s := serve(t)
	blog, _ := c.Blog("good-company")
	res, _ := get(t, s.FeedURL(blog))
	request, _ := http.NewRequest(http.MethodGet, s.FeedURL(blog), nil)
	request.Header.Set("If-None-Match", res.Header.Get("ETag"))
	again, err := http.DefaultClient.Do(request)
	if err != nil || again.StatusCode != http.StatusNotModified {
		t.Fatalf("an unchanged feed answers %v, %v", again.Status, err)
	}
	again.Body.Close()
	_, story := c.PublishAnother()
	_, body := get(t, s.FeedURL(blog))
	if !strings.Contains(string(body), story.Title) {
		t.Error("the new story is not in the feed")
	}
}
