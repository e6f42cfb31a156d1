package mail

import (
	"encoding/base64"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxWord is the longest word that stands in a field as it is. RFC 5322 §2.1.1
// forbids lines over 998 octets, and a field can be folded between words only.
const maxWord = 70

// headerText writes any text as the body of a field such as Subject: on one
// line, in ASCII, with what does not fit as encoded words (RFC 2047). Text that
// only looks like an encoded word is encoded too, so it arrives as it was.
func headerText(text string) string {
	text = oneLine(text)
	if standsAsItIs(text) {
		return text
	}
	return strings.Join(encodedWords(text), " ")
}

// oneLine is the text without controls, line ends or invalid octets, and with
// single spaces.
func oneLine(text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || r == '\u2028' || r == '\u2029'
	}), " ")
}

func standsAsItIs(text string) bool {
	word := 0
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
		if word++; text[i] == ' ' {
			word = 0
		}
		if word > maxWord {
			return false
		}
	}
	return !strings.Contains(text, "=?")
}

// encodedWords splits text into encoded words of at most 75 octets each, never
// inside a character (RFC 2047 §2, §5). The first is shorter, so that it stands
// on the line of the field's name. Mostly foreign text takes the B encoding,
// where it is shorter; other text the Q encoding, which filters prefer.
func encodedWords(text string) []string {
	prefix, encode, cost, first, room := "=?UTF-8?Q?", quoted, quotedCost, 48, 63
	if foreign(text) {
		prefix, encode, cost, first, room = "=?UTF-8?B?", base64.StdEncoding.EncodeToString, utf8.RuneLen, 36, 45
	}
	var words []string
	begin, left := 0, first
	for i, r := range text {
		if left -= cost(r); left < 0 {
			words = append(words, prefix+encode([]byte(text[begin:i]))+"?=")
			begin, left = i, room-cost(r)
		}
	}
	return append(words, prefix+encode([]byte(text[begin:]))+"?=")
}

func foreign(text string) bool {
	ascii := 0
	for i := range len(text) {
		if text[i] < utf8.RuneSelf {
			ascii++
		}
	}
	return ascii < len(text)/2
}

// quoted is the Q encoding with the small alphabet that may stand anywhere,
// phrases included (RFC 2047 §5 rule 3).
func quoted(chunk []byte) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for _, c := range chunk {
		switch {
		case c == ' ':
			b.WriteByte('_')
		case quotedAsItIs(c):
			b.WriteByte(c)
		default:
			b.Write([]byte{'=', hex[c>>4], hex[c&15]})
		}
	}
	return b.String()
}

func quotedAsItIs(c byte) bool { return isAlphanumeric(c) || strings.IndexByte("!*+-/", c) >= 0 }

// quotedCost is how many octets a character takes in the Q encoding.
func quotedCost(r rune) int {
	if r == ' ' || r < utf8.RuneSelf && quotedAsItIs(byte(r)) {
		return 1
	}
	return 3 * utf8.RuneLen(r)
}

func isAlphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// isDotAtom reports whether text is a dot-atom of ASCII (RFC 5322 §3.2.3), short
// enough for one line.
func isDotAtom(text string) bool {
	for label := range strings.SplitSeq(text, ".") {
		if label == "" || strings.ContainsFunc(label, func(r rune) bool {
			return r >= utf8.RuneSelf || !isAlphanumeric(byte(r)) && !strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", r)
		}) {
			return false
		}
	}
	return len(text) <= 253
}

// phrase writes a name before an angle bracket (RFC 5322 §3.2.5).
func phrase(name string) string {
	name = oneLine(name)
	if strings.Trim(name, atoms) != "" || !standsAsItIs(name) {
		return strings.Join(encodedWords(name), " ")
	}
	return name
}

const atoms = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~ "
