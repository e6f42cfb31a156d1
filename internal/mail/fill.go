package mail

import (
	"time"

	"github.com/collabpulse/weekly/internal/message"
)

// fill appends a print with a message's own values in its slots. The values have
// passed check: none has a line end, and the address is a dot-atom and a domain.
func fill(dst []byte, p *message.Print, m message.Message, to string) []byte {
	for i, slot := range p.Slots {
		dst = append(dst, p.Pieces[i]...)
		switch slot {
		case message.SlotTo:
			dst = append(dst, to...)
		case message.SlotID:
			dst = append(dst, m.ID...)
		case message.SlotDate:
			dst = m.Date.AppendFormat(dst, time.RFC1123Z)
		case message.SlotLeave:
			dst = append(dst, m.Leave...)
		case message.SlotText:
			dst, _ = appendQuoted(dst, m.Leave, 0)
		case message.SlotMarkup:
			dst = appendMarkup(dst, m.Leave)
		case message.SlotPreferencesText:
			dst, _ = appendQuoted(dst, m.Preferences, 0)
		case message.SlotPreferencesMarkup:
			dst = appendMarkup(dst, m.Preferences)
		}
	}
	return append(dst, p.Pieces[len(p.Slots)]...)
}

// quotedLine is how many octets of a line a value may fill: 76 less the "=" of a
// soft line break (RFC 2045 §6.7 rule 5).
const quotedLine = 75

// appendQuoted writes a value in quoted-printable, from a column of a line that
// it has to itself. It is stricter than it must be: a dot or a hyphen at the
// beginning of a line is escaped, so that it needs no stuffing and is no boundary.
func appendQuoted(dst []byte, value string, column int) ([]byte, int) {
	for i := range len(value) {
		c := value[i]
		plain := quotable[c] == always || quotable[c] == inside && column > 0
		if column == quotedLine || !plain && column > quotedLine-3 {
			dst, column = append(dst, "=\r\n"...), 0
			plain = quotable[c] == always
		}
		if plain {
			dst, column = append(dst, c), column+1
			continue
		}
		const hex = "0123456789ABCDEF"
		dst, column = append(dst, '=', hex[c>>4], hex[c&15]), column+3
	}
	return dst, column
}

// quotable tells which octets stand in quoted-printable as they are: always,
// inside a line but not at its beginning, or (zero) never.
var quotable = func() (table [256]uint8) {
	for c := range table {
		if isAlphanumeric(byte(c)) {
			table[c] = always
		}
	}
	for _, c := range "/:_~%&;#?+," {
		table[c] = always
	}
	table['.'], table['-'] = inside, inside
	return table
}()

const (
	always = 1 + iota
	inside
)

// appendMarkup is appendQuoted for text or an attribute of HTML.
func appendMarkup(dst []byte, value string) []byte {
	column, begin := 0, 0
	for i := range len(value) {
		var entity string
		switch value[i] {
		case '&':
			entity = "&amp;"
		case '<':
			entity = "&lt;"
		case '>':
			entity = "&gt;"
		case '"':
			entity = "&#34;"
		case '\'':
			entity = "&#39;"
		default:
			continue
		}
		dst, column = appendQuoted(dst, value[begin:i], column)
		dst, column = appendQuoted(dst, entity, column)
		begin = i + 1
	}
	dst, _ = appendQuoted(dst, value[begin:], column)
	return dst
}
