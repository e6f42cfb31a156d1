package gather

import (
	"html"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/microcosm-cc/bluemonday"
	nethtml "golang.org/x/net/html"
)

// maxMarkup is how much of one text is looked at, in octets: enough for the
// first paragraphs of anything.
const maxMarkup = 128 << 10

// text is the plain text of some markup on one line.
func text(markup string) string { return plain(markup, line, nil) }

// lead is the plain text that a piece begins with, in paragraphs that blank lines
// part. Headings, figures, tables and code are left out while anything else is
// there, and so is what blog engines put at the end; a text that only says the
// title again is none.
func lead(markup, title, feed string) string {
	for _, without := range []map[string]bool{aside, illustration, nil} {
		if s := withoutTail(plain(markup, paragraphs, without), title, feed); s != "" && s != title {
			return s
		}
	}
	return ""
}

// maxRounds is how often escaped text may hide in escaped text. Titles escaped
// twice are common; beyond three times it is somebody trying.
const maxRounds = 4

// plain strips markup and decodes entities until neither is left, then folds. A
// lone "<progress>" is not markup but a title that talks about it: the word
// stays, without its brackets, so that no "<" is left that could begin a tag.
func plain(markup string, fold func(string) string, without map[string]bool) string {
	s := upTo(markup, maxMarkup)
	for range maxRounds {
		next := s
		if looksMarked.MatchString(s) {
			next = strict.Sanitize(parted(s, without))
		}
		// Invisible characters go at once: taken out at the end, they could close
		// the gap in a "<" and a tag's name.
		next = strings.Map(visible, html.UnescapeString(next))
		if next == s {
			break
		}
		s = next
	}
	return fold(bracket.ReplaceAllString(s, "$1"))
}

// strict lets no element through, and of scripts and styles not the content either.
var strict = bluemonday.StrictPolicy()

var (
	looksMarked = regexp.MustCompile(`(?i)</[a-z]|<[!?]|<(?:a|abbr|b|blockquote|br|center|cite|code|div|em|embed|font|h[1-6]|hr|i|iframe|` +
		`img|li|object|ol|p|pre|q|s|script|small|span|strong|style|su[bp]|svg|table|t[dhr]|u|ul)(?:[\s/>]|$)`)
	bracket = regexp.MustCompile(`<+([A-Za-z/!?][^<>]*)>?`)
)

// block lists the elements that end a line, and so part words.
var block = set("address article aside blockquote br caption dd details div dl dt fieldset figcaption figure footer form " +
	"h1 h2 h3 h4 h5 h6 header hr legend li main nav ol option p pre section summary table td th tr ul")

// What a piece does not begin with: what stands beside the words, and headings.
var (
	illustration = set("audio button figure footer form nav pre select svg math table textarea video")
	aside        = set("audio button figure footer form nav pre select svg math table textarea video h1 h2 h3 h4 h5 h6")
)

func set(words string) map[string]bool {
	m := map[string]bool{}
	for word := range strings.FieldsSeq(words) {
		m[word] = true
	}
	return m
}

// parted writes line breaks where blocks begin and end, two for a paragraph, and
// leaves out the elements of without. It looks at tokens, never at a tree: badly
// nested markup makes trees far larger than itself.
func parted(markup string, without map[string]bool) string {
	p := parter{without: without}
	tokens := nethtml.NewTokenizer(strings.NewReader(markup))
	for kind := tokens.Next(); kind != nethtml.ErrorToken; kind = tokens.Next() {
		raw := string(tokens.Raw())
		name, _ := tokens.TagName()
		p.token(kind, string(name), raw)
	}
	return p.out.String()
}

type parter struct {
	out         strings.Builder
	without     map[string]bool
	hidden      string // the element being left out
	depth       int    // how often it is open
	inParagraph bool
}

func (p *parter) token(kind nethtml.TokenType, name, raw string) {
	opens := kind == nethtml.StartTagToken
	switch {
	case p.depth > 0 && name == p.hidden && opens:
		p.depth++
	case p.depth > 0 && name == p.hidden && kind == nethtml.EndTagToken:
		p.depth--
	case p.depth > 0:
	case opens && p.leavesOut(name):
		p.hidden, p.depth = name, 1
		p.out.WriteByte('\n')
	default:
		if block[name] {
			p.inParagraph = name == "p" && opens
			p.out.WriteString(breakFor(name))
		}
		p.out.WriteString(raw)
	}
}

// leavesOut also knows the date that many pages put above their text.
func (p *parter) leavesOut(name string) bool {
	return p.without[name] || p.without != nil && name == "time" && !p.inParagraph
}

func breakFor(name string) string {
	if name == "br" || name == "td" || name == "th" {
		return "\n"
	}
	return "\n\n"
}

// line folds all white space into single spaces.
func line(s string) string {
	return strings.Join(strings.Fields(s), " ")
}

// paragraphs folds white space within paragraphs, which blank lines part.
func paragraphs(s string) string {
	var kept []string
	for part := range strings.SplitSeq(strings.ReplaceAll(s, "\r\n", "\n"), "\n\n") {
		if p := line(part); p != "" {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, "\n\n")
}

// visible drops characters that a reader cannot see and that can harm: controls,
// direction overrides, zero-width spaces, replacement characters. Those that
// scripts and emoji are written with (joiners, direction marks) stay.
func visible(r rune) rune {
	if unicode.IsSpace(r) {
		return r
	}
	if dropped(r) {
		return -1
	}
	return r
}

func dropped(r rune) bool {
	switch {
	case unicode.IsControl(r), r == utf8.RuneError,
		'\u202a' <= r && r <= '\u202e', // embeddings and overrides (UAX #9)
		'\u2060' <= r && r <= '\u206f', // isolates, invisible operators, deprecated formats
		'\ufff9' <= r && r <= '\uffff',
		r == '\u00ad', r == '\u200b', r == '\ufeff', r == '\u2028', r == '\u2029':
		return true
	}
	return unicode.Is(unicode.Co, r) || r&0xfffe == 0xfffe
}

var (
	more = regexp.MustCompile(`(?i)(^|[.!?…:\]]|\n)\s*(?:read more|read the full (?:story|article|post)|continue reading.{0,200}?)[\s.…»→>]*$`)
	cut  = regexp.MustCompile(`\s*(?:\[\s*(?:…|\.\.\.)\s*\]|…|\.\.\.)\s*$`)
	full = regexp.MustCompile(`([.!?])…$`) // cut between sentences: nothing to mark
)

// byTheWay is how much longer than the two titles together WordPress's "The post
// … appeared first on …" is, in any language, in octets.
const byTheWay = 80

// withoutTail takes off what blog engines append to an excerpt (a last paragraph
// that names the entry and its feed, an invitation to read on), and writes the
// mark of a cut one way.
func withoutTail(s, title, feed string) string {
	if i := strings.LastIndex(s, "\n\n"); i >= 0 && title != "" && feed != "" {
		last := s[i:]
		if len(last) < len(title)+len(feed)+byTheWay && strings.Contains(last, title) && strings.Contains(last, feed) {
			s = s[:i]
		}
	}
	s = cut.ReplaceAllString(more.ReplaceAllString(s, "$1"), "…")
	return full.ReplaceAllString(s, "$1")
}

// clip shortens to at most limit characters, between words where there are any,
// and ends in an ellipsis when something was lost.
func clip(s string, limit int) string {
	runes := []rune(s)
	if len(runes) <= limit {
		return s
	}
	end := limit - 1
	for back := end; back > limit*3/4; back-- {
		if unicode.IsSpace(runes[back]) {
			end = back
			break
		}
	}
	for end > 0 && joined(runes[end-1], runes[end]) {
		end--
	}
	return strings.TrimRightFunc(string(runes[:end]), loose) + "…"
}

// joined reports whether two characters are one to a reader.
func joined(before, after rune) bool {
	const joiner = '\u200d'
	return before == joiner || after == joiner || unicode.IsMark(after) || '\U0001f3fb' <= after && after <= '\U0001f3ff'
}

func loose(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(",;:.…-–—(", r) }

// upTo is at most limit octets of s, whole characters.
func upTo(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}
