package render_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/link"
	"github.com/collabpulse/weekly/internal/outbox"
	"github.com/collabpulse/weekly/internal/render"
)

func TestEveryMailHasASubjectAndBothParts(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, _ string, m outbox.Words) {
		if m.Subject == "" || strings.ContainsAny(m.Subject, "\r\n\t") || strings.Contains(m.Subject, "  ") {
			t.Errorf("subject %q", m.Subject)
		}
		if len(m.Text) < 200 || len(m.HTML) < 2000 {
			t.Errorf("%d bytes of text, %d of HTML", len(m.Text), len(m.HTML))
		}
		if strings.Contains(m.Text+m.HTML, "<no value>") || strings.Contains(m.Text+m.HTML, "{{") {
			t.Error("something was left unfilled")
		}
	})
}

func TestEveryKindOfLetterIsWritten(t *testing.T) {
	t.Parallel()
	r := renderer(t)
	for _, k := range kinds() {
		_, err := r.Letter(k, outbox.Facts{Link: "https://a.example/l", Preferences: "https://a.example/p", Console: "https://a.example/console"})
		if k == outbox.Test {
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("a test is made from a digest, yet the letter gave %v", err)
			}
		} else if err != nil {
			t.Errorf("%v: %v", k, err)
		}
	}
}

func TestALetterWithoutTheLinkItIsForIsRefused(t *testing.T) {
	t.Parallel()
	r := renderer(t)
	needing := []outbox.Kind{outbox.Confirm, outbox.SignIn, outbox.LeaveByMail, outbox.PreferencesByMail, outbox.Review, outbox.Held, outbox.Paused, outbox.Finished}
	for _, k := range needing {
		for _, bad := range []string{"", "/confirm/x", "javascript:alert(1)", "slot"} {
			if _, err := r.Letter(k, outbox.Facts{Link: bad, Preferences: bad, Console: bad}); !fault.Is(err, fault.Invalid) {
				t.Errorf("%v with link %q: %v", k, bad, err)
			}
		}
	}
}

func TestABrandNeedsANameAndASite(t *testing.T) {
	t.Parallel()
	nameless, homeless := brand(t), brand(t)
	nameless.Name, homeless.Site = " ", link.Site{}
	for _, b := range []render.Brand{nameless, homeless} {
		if _, err := render.New(b); !fault.Is(err, fault.Invalid) {
			t.Errorf("brand %q: %v", b.Name, err)
		}
	}
}

func TestEveryTagIsClosedForBrowsersAndForWord(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, _ string, m outbox.Words) {
		if where := unbalanced(m.HTML); where != "" {
			t.Errorf("a browser finds open: %s", where)
		}
		if where := unbalanced(asWord(m.HTML)); where != "" {
			t.Errorf("Word finds open: %s", where)
		}
		if !strings.Contains(asWord(m.HTML), `width="600"`) {
			t.Error("Word is not told the width")
		}
	})
}

func TestEveryLinkIsAbsolute(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, name string, m outbox.Words) {
		links := nodes(t, m.HTML, "a")
		for _, a := range links {
			href := attr(a, "href")
			if name == "digest" && isSlot(href) {
				continue
			}
			if u, err := url.Parse(href); err != nil || !u.IsAbs() || u.Host == "" {
				t.Errorf("link %q", href)
			}
			if written(a) == "" && attr(a, "aria-hidden") != "true" {
				t.Errorf("link %q says nothing", href)
			}
		}
		if len(links) < 3 {
			t.Errorf("only %d links", len(links))
		}
	})
}

func TestNothingIsLoadedButThePicturesOfStories(t *testing.T) {
	t.Parallel()
	loading := regexp.MustCompile(`(?i)url\(|@import|@font-face|<link|<script|<iframe|<object|<embed|<form|<input|background=|srcset`)
	each(t, func(t *testing.T, name string, m outbox.Words) {
		if found := loading.FindString(m.HTML); found != "" {
			t.Errorf("the mail has %q", found)
		}
		pictures := nodes(t, m.HTML, "img")
		for _, img := range pictures {
			if !strings.HasPrefix(attr(img, "src"), "https://pictures.collabpulse.example/") {
				t.Errorf("picture from %q", attr(img, "src"))
			}
			if attr(img, "alt") == "" || attr(img, "width") == "" {
				t.Errorf("picture %q needs a text and a width", attr(img, "src"))
			}
		}
		if isDigest := name == "digest" || name == "test"; isDigest != (len(pictures) > 0) {
			t.Errorf("%d pictures", len(pictures))
		}
	})
}

func TestMailsSpeakToScreenReaders(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, name string, m outbox.Words) {
		root := nodes(t, m.HTML, "html")[0]
		if attr(root, "lang") != "en" || attr(root, "dir") != "ltr" {
			t.Error("the document does not say its language and direction")
		}
		for _, table := range nodes(t, m.HTML, "table") {
			if attr(table, "role") != "presentation" && len(nodes(t, m.HTML, "th")) == 0 {
				t.Error("a layout table is read out as data")
			}
		}
		if len(nodes(t, m.HTML, "h1")) != 1 {
			t.Error("a mail has one h1")
		}
		if got := written(nodes(t, m.HTML, "title")[0]); got != m.Subject {
			t.Errorf("the title is %q", got)
		}
	})
}

// Gmail drops a style element longer than 8,192 characters, and some clients
// drop the rule after a comment.
func TestStyleElementsSurviveMailClients(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, _ string, m outbox.Words) {
		styles := nodes(t, m.HTML, "style")
		for _, s := range styles {
			css := written(s)
			if css == "" || len(css) > 8192 || strings.Contains(css, "/*") || strings.Count(css, "{") != strings.Count(css, "}") {
				t.Errorf("style element of %d bytes: %.80s", len(css), css)
			}
		}
		if len(styles) != 5 || strings.Contains(m.HTML, "var(--") {
			t.Errorf("%d style elements", len(styles))
		}
		for _, want := range []string{`name="color-scheme" content="light dark"`, "@media (prefers-color-scheme:dark)", "[data-ogsc]"} {
			if !strings.Contains(m.HTML, want) {
				t.Errorf("no %s", want)
			}
		}
	})
}

func TestEveryFooterSaysWhoWhyAndWhere(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, _ string, m outbox.Words) {
		for _, want := range []string{"You get this", "Torstraße 140", "10119 Berlin, Germany", "https://weekly.collabpulse.example/privacy", "https://weekly.collabpulse.example/"} {
			if !strings.Contains(m.HTML, want) || !strings.Contains(m.Text, want) {
				t.Errorf("no %q in both parts", want)
			}
		}
	})
}

// vowels are marks that take no column of their own.
var vowels = regexp.MustCompile(`\p{Mn}`)

func TestTheTextPartIsNarrowAndKeepsLinksWhole(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, _ string, m outbox.Words) {
		for l := range strings.Lines(m.Text) {
			l = strings.TrimSuffix(l, "\n")
			if strings.HasSuffix(l, " ") || len([]rune(vowels.ReplaceAllString(l, ""))) > 72 && !strings.HasPrefix(l, "https://") {
				t.Errorf("line %q", l)
			}
			if i := strings.Index(l, "https://"); i > 0 {
				t.Errorf("a link shares its line: %q", l)
			}
		}
		if strings.Contains(m.Text, "\n\n\n\n") {
			t.Error("too much empty space")
		}
	})
}

func TestEachLetterBringsItsLinkInBothParts(t *testing.T) {
	t.Parallel()
	r := renderer(t)
	for _, c := range letters() {
		m, err := r.Letter(c.kind, c.facts)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{c.facts.Link, c.facts.Console, c.facts.Latest} {
			if !strings.Contains(m.HTML, `href="`+want+`"`) && want != "" || !strings.Contains(m.Text, want+"\n") && want != "" {
				t.Errorf("%s lacks %s", c.name, want)
			}
		}
	}
}
