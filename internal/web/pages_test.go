package web

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/collabpulse/weekly/internal/editor"
	"github.com/collabpulse/weekly/internal/fault"
)

func TestTemplateThatFailsCostsAnErrorPageAndNotHalfAPage(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.echo.GET("/broken", func(c echo.Context) error { return s.page(c, http.StatusOK, "public/digest", 42) })
	page := s.get("/broken").is(http.StatusInternalServerError)
	if strings.Count(page.Body, "<!DOCTYPE html>") != 1 {
		t.Error("half a page came before the error page")
	}
}

func TestPageThatIsNotThereIsAnInternalError(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.echo.GET("/missing", func(c echo.Context) error { return s.page(c, http.StatusOK, "public/missing", nil) })
	s.get("/missing").is(http.StatusInternalServerError)
}

func TestErrorPageThatCannotBeDrawnStillAnswers(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	delete(s.pages, "public/error")
	got := s.get("/nothing").is(http.StatusInternalServerError)
	if !strings.Contains(got.Body, "our side") {
		t.Errorf("body %q", got.Body)
	}
}

func TestFragmentIsOneBlockWithoutTheLayout(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.echo.GET("/part", func(c echo.Context) error {
		return s.fragment(c, http.StatusOK, "public/error", "main", problem{Title: "Part"})
	})
	got := s.get("/part").is(http.StatusOK).shows("h1", "Part")
	if strings.Contains(got.Body, "<html") {
		t.Error("the layout came along")
	}
}

func TestErrorPageLeadsAnEditorBackToTheConsole(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.echo.GET("/edit", func(c echo.Context) error {
		c.Set(editorKey, &editor.Editor{Name: "Ines"})
		return fault.New(fault.Conflict, "Somebody else was faster.")
	})
	if s.get("/edit").is(http.StatusConflict).find("main a[href='/console']").Length() != 1 {
		t.Error("there is no way back")
	}
}

func TestTemplatesThatCannotWorkAreFoundAtTheStart(t *testing.T) {
	t.Parallel()
	layout := &fstest.MapFile{Data: []byte(`{{define "layout"}}{{template "main" .}}{{end}}`)}
	for name, page := range map[string]string{
		"no main":          `{{define "title"}}x{{end}}`,
		"a syntax error":   `{{define "main"}}{{if}}{{end}}`,
		"unknown function": `{{define "main"}}{{nonsense}}{{end}}`,
	} {
		fsys := fstest.MapFS{"templates/layout.html": layout, "templates/public/x.html": {Data: []byte(page)}}
		if _, err := parsePages(fsys, nil); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := parsePages(fstest.MapFS{}, nil); err == nil {
		t.Error("no templates at all: no error")
	}
}

func TestAnAreasSharedFilesComeBeforeItsPages(t *testing.T) {
	t.Parallel()
	fsys := fstest.MapFS{
		"templates/layout.html":       {Data: []byte(`{{define "layout"}}{{block "nav" .}}plain{{end}} {{template "main" .}}{{end}}`)},
		"templates/console/_bar.html": {Data: []byte(`{{define "nav"}}bar{{end}}`)},
		"templates/console/x.html":    {Data: []byte(`{{define "main"}}x{{end}}`)},
		"templates/public/y.html":     {Data: []byte(`{{define "main"}}y{{end}}`)},
	}
	pages, err := parsePages(fsys, nil)
	if err != nil || len(pages) != 2 {
		t.Fatalf("%d pages, want 2 (%v)", len(pages), err)
	}
	for name, want := range map[string]string{"console/x": "bar x", "public/y": "plain y"} {
		var b strings.Builder
		if err := errors.Join(pages[name].ExecuteTemplate(&b, "layout", nil)); err != nil || b.String() != want {
			t.Errorf("%s is %q, want %q (%v)", name, b.String(), want, err)
		}
	}
}

func TestNumbersAreEasyToRead(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1234: "-1,234", -12: "-12"} {
		if got := grouped(n); got != want {
			t.Errorf("%d is written %q, want %q", n, got, want)
		}
	}
	if one, many := plural(1, "story", "stories"), plural(2000, "story", "stories"); one != "1 story" || many != "2,000 stories" {
		t.Errorf("%q, %q", one, many)
	}
}

func TestBrandsLastWordStandsOut(t *testing.T) {
	t.Parallel()
	for brand, want := range map[string]string{"Collab Pulse Weekly": "Weekly", "Pulse": "Pulse"} {
		page := newSite(t, func(c *Config) { c.Brand = brand }).get("/privacy")
		if got := page.find(".brand").Text(); got != brand {
			t.Errorf("the brand reads %q, want %q", got, brand)
		}
		if got := page.find(".brand span").Text(); got != want {
			t.Errorf("%q stands out, want %q", got, want)
		}
	}
}

func TestLongSubjectFitsThePagesTitle(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	if got := s.title("Bread"); got != "Bread" {
		t.Errorf("a short title became %q", got)
	}
	long := s.title(strings.Repeat("bread and ", 20))
	if n := utf8.RuneCountInString(long + " · " + s.Brand); n > longTitle || !strings.HasSuffix(long, "…") {
		t.Errorf("%d characters: %q", n, long)
	}
}

func TestDictPairsNamesWithValues(t *testing.T) {
	t.Parallel()
	if m, err := dict("a", 1, "b", "two"); err != nil || m["a"] != 1 || m["b"] != "two" {
		t.Errorf("%v (%v)", m, err)
	}
	for _, bad := range [][]any{{"a"}, {1, 2}} {
		if _, err := dict(bad...); err == nil {
			t.Errorf("%v: no error", bad)
		}
	}
}
