package render_test

import (
	"net/url"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"

	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/outbox"
	"github.com/collabpulse/weekly/internal/render"
	"github.com/collabpulse/weekly/internal/spotlight"
)

// hostile are texts that try to be more than text, each with what a reader
// should see of it.
func hostile() map[string]struct{ raw, seen string } {
	return map[string]struct{ raw, seen string }{
		"script":            {`<script>alert(1)</script>`, `<script>alert(1)</script>`},
		"attribute":         {`" onmouseover="alert(1)" x='`, `" onmouseover="alert(1)" x='`},
		"closing tags":      {`</h3></td></tr></table><h1>Win`, `</h3></td></tr></table><h1>Win`},
		"comment":           {`<!--[if mso]><b>--> <![endif]-->`, `<!--[if mso]><b>--> <![endif]-->`},
		"template":          {`{{.Leave}} {{template "frame" .}}`, `{{.Leave}} {{template "frame" .}}`},
		"style":             {`</style><style>*{display:none}`, `</style><style>*{display:none}`},
		"line breaks":       {"A\r\nBcc: all@example.com\n\n-----\vB", "A Bcc: all@example.com ----- B"},
		"control":           {"A\x00B\x1b[31mC\u0085D", "A B [31mC D"},
		"override":          {"invoice\u202Egpj.exe\u202C", "invoicegpj.exe"},
		"isolates":          {"\u2066a\u2069b\u2067c\u2068d", "abcd"},
		"broken UTF-8":      {"caf\xe9 \xff", "caf\uFFFD \uFFFD"},
		"Arabic":            {"كيف غيّرت ثلاث صانعات سوق العطور", "كيف غيّرت ثلاث صانعات سوق العطور"},
		"Hebrew with marks": {"שלום\u200f (2026)", "שלום\u200f (2026)"},
		"Chinese":           {"两位创作者的合作笔记", "两位创作者的合作笔记"},
		"emoji":             {"👩🏽‍🍳🏴󠁧󠁢󠁳󠁣󠁴󠁿🇺🇦", "👩🏽‍🍳🏴󠁧󠁢󠁳󠁣󠁴󠁿🇺🇦"},
		"Persian joiner":    {"می\u200cخواهم", "می\u200cخواهم"},
		"one long word":     {strings.Repeat("Donaudampfschiff", 12), strings.Repeat("Donaudampfschiff", 12)},
		"entities":          {"Fish &amp; &lt;chips&gt; &#106;", "Fish &amp; &lt;chips&gt; &#106;"},
	}
}

// saying is a digest that says the text wherever gathered or typed text stands.
func saying(text string) digest.Snapshot {
	return digest.Snapshot{
		Digest: 7, Date: week().Date, Subject: text, Preheader: text, Intro: text + "\n\n" + text,
		Sections: []digest.Section{{Topic: 1, Name: text, Stories: []digest.Item{
			{Title: text, Summary: text, Author: text, Link: "https://a.example/?q=" + text, Picture: "https://pictures.collabpulse.example/" + text},
			{Title: text, Summary: text, Author: text, Link: text, Picture: text},
		}}},
		Spotlights: []digest.Portrait{{Pillar: spotlight.BoldWin, Name: text, Headline: text, Body: text, Link: text, Picture: text}},
	}
}

func TestHostileTextIsReadAndNothingElse(t *testing.T) {
	t.Parallel()
	r := renderer(t)
	for name, c := range hostile() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, err := r.Edition(saying(c.raw), snapshotHash, whole())
			if err != nil {
				t.Fatal(err)
			}
			harmless(t, e.HTML, e.Text)
			if e.Subject != c.seen {
				t.Errorf("subject %q", e.Subject)
			}
			for _, tag := range []string{"h1", "h2", "h3"} {
				last := nodes(t, e.HTML, tag)
				if got := written(last[len(last)-1]); got != c.seen {
					t.Errorf("%s reads %q, want %q", tag, got, c.seen)
				}
			}
			page, err := r.Page(saying(c.raw))
			if err != nil {
				t.Fatal(err)
			}
			harmless(t, string(page), e.Text)
		})
	}
}

func TestHostileSubjectsAndReasonsInLettersAreReadAndNothingElse(t *testing.T) {
	t.Parallel()
	r := renderer(t)
	for name, c := range hostile() {
		for _, k := range []outbox.Kind{outbox.Review, outbox.Held, outbox.Paused, outbox.Finished} {
			m, err := r.Letter(k, outbox.Facts{Digest: c.raw, Reason: c.raw, Console: "https://w.example/console/digests/7"})
			if err != nil {
				t.Fatal(err)
			}
			harmless(t, m.HTML, m.Text)
			if !strings.HasSuffix(m.Subject, c.seen) {
				t.Errorf("%s: subject %q", name, m.Subject)
			}
		}
	}
}

// harmless checks that a mail holds only elements and attributes that templates
// write, only web links, and no character that acts on its surroundings.
func harmless(t testing.TB, markup, text string) {
	t.Helper()
	if where := unbalanced(markup); where != "" {
		t.Errorf("gathered text has broken the markup: %s", where)
	}
	for _, n := range nodes(t, markup, "") {
		if strings.Contains(" script iframe object embed form input base svg math b ", " "+n.Data+" ") {
			t.Errorf("gathered text has become an element %s", n.Data)
		}
		for _, a := range n.Attr {
			if strings.HasPrefix(a.Key, "on") || a.Key == "x" || (a.Key == "href" || a.Key == "src") && !webLink(a.Val) {
				t.Errorf("%s has %s=%q", n.Data, a.Key, a.Val)
			}
		}
	}
	for _, part := range []string{html.UnescapeString(markup), text} {
		if !utf8.ValidString(part) {
			t.Error("a part is not UTF-8")
		}
		if i := strings.IndexFunc(part, acting); i >= 0 {
			t.Errorf("an acting character %U is left at %d", []rune(part[i:])[0], i)
		}
	}
}

func webLink(link string) bool {
	u, err := url.Parse(link)
	return isSlot(link) || err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}

func acting(r rune) bool {
	return unicode.IsControl(r) && r != '\n' || r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069
}

func TestLinksThatAreNotOfTheWebArePrintedAsText(t *testing.T) {
	t.Parallel()
	r := renderer(t)
	for _, link := range []string{
		"javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,<script>alert(1)</script>", "vbscript:x", "mailto:a@example.com",
		"//evil.example/x", "/relative", "relative", "https:///nowhere", "https://user:pass@evil.example/", "ftp://a.example/", "", "\x01https://a.example/",
	} {
		s := week()
		s.Spotlights, s.Sections = nil, s.Sections[:1]
		s.Sections[0].Stories = []digest.Item{{Title: "A title", Link: link, Picture: link}}
		e, err := r.Edition(s, snapshotHash, whole())
		if err != nil {
			t.Fatal(err)
		}
		if h3 := nodes(t, e.HTML, "h3")[0]; h3.FirstChild.Type != html.TextNode || len(nodes(t, e.HTML, "img")) != 0 {
			t.Errorf("%q became a link or a picture", link)
		}
	}
}

func TestLinksKeepTheirMeaning(t *testing.T) {
	t.Parallel()
	r := renderer(t)
	for raw, want := range map[string]string{
		"https://a.example/x?a=1&b=2":           "https://a.example/x?a=1&b=2",
		"https://a.example/caf%C3%A9":           "https://a.example/caf%C3%A9",
		"https://a.example/café?q=a b":          "https://a.example/caf%C3%A9?q=a%20b",
		`https://a.example/?q="><script>`:       "https://a.example/?q=%22%3E%3Cscript%3E",
		"https://a.example/?q=\u202Etxt":        "https://a.example/?q=%E2%80%AEtxt",
		"http://[2001:db8::1]:8080/a#b":         "http://[2001:db8::1]:8080/a#b",
		"https://a.example/" + exactly("p", 80): "https://a.example/" + exactly("p", 80),
	} {
		s := week()
		s.Spotlights, s.Sections = nil, s.Sections[:1]
		s.Sections[0].Stories = []digest.Item{{Title: "A title", Link: raw}}
		e, err := r.Edition(s, snapshotHash, whole())
		if err != nil {
			t.Fatal(err)
		}
		if got := attr(nodes(t, e.HTML, "h3")[0].FirstChild, "href"); got != want {
			t.Errorf("%q became %q, want %q", raw, got, want)
		}
		if !strings.Contains(e.Text, "\n"+want+"\n") {
			t.Errorf("%q is not whole in the text part", want)
		}
	}
}

func FuzzNothingGatheredBecomesMarkup(f *testing.F) {
	for _, c := range hostile() {
		f.Add(c.raw)
	}
	r := renderer(f)
	f.Fuzz(func(t *testing.T, text string) {
		e, err := r.Edition(saying(text), snapshotHash, whole())
		if err != nil {
			t.Fatal(err)
		}
		harmless(t, e.HTML, e.Text)
		if len(e.HTML) > render.MaxHTML && len(text) < 1000 {
			t.Errorf("%d bytes", len(e.HTML))
		}
	})
}
