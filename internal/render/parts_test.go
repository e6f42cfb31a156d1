package render

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/emails"
)

func TestTextIsWrappedBetweenWords(t *testing.T) {
	t.Parallel()
	word := strings.Repeat("x", 30)
	link := "https://a.example/" + strings.Repeat("y", 100)
	for _, c := range []struct{ name, in, want string }{
		{"short", "a  b \n", "a b\n"},
		{"long", strings.Repeat(word+" ", 3), word + " " + word + "\n" + word + "\n"},
		{"exactly full", strings.Repeat("x", 72), strings.Repeat("x", 72) + "\n"},
		{"a link in a sentence", word + " " + word + " " + link + " " + word, word + " " + word + "\n" + link + "\n" + word + "\n"},
		{"indented", "    " + strings.Repeat(word+" ", 3), "    " + word + " " + word + "\n    " + word + "\n"},
		{"ideographs", strings.Repeat("字", 40), strings.Repeat("字", 36) + "\n" + strings.Repeat("字", 4) + "\n"},
		{"closing mark", strings.Repeat("字", 36) + "。字", strings.Repeat("字", 35) + "\n字。字\n"},
		{"empty lines", "\n\na\n\n\n\n\nb\n\n", "a\n\n\nb\n"},
		{"nothing", "", ""},
	} {
		if diff := cmp.Diff(c.want, reflow(c.in)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestHeadingsAreUnderlinedAsWideAsTheyStand(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Tips":       "TIPS\n----",
		"窯元":         "窯元\n----",
		"Cafe\u0301": "CAFE\u0301\n----",
		strings.Repeat("word ", 20): strings.TrimSpace(strings.Repeat("WORD ", 14)) + "\n" + strings.TrimSpace(strings.Repeat("WORD ", 6)) +
			"\n" + strings.Repeat("-", 69),
	} {
		if diff := cmp.Diff(want, heading(in)); diff != "" {
			t.Error(diff)
		}
	}
}

func TestLongWordsMayBreakAndEmojiMayNot(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"short words only":         "short words only",
		strings.Repeat("a", 45):    strings.Repeat("a", 20) + "<wbr>" + strings.Repeat("a", 20) + "<wbr>" + strings.Repeat("a", 5),
		strings.Repeat("<", 21):    strings.Repeat("&lt;", 20) + "<wbr>&lt;",
		strings.Repeat("字", 50):    strings.Repeat("字", 50),
		strings.Repeat("👩🏽‍🍳", 30): strings.Repeat("👩🏽‍🍳", 30),
	} {
		if got := string(soft(in)); got != want {
			t.Errorf("%q became %q", in, got)
		}
	}
}

func TestTextsAreClippedAtWords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in    string
		limit int
		want  string
	}{
		{"whole", 5, "whole"}, {"whole", 0, ""}, {"one two three, four", 16, "one two three…"},
		{strings.Repeat("x", 30), 10, strings.Repeat("x", 9) + "…"}, {"字字字字字", 3, "字字…"},
	} {
		if got := clip(c.in, c.limit); got != c.want {
			t.Errorf("clip(%q, %d) is %q, want %q", c.in, c.limit, got, c.want)
		}
	}
}

func TestEveryChangeToATemplateOrTokenChangesTheBundle(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{"tokens.css": {Data: []byte("a")}, "html/x.html": {Data: []byte("b")}}
	bundle := func() string {
		src, err := read(files)
		if err != nil {
			t.Fatal(err)
		}
		return src.hash()
	}
	seen := map[string]bool{bundle(): true}
	for _, change := range []func(){
		func() { files["tokens.css"] = &fstest.MapFile{Data: []byte("a2")} },
		func() { files["html/x.html"] = &fstest.MapFile{Data: []byte("")} },
		func() { files["html/y.html"] = files["html/x.html"] },
		func() { delete(files, "html/x.html") },
	} {
		change()
		if b := bundle(); seen[b] || len(b) != 64 {
			t.Errorf("bundle %s again", b)
		} else {
			seen[b] = true
		}
	}
}

func TestAClassStandsForItsStyleAndItsColourOfTheNight(t *testing.T) {
	t.Parallel()
	src := sources{
		"tokens.css":      `:root { --ink: #111111; --face: "A B", serif; } @media (prefers-color-scheme: dark) { :root { --ink: #eeeeee; } }`,
		"html/inline.css": `/* x */ .a, .b { color: var(--ink); margin: 0; } .c { margin: 1px; font-family: var(--face); }`,
		"html/head.css":   `.c { margin: 2px !important; }`,
	}
	d, err := src.dresser()
	if err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]string{
		`<p class="a">`:                        `<p class="a" style="color:#111111;margin:0">`,
		`<p class="c a">`:                      `<p class="c a" style="color:#111111;margin:1px;font-family:'A B',serif">`,
		"\t<p>\n  x":                           "<p>\nx",
		`{{style "head.css"}}`:                 `<style>.c{margin:2px !important}</style>`,
		`{{style "dark.css"}}`:                 `<style>@media (prefers-color-scheme:dark){.a,.b{color:#eeeeee !important}}</style>`,
		`{{style "outlook-dark.css"}}`:         `<style>[data-ogsc] .a,[data-ogsc] .b{color:#eeeeee !important}</style>`,
		`<!--[if mso]>x<![endif]-->`:           "{{outlook \"<!--[if mso]>x<![endif]-->\"}}",
		`<!--[if !mso]><!-->x<!--<![endif]-->`: "{{outlook \"<!--[if !mso]><!-->\"}}x{{outlook \"<!--<![endif]-->\"}}",
	} {
		if got, err := d.dress(in); err != nil || got != want {
			t.Errorf("%s became %s, %v", in, got, err)
		}
	}
	for _, slip := range []string{`<p class="aa">`, `{{style "none.css"}}`} {
		if _, err := d.dress(slip); err == nil {
			t.Errorf("%s passes", slip)
		}
	}
}

func TestSlipsInTheStyleSheetsAreFound(t *testing.T) {
	t.Parallel()
	good, err := read(emails.Files)
	if err != nil {
		t.Fatal(err)
	}
	for name, slip := range map[string]struct{ file, text string }{
		"no dark block":     {"tokens.css", ":root { --ink: #111111; }"},
		"unknown token":     {"html/inline.css", ".a { color: var(--nope); }"},
		"clever selector":   {"html/inline.css", ".a > .b { margin: 0; }"},
		"token in the head": {"html/head.css", "a { color: var(--nope); }"},
		"unknown class":     {"html/confirm.html", `{{define "letter"}}<p class="nope">{{end}}`},
		"broken template":   {"html/confirm.html", `{{define "letter"}}`},
		"broken text":       {"text/confirm.txt", `{{define "body"}}{{nope}}{{end}}`},
	} {
		src := sources{}
		for k, v := range good {
			src[k] = v
		}
		src[slip.file] = slip.text
		if _, err := src.mails(); err == nil {
			t.Errorf("%s: nobody noticed", name)
		}
	}
}

func FuzzReflow(f *testing.F) {
	f.Add("a b c\n\n    d e")
	f.Add("字字。字 https://a.example/" + strings.Repeat("x", 100))
	f.Fuzz(func(t *testing.T, text string) {
		var clean []string
		for l := range strings.Lines(text) {
			clean = append(clean, line(l))
		}
		text = strings.Join(clean, "\n")
		out := reflow(text)
		if strings.Join(strings.Fields(text), "") != strings.Join(strings.Fields(out), "") {
			t.Errorf("wrapping changed %q into %q", text, out)
		}
		if again := reflow(out); again != out {
			t.Errorf("wrapping twice differs: %q, %q", out, again)
		}
	})
}
