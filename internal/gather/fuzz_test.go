package gather

import (
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/tools/txtar"

	"github.com/collabpulse/weekly/internal/story"
)

// FuzzFeed holds what everything downstream relies on, whatever a feed says.
func FuzzFeed(f *testing.F) {
	files, err := filepath.Glob("testdata/feeds/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add([]byte(fileOf(archive, "feed")), "text/xml")
	}
	f.Add([]byte("<\x00r\x00s\x00s\x00/\x00>\x00"), "")
	f.Add([]byte(rssOf(itemOf("\xff\xfe"))), "text/xml; charset=shift_jis")
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		address := &url.URL{Scheme: "https", Host: "fuzz.example", Path: "/dir/feed"}
		h, err := parse(Page{URL: address, Type: contentType, Body: body}, false)
		if err != nil {
			if _, ours := err.(trouble); !ours {
				t.Fatalf("an error that is no sentence for an editor: %v", err)
			}
			return
		}
		promised(t, h)
	})
}

// FuzzWords holds the same of the cleaner alone, which the parser never hands
// much that is broken.
func FuzzWords(f *testing.F) {
	for _, seed := range []string{
		"<p>One</p><p>Two</p>", "&lt;script&gt;", "&amp;amp;lt;script", "<scr<b>ipt>", "<\u200bscript>", "a\u202eb",
		"<![CDATA[<script>]]>", "<!-->", "<table><p><b><i>", "5 < 6 <3", "x [&#8230;]", "\xff\xfe<",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, markup string) {
		title := clip(text(markup), story.MaxTitle)
		plainText(t, "title", title, story.MaxTitle)
		oneLine(t, "title", title)
		plainText(t, "lead", clip(lead(markup, "Title", "Feed"), 800), 800)
		for _, name := range named(person(markup)) {
			plainText(t, "name", name, maxByline)
		}
		for _, picture := range pictures(markup) {
			c := cleaner{}
			if address, ok := c.pictureAt(picture, nil); ok {
				usable(t, "picture", address)
			}
		}
	})
}

// promised checks what a harvest promises.
func promised(t *testing.T, h harvest) {
	t.Helper()
	plainText(t, "the feed's title", h.title, story.MaxTitle)
	if len(h.stories)+len(h.spotlights) > maxKept || len(h.guids) != len(h.spotlights) {
		t.Errorf("%d stories, %d spotlights, %d ids", len(h.stories), len(h.spotlights), len(h.guids))
	}
	links, guids := map[string]bool{}, map[string]bool{}
	for _, s := range h.stories {
		oneLine(t, "title", s.Title)
		oneLine(t, "summary", s.Summary)
		plainText(t, "title", s.Title, story.MaxTitle)
		plainText(t, "summary", s.Summary, story.MaxSummary)
		plainText(t, "author", s.Author, story.MaxAuthor)
		harmless(t, "guid", s.GUID, maxGUID)
		plainText(t, "language", s.Language, 35)
		usable(t, "link", s.Link)
		if s.Picture != "" {
			usable(t, "picture", s.Picture)
		}
		if s.Title == "" || links[s.Link] || s.GUID != "" && guids[s.GUID] || s.Likes < 0 || s.Comments < 0 {
			t.Errorf("a story without a title, or twice, or with a count below nothing: %+v", s)
		}
		links[s.Link], guids[s.GUID] = true, true
	}
	for i, s := range h.spotlights {
		if err := s.Check(); err != nil || h.guids[i] == "" {
			t.Errorf("a spotlight that cannot be kept (%v): %+v", err, s)
		}
		oneLine(t, "headline", s.Headline)
		plainText(t, "body", s.Body, 800)
		if s.Link != "" {
			usable(t, "link", s.Link)
		}
	}
}

func plainText(t *testing.T, what, s string, limit int) {
	t.Helper()
	harmless(t, what, s, limit)
	if strings.Contains(strings.ToLower(s), "<script") || strings.Contains(s, "</") {
		t.Errorf("%s holds markup: %q", what, s)
	}
}

// harmless checks what can be stored and logged, if not shown.
func harmless(t *testing.T, what, s string, limit int) {
	t.Helper()
	switch {
	case !utf8.ValidString(s):
		t.Errorf("%s is not UTF-8: %q", what, s)
	case utf8.RuneCountInString(s) > limit:
		t.Errorf("%s has more than %d characters: %q", what, limit, s)
	case strings.TrimSpace(s) != s:
		t.Errorf("%s has white space around it: %q", what, s)
	}
	for _, r := range s {
		if r != '\n' && unicode.IsControl(r) || '\u202a' <= r && r <= '\u202e' || '\u2066' <= r && r <= '\u2069' {
			t.Errorf("%s holds the character %U: %q", what, r, s)
		}
	}
}

func oneLine(t *testing.T, what, s string) {
	t.Helper()
	if strings.ContainsAny(s, "\r\n\t") || strings.Contains(s, "  ") {
		t.Errorf("%s is not one folded line: %q", what, s)
	}
}

func usable(t *testing.T, what, address string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil || !absolute(u) || u.User != nil || inside(u.Hostname()) {
		t.Errorf("%s is no address that readers can open: %q", what, address)
	}
}
