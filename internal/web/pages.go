package web

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/editor"
)

// view is what a template sees: what every page shows, and the page's own Data.
type view struct {
	Brand   string
	Postal  string
	Page    string         // the template's name, such as "public/home"
	Mailbox bool           // whether there is an embedded mailbox to look into
	Editor  *editor.Editor // who is signed in; nil on public pages
	Brake   *digest.Brake  // the emergency brake while it is on, for editors
	Now     time.Time
	Data    any
}

// editorKey is where the console keeps the signed-in *editor.Editor in the
// request's context, for the layout to name.
const editorKey = "editor"

// page renders a page into its layout and answers with it. Nothing is sent
// before the whole page has been rendered, so a template that fails costs the
// reader an error page and not half a page.
func (s *Server) page(c echo.Context, status int, name string, data any) error {
	return s.render(c, status, name, "layout", data)
}

// fragment answers with one block of a page and no layout, for htmx to swap in.
func (s *Server) fragment(c echo.Context, status int, name, block string, data any) error {
	return s.render(c, status, name, block, data)
}

func (s *Server) render(c echo.Context, status int, name, block string, data any) error {
	t, ok := s.pages[name]
	if !ok {
		return fmt.Errorf("web: there is no page %q", name)
	}
	v := view{Brand: s.Brand, Postal: s.Postal, Page: name, Mailbox: s.Mailbox != nil, Now: s.Now(), Data: data}
	v.Editor, _ = c.Get(editorKey).(*editor.Editor)
	v.Brake, _ = c.Get(brakeKey).(*digest.Brake)
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, block, v); err != nil {
		return fmt.Errorf("web: render %s: %w", name, err)
	}
	return s.send(c, status, b.Bytes())
}

// parsePages parses each templates/AREA/NAME.html into a page called AREA/NAME.
// A page is the layout, then its area's files whose names begin with "_", then
// its own file; later definitions of a block replace earlier ones. A page
// defines "title" and "main".
func parsePages(fsys fs.FS, functions template.FuncMap) (map[string]*template.Template, error) {
	layout, err := template.New("layout.html").Funcs(functions).ParseFS(fsys, "templates/*.html")
	if err != nil {
		return nil, err
	}
	names, err := fs.Glob(fsys, "templates/*/*.html")
	if err != nil {
		return nil, err
	}
	pages := make(map[string]*template.Template, len(names))
	for _, name := range names {
		if strings.HasPrefix(path.Base(name), "_") {
			continue
		}
		if pages[pageName(name)], err = parsePage(fsys, layout, name); err != nil {
			return nil, err
		}
	}
	return pages, nil
}

func parsePage(fsys fs.FS, layout *template.Template, name string) (*template.Template, error) {
	t, err := layout.Clone()
	if err != nil {
		return nil, err
	}
	shared, err := fs.Glob(fsys, path.Dir(name)+"/_*.html")
	if err != nil {
		return nil, err
	}
	t, err = t.ParseFS(fsys, append(shared, name)...)
	if err == nil && t.Lookup("main") == nil {
		err = fmt.Errorf("web: %s defines no main", name)
	}
	return t, err
}

func pageName(file string) string {
	return strings.TrimSuffix(strings.TrimPrefix(file, "templates/"), ".html")
}

// functions are what templates may call.
func (s *Server) functions() template.FuncMap {
	zone := s.Schedule.Zone
	return template.FuncMap{
		"asset":     s.assetURL,
		"title":     s.title,
		"nameplate": nameplate,
		"day":       func(t time.Time) string { return dayIn(t, zone) },
		"date":      func(t time.Time) string { return t.In(zone).Format("2 January 2006") },
		"when":      func(t time.Time) string { return t.In(zone).Format("Mon 2 Jan 2006, 15:04") },
		"clock":     func(t time.Time) string { return t.In(zone).Format("15:04") },
		"iso":       func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"zone":      zone.String,
		"plural":    plural,
		"number":    grouped,
		"dict":      dict,
		"form":      rand.Text,
	}
}

// longTitle is how long a page's title may be, in characters, before tabs and
// search engines cut it.
const longTitle = 70

// title shortens a text that somebody wrote so that it fits a page's title with
// the brand behind it.
func (s *Server) title(text string) string {
	room := max(longTitle-utf8.RuneCountInString(" · "+s.Brand), longTitle/2)
	if utf8.RuneCountInString(text) <= room {
		return text
	}
	return strings.TrimRight(clip(text, room-1), " ,.;:–-") + "…"
}

// nameplate parts the brand before its last word, which is printed in the accent.
func nameplate(brand string) [2]string {
	if i := strings.LastIndexByte(brand, ' '); i >= 0 {
		return [2]string{brand[:i+1], brand[i+1:]}
	}
	return [2]string{"", brand}
}

// plural is a count with its noun: "1 story", "2 stories".
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return grouped(n) + " " + many
}

// grouped writes a number with its thousands apart: 12,345.
func grouped(n int) string {
	digits := fmt.Sprint(n)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

// dict passes several values to a partial: {{template "field" (dict "Name" "email" "Error" .Data.Error)}}.
func dict(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, fmt.Errorf("dict: %d values do not pair up", len(pairs))
	}
	m := make(map[string]any, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		key, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("dict: key %v is not a string", pairs[i])
		}
		m[key] = pairs[i+1]
	}
	return m, nil
}
