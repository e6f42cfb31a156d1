package gather

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestTextIsClippedBetweenWords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, in string
		limit    int
		want     string
	}{
		{"short enough", "one two", 7, "one two"},
		{"between words", "one two three four", 16, "one two three…"},
		{"not between comma and mark", "one two three, four", 17, "one two three…"},
		{"a word longer than the limit", "abcdefghij", 5, "abcd…"},
		{"no words", "糸と色についての長い話", 6, "糸と色につ…"},
		{"not within an emoji", "ab 👩‍🚀👩‍🚀 cd", 5, "ab…"},
		{"not before a mark", "cafe\u0301s", 5, "caf…"},
		{"nothing but marks", "\u0301\u0301\u0301", 2, "…"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := clip(c.in, c.limit)
			if got != c.want || utf8.RuneCountInString(got) > c.limit {
				t.Errorf("clip(%q, %d) = %q, want %q", c.in, c.limit, got, c.want)
			}
		})
	}
}

func TestEndingsOfBlogEnginesAreTakenOff(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Enough. Read more":                              "Enough.",
		"Enough… Continue reading The kiln →":            "Enough…",
		"Read the full story":                            "",
		"You should read more":                           "You should read more",
		"It stops [...]":                                 "It stops…",
		"It stops …":                                     "It stops…",
		"It ends. [&hellip;]":                            "It ends.",
		"Really? ...":                                    "Really?",
		"One.\n\nThe post Kiln first appeared on Nord.":  "One.",
		"One.\n\nDer Beitrag Kiln erschien zuerst: Nord": "One.",
		"One.\n\nKiln and Nord, a story of more than a hundred words that goes on and on and is nothing that any engine appended to it.": "One.\n\nKiln and Nord, a story of more than a hundred words that goes on and on and is nothing that any engine appended to it.",
	} {
		if got := lead(in, "Kiln", "Nord"); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

func TestMarkupLeavesWordsApart(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"<p>One</p><p>Two</p>":                  "One Two",
		"One<br>two<br/>three":                  "One two three",
		"<ul><li>One</li><li>Two</li></ul>":     "One Two",
		"<b>H</b>ello":                          "Hello",
		"<td>One</td><td>Two</td>":              "One Two",
		"One<!-- hidden -->two":                 "Onetwo",
		"<p>One</p><style>p{color:red}</style>": "One",
		"a &lt;b&gt; c":                         "a c",
		"a<c":                                   "ac",
		"<<<script>x":                           "<<",
		"<<<progress>x":                         "progressx",
		"&amp;&amp;lt;script&gt;x":              "&",
		"&amp;amp;amp;amp;amp;amp;lt;script&amp;amp;gt;": "&amp;amp;lt;script>",
	} {
		if got := text(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

func TestOnlyTheBeginningOfATextIsLookedAt(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ü", maxMarkup)
	if got := upTo(long, 5); got != "üü" {
		t.Errorf("five octets of two-octet letters are %q", got)
	}
	if got := text(long); len(got) > maxMarkup || !utf8.ValidString(got) {
		t.Errorf("%d octets are left", len(got))
	}
}
