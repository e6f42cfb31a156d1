package render_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

func TestThePublicPageReadsAsItsGolden(t *testing.T) {
	t.Parallel()
	page, err := renderer(t).Page(week())
	if err != nil {
		t.Fatal(err)
	}
	archive := txtar.Format(&txtar.Archive{
		Comment: []byte("The digest as a part of a web page: headings from h2 down, classes, no style of its own.\n\n"),
		Files:   []txtar.File{{Name: "page", Data: []byte(page)}},
	})
	path := filepath.Join("..", "..", "emails", "testdata", "page.txtar")
	if *update {
		if err := os.WriteFile(path, archive, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(archive)); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", path, diff)
	}
}

func TestThePublicPageHasTheDigestAndLeavesTheLookToTheSite(t *testing.T) {
	t.Parallel()
	page, err := renderer(t).Page(week())
	if err != nil {
		t.Fatal(err)
	}
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(string(page)))
	if err != nil {
		t.Fatal(err)
	}
	for selector, want := range map[string]int{
		"body > article.digest": 1, "h1": 0, "section.digest-section": 5, "section h2.digest-section-title": 5,
		"article.digest-spotlight": 3, "article.digest-story": 11, ".digest-story-first": 4, ".digest-story-plain": 2,
		"article.digest-story h3 a[href^='https://']": 11, "article[dir=auto]": 14, "time[datetime]": 12,
		"[style]": 0, "style": 0, "script": 0, "img[alt][width][height][loading=lazy]": 12, "img": 12,
	} {
		if got := doc.Find(selector).Length(); got != want {
			t.Errorf("%d of %s, want %d", got, selector, want)
		}
	}
	if text := doc.Text(); strings.Contains(text, "nsubscribe") || strings.Contains(text, "slotleave") || strings.Contains(text, "slotprefs") {
		t.Error("a public page has no reader who could leave")
	}
	doc.Find("[aria-labelledby]").Each(func(_ int, s *goquery.Selection) {
		if id, _ := s.Attr("aria-labelledby"); doc.Find("#"+id).Length() != 1 {
			t.Errorf("section labelled by %q, which is not there once", id)
		}
	})
}
