package render

import (
	"html/template"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// line is gathered text as one clean line: valid UTF-8, single spaces, and none
// of the characters that change what stands around them.
func line(text string) string {
	clean := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r) || unicode.IsControl(r):
			return ' '
		case steers(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
	return strings.Join(strings.Fields(clean), " ")
}

// steers reports whether a character turns the direction of the text that
// follows it (Unicode Bidirectional Algorithm, UAX #9 §2.1–2.4) or is a byte
// order mark or a piece of interlinear annotation. The marks that only take part
// in a line, such as U+200F, stay: Arabic and Hebrew need them.
func steers(r rune) bool {
	return r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069 || r == 0xFEFF || r >= 0xFFF9 && r <= 0xFFFB
}

// paragraphs are the clean paragraphs of a text, which blank lines part.
func paragraphs(text string) []string {
	var out []string
	var open []string
	for l := range strings.Lines(text + "\n\n") {
		if l = line(l); l != "" {
			open = append(open, l)
		} else if open != nil {
			out, open = append(out, strings.Join(open, " ")), nil
		}
	}
	return out
}

// web is the link as it may be printed: absolute http or https, in ASCII, without
// anything that could end an attribute or a line. It is "" for everything else.
func web(raw string) string {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil {
		return ""
	}
	text := u.String()
	var b strings.Builder
	for i := range len(text) {
		if c := text[i]; c <= ' ' || c >= 0x7F || strings.IndexByte("\"'<>\\^`{|}", c) >= 0 {
			const hex = "0123456789ABCDEF"
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// clip shortens a text to so many characters, at the end of a word where one is near.
func clip(text string, limit int) string {
	if utf8.RuneCountInString(text) <= limit {
		return text
	}
	if limit == 0 {
		return ""
	}
	cut := string([]rune(text)[:limit-1])
	if i := strings.LastIndexByte(cut, ' '); i > len(cut)*2/3 {
		cut = cut[:i]
	}
	return strings.TrimRight(cut, " ,.;:–-") + "…"
}

// longWord is the length, in characters, from which a word gets places to break.
const longWord = 20

// soft is the text as HTML in which overlong words may break. Mail clients
// disagree on every style that would do it, and agree on <wbr>.
func soft(text string) template.HTML {
	var b strings.Builder
	run, start := 0, 0
	for i, r := range text {
		switch {
		case !clings(r):
			run = 0
		case run == longWord:
			b.WriteString(template.HTMLEscapeString(text[start:i]) + "<wbr>")
			run, start = 1, i
		default:
			run++
		}
	}
	b.WriteString(template.HTMLEscapeString(text[start:]))
	return template.HTML(b.String())
}

// clings reports whether a character and its neighbours stay on one line by
// themselves. Ideographs do not, and pieces of an emoji are never parted.
func clings(r rune) bool {
	if r < utf8.RuneSelf {
		return r != ' '
	}
	return (unicode.IsLetter(r) || unicode.IsNumber(r)) && !unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana)
}
