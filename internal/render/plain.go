package render

import (
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// measure is the width of a text part in columns. RFC 3676 §4.2 advises 78 at
// most; a little less leaves room for the marks of a reply.
const measure = 72

// reflow gives a text part its shape: lines of at most measure columns, broken
// between words, keeping the indent they began with; no word and so no link is
// ever broken; never two empty lines on end.
func reflow(text string) string {
	var b strings.Builder
	empty := 2
	for l := range strings.Lines(text) {
		l = strings.TrimRight(l, " \t\r\n")
		if l == "" {
			empty++
			continue
		}
		if b.Len() > 0 && empty > 0 {
			b.WriteString(strings.Repeat("\n", min(empty, 2)))
		}
		empty = 0
		words := strings.TrimLeft(l, " ")
		b.WriteString(wrap(words, l[:len(l)-len(words)]) + "\n")
	}
	return b.String()
}

// wrap breaks one paragraph into lines that each begin with the indent.
func wrap(text, indent string) string {
	var b strings.Builder
	b.WriteString(indent)
	at := len(indent)
	for _, word := range strings.Fields(text) {
		gap := min(at-len(indent), 1)
		for _, piece := range pieces(word) {
			w := columns(piece)
			if at > len(indent) && at+gap+w > measure {
				b.WriteString("\n" + indent)
				at, gap = len(indent), 0
			}
			b.WriteString(" "[:gap] + piece)
			at, gap = at+gap+w, 0
		}
	}
	return b.String()
}

// pieces are the parts between which a word may break: one, unless it is written
// in ideographs, which need no spaces. Punctuation stays with what it closes.
func pieces(word string) []string {
	var out []string
	start := 0
	for i, r := range word {
		if i > start && ideograph(r) {
			out, start = append(out, word[start:i]), i
		}
	}
	return append(out, word[start:])
}

func ideograph(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul)
}

// columns is how wide a text stands in a fixed-width font: two columns for a
// wide character (UAX #11), none for a mark on the one before.
func columns(text string) int {
	n := 0
	for _, r := range text {
		switch k := width.LookupRune(r).Kind(); {
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		case k == width.EastAsianWide || k == width.EastAsianFullwidth:
			n += 2
		default:
			n++
		}
	}
	return n
}

// headline is a title over a double line, heading one over a single line.
func headline(text string) string { return underlined(text, "=") }
func heading(text string) string  { return underlined(strings.ToUpper(text), "-") }

func underlined(text, with string) string {
	text = wrap(text, "")
	longest := 0
	for l := range strings.Lines(text) {
		longest = max(longest, columns(strings.TrimRight(l, "\n")))
	}
	return text + "\n" + strings.Repeat(with, min(longest, measure))
}

// rule parts the mail from its footer.
func rule() string { return strings.Repeat("-", 16) }
