package render_test

import (
	"io/fs"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/collabpulse/weekly/emails"
	"github.com/collabpulse/weekly/internal/outbox"
)

func TestNoTemplateWritesAColour(t *testing.T) {
	t.Parallel()
	literal := regexp.MustCompile(`(?i)(^|[^&])#[0-9a-f]{3,8}\b|\b(rgb|hsl|oklch|lab)a?\(|bgcolor|(color|background|border)[^;:{}]*:[^;{}]*\b(white|black|red|gr[ae]y|silver|transparent)\b`)
	files := 0
	err := fs.WalkDir(emails.Files, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || name == "tokens.css" {
			return err
		}
		files++
		b, err := fs.ReadFile(emails.Files, name)
		if found := literal.Find(b); found != nil {
			t.Errorf("%s has the colour %q; name a token instead", name, found)
		}
		return err
	})
	if err != nil || files < 20 {
		t.Errorf("looked at %d files: %v", files, err)
	}
}

// scheme finds the colours of an element: what it sets itself, "" for what it inherits.
type scheme func(n *html.Node) (ink, paper string)

func TestEveryTextCanBeReadByDay(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, _ string, m outbox.Words) {
		readable(t, m.HTML, func(n *html.Node) (string, string) {
			style := ";" + attr(n, "style") + ";"
			return between(style, ";color:", ";"), between(style, ";background-color:", ";")
		})
	})
}

func TestEveryTextCanBeReadByNight(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, _ string, m outbox.Words) {
		night := between(m.HTML, "@media (prefers-color-scheme:dark){", "</style>")
		ink, paper := classColours(night, "color"), classColours(night, "background-color")
		readable(t, m.HTML, func(n *html.Node) (i, p string) {
			for _, class := range strings.Fields(attr(n, "class")) {
				if ink[class] != "" {
					i = ink[class]
				}
				if paper[class] != "" {
					p = paper[class]
				}
			}
			return i, p
		})
	})
}

// readable asks of every text in the body the contrast of WCAG 2.2 §1.4.3, 4.5:1,
// whatever its size, and of every picture that its alternative text has it.
func readable(t *testing.T, markup string, colours scheme) {
	t.Helper()
	seen := 0
	var walk func(n *html.Node, ink, paper string)
	walk = func(n *html.Node, ink, paper string) {
		if n.Type == html.ElementNode {
			i, p := colours(n)
			if i != "" {
				ink = i
			}
			if p != "" {
				paper = p
			}
		}
		if attr(n, "aria-hidden") == "true" && n.Data == "table" {
			return // the pulse says nothing
		}
		if n.Type == html.TextNode && strings.TrimSpace(n.Data) != "" || n.Type == html.ElementNode && n.Data == "img" {
			seen++
			if c := contrast(ink, paper); c < 4.5 {
				t.Errorf("%.1f:1 for %q on %q: %.60q", c, ink, paper, n.Data)
			}
		}
		for c := range n.ChildNodes() {
			walk(c, ink, paper)
		}
	}
	for _, n := range nodes(t, markup, "div") {
		if attr(n, "role") == "article" {
			walk(n, "", "")
		}
	}
	if seen < 10 {
		t.Errorf("only %d texts were looked at", seen)
	}
}

func between(text, from, to string) string {
	_, rest, found := strings.Cut(text, from)
	if !found {
		return ""
	}
	value, _, _ := strings.Cut(rest, to)
	return value
}

// classColours reads "…,.a,.b{color:#123456 !important}" rules.
func classColours(css, property string) map[string]string {
	colours := map[string]string{}
	for rule := range strings.SplitSeq(css, "}") {
		selectors, decl, _ := strings.Cut(rule, "{")
		if value, ok := strings.CutPrefix(decl, property+":"); ok {
			for class := range strings.SplitSeq(selectors, ",") {
				colours[strings.TrimPrefix(class, ".")] = strings.TrimSuffix(value, " !important")
			}
		}
	}
	return colours
}

// contrast is the ratio of WCAG 2.2; 1 for colours that are not #rrggbb.
func contrast(a, b string) float64 {
	la, lb := luminance(a), luminance(b)
	return (math.Max(la, lb) + 0.05) / (math.Min(la, lb) + 0.05)
}

func luminance(colour string) float64 {
	v, err := strconv.ParseUint(strings.TrimPrefix(colour, "#"), 16, 32)
	if err != nil || len(colour) != 7 {
		return 0
	}
	linear := func(c uint64) float64 {
		s := float64(c&255) / 255
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(v>>16) + 0.7152*linear(v>>8) + 0.0722*linear(v)
}
