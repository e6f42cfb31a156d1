package mail

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/collabpulse/weekly/internal/address"
	"github.com/collabpulse/weekly/internal/edition"
	"github.com/collabpulse/weekly/internal/message"
)

// Compile builds an edition's mail once, with marks where the reader's own
// values go, and cuts it there. What it returns depends on the letterhead too:
// the sender, Reply-To and list fields stand in it. An error says that the
// edition can never be mailed.
func (p *Pool) Compile(e edition.Edition, language string) (*message.Print, error) {
	return p.letterhead.compile(e, language)
}

var (
	errBadMark  = errors.New("the edition's mark for the leave link is no word of letters and digits")
	errMarkLost = errors.New("a mark is missing in the built message, stands there twice, or where none may stand")
)

func (l letterhead) compile(e edition.Edition, language string) (*message.Print, error) {
	k, err := marksFor(e.Slots)
	if err != nil {
		return nil, err
	}
	raw, err := l.octets(message.Message{
		To:       k.to,
		ID:       k.id,
		Subject:  e.Subject,
		Text:     marked(e.Text, e.Slots, k.text, k.prefsText),
		HTML:     marked(e.HTML, e.Slots, k.markup, k.prefsMarkup),
		Language: language,
		Date:     time.Unix(0, 0),
		Leave:    k.leave,
	})
	if err != nil {
		return nil, err
	}
	return k.cut(raw)
}

// marked is a part of an edition with marks in the place of its slots. An edition
// kept by an earlier release has none for preferences.
func marked(part string, slots edition.Slots, leave, preferences string) string {
	part = strings.ReplaceAll(part, slots.Leave, leave)
	if slots.Preferences == "" {
		return part
	}
	return strings.ReplaceAll(part, slots.Preferences, preferences)
}

// marks stand for a reader's values while a message is built. Each is made from
// the edition's own mark, which no story can contain.
type marks struct {
	to                      address.Address
	id, leave, text, markup string
	prefsText, prefsMarkup  string
}

func marksFor(slots edition.Slots) (marks, error) {
	seed := slots.Leave
	if seed == "" || strings.ContainsFunc(seed, func(r rune) bool { return r > 'z' || !isAlphanumeric(byte(r)) }) {
		return marks{}, errBadMark
	}
	word := func(kind string) string {
		sum := sha256.Sum256([]byte(kind + seed))
		return "slot" + kind + hex.EncodeToString(sum[:12])
	}
	to, err := address.Parse(word("to") + "@slot.invalid")
	return marks{to: to, id: word("id"), leave: "https://" + word("leave"), text: word("text"), markup: word("markup"),
		prefsText: word("prefstext"), prefsMarkup: word("prefsmarkup")}, err
}

// cut makes a print of a built message. The marks of the header stand there as
// they are; those of the body may be broken by soft line breaks (RFC 2045 §6.7).
func (k marks) cut(raw []byte) (*message.Print, error) {
	head := bytes.Index(raw, []byte("\r\n\r\n")) + 4
	fields := regexp.MustCompile(fmt.Sprintf(`(%s)|(%s)|(?m:^Date: ([^\r]*))|(%s)`,
		regexp.QuoteMeta(k.to.String()), k.id, regexp.QuoteMeta(k.leave)))
	parts := regexp.MustCompile(`(` + breakable(k.text) + `)|(` + breakable(k.markup) + `)|(` + breakable(k.prefsText) + `)|(` + breakable(k.prefsMarkup) + `)`)

	var c cutter
	for _, m := range fields.FindAllSubmatchIndex(raw[:head], -1) {
		slot, from, to := matched(m)
		c.field(raw[c.done:from], slot)
		c.done = to
	}
	for _, m := range parts.FindAllSubmatchIndex(raw[head:], -1) {
		slot, from, to := matched(m)
		c.line(raw[c.done:head+from], slot+4, raw[head+to:])
		c.done = head + to
	}
	c.piece = append(c.piece, raw[c.done:]...)
	c.Pieces = append(c.Pieces, stuff(nil, c.piece))
	return c.checked()
}

// breakable is the pattern of a word that may have a soft line break before each
// of its characters but the first, and behind the last.
func breakable(word string) string {
	return strings.Join(strings.Split(word, ""), `(?:=\r\n)?`) + `(?:=\r\n)?`
}

// matched tells which group of a pattern matched, counted as slots are, and where.
func matched(m []int) (slot message.Slot, from, to int) {
	for i := 2; i < len(m); i += 2 {
		if m[i] >= 0 {
			return message.Slot(i / 2), m[i], m[i+1]
		}
	}
	return 0, m[0], m[1]
}

// cutter collects pieces.
type cutter struct {
	message.Print
	piece []byte // the one under way
	done  int    // how much of the message is in pieces
}

// field ends a piece before a slot in a field.
func (c *cutter) field(static []byte, slot message.Slot) {
	c.Pieces = append(c.Pieces, stuff(nil, append(c.piece, static...)))
	c.Slots = append(c.Slots, slot)
	c.piece = nil
}

// line ends a piece before a slot in a part, and gives the slot lines of its
// own: a soft line break before it unless a line begins there anyway, another
// behind it unless the line ends there. So a value can be encoded without
// knowing what stands beside it. The line before has lost at least one
// character of the mark, so there is room for the break's "=".
func (c *cutter) line(static []byte, slot message.Slot, rest []byte) {
	c.piece = append(c.piece, static...)
	if !bytes.HasSuffix(c.piece, []byte("\r\n")) && (c.done > 0 || len(c.piece) > 0) {
		c.piece = append(c.piece, "=\r\n"...)
	}
	c.field(nil, slot)
	if !bytes.HasPrefix(rest, []byte("\r\n")) {
		c.piece = append(c.piece, "=\r\n"...)
	}
}

// checked is the print if it has each slot of the header once: a field that
// went missing would give every reader the same value, and nobody would see it.
func (c *cutter) checked() (*message.Print, error) {
	var times [message.SlotPreferencesMarkup + 1]int
	for _, slot := range c.Slots {
		times[slot]++
	}
	if times[0] != 0 {
		return nil, errMarkLost
	}
	for _, slot := range []message.Slot{message.SlotTo, message.SlotID, message.SlotDate, message.SlotLeave} {
		if times[slot] != 1 {
			return nil, errMarkLost
		}
	}
	return &c.Print, nil
}

// stuff appends text with every line that begins with a dot given another one
// (RFC 5321 §4.5.2). The text begins in the middle of a line, or with no dot.
func stuff(dst, text []byte) []byte {
	for {
		i := bytes.Index(text, []byte("\r\n."))
		if i < 0 {
			return append(dst, text...)
		}
		dst = append(append(dst, text[:i+3]...), '.')
		text = text[i+3:]
	}
}
