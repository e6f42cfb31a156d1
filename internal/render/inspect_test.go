package render_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/collabpulse/weekly/internal/outbox"
)

// every is every mail there is, by the name of its golden: the digest, the test
// of one, and each letter.
func every(t testing.TB) map[string]outbox.Words {
	t.Helper()
	r := renderer(t)
	e, err := r.Edition(week(), snapshotHash, whole())
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]outbox.Words{"digest": {Subject: e.Subject, HTML: e.HTML, Text: e.Text}}
	if all["test"], err = r.Test(week()); err != nil {
		t.Fatal(err)
	}
	for _, c := range letters() {
		if all[c.name], err = r.Letter(c.kind, c.facts); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// each runs a check on every mail.
func each(t *testing.T, check func(t *testing.T, name string, m outbox.Words)) {
	for name, m := range every(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, name, m)
		})
	}
}

// nodes lists the elements of a document, or only those of one tag.
func nodes(t testing.TB, markup, tag string) []*html.Node {
	t.Helper()
	root, err := html.Parse(strings.NewReader(markup))
	if err != nil {
		t.Fatal(err)
	}
	var found []*html.Node
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && (tag == "" || n.Data == tag) {
			found = append(found, n)
		}
	}
	return found
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// written is the text of an element as a reader sees it.
func written(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return strings.TrimSpace(b.String())
}

var (
	wordOnly  = regexp.MustCompile(`(?s)<!--\[if mso\]>(.*?)<!\[endif\]-->`)
	notWord   = regexp.MustCompile(`(?s)<!--\[if !mso\]><!-->.*?<!--<!\[endif\]-->`)
	voidNames = []string{"meta", "img", "br", "wbr", "o:allowpng"}
)

// asWord is the markup as Outlook's Word engine reads it.
func asWord(markup string) string {
	return wordOnly.ReplaceAllString(notWord.ReplaceAllString(markup, ""), "$1")
}

// unbalanced says where start and end tags stop matching, "" when they all do.
func unbalanced(markup string) string {
	z := html.NewTokenizer(strings.NewReader(markup))
	var open []string
	for {
		switch z.Next() {
		case html.ErrorToken:
			return strings.Join(open, " > ")
		case html.StartTagToken:
			if name, _ := z.TagName(); !slices.Contains(voidNames, string(name)) {
				open = append(open, string(name))
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			if len(open) == 0 || open[len(open)-1] != string(name) {
				return "</" + string(name) + "> after " + strings.Join(open, " > ")
			}
			open = open[:len(open)-1]
		}
	}
}

// kinds are all kinds of letter.
func kinds() []outbox.Kind {
	var all []outbox.Kind
	for k := outbox.Confirm; k.String() != ""; k++ {
		all = append(all, k)
	}
	return all
}
