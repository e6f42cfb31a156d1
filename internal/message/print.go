package message

import (
	"encoding/binary"
	"errors"
)

// Slot says which of a message's own values stands at a place of a print, and
// in which dress.
type Slot uint8

// The slots. The numbers are stored.
const (
	SlotTo                Slot = 1 + iota // the reader's address, in the To field
	SlotID                                // Message.ID, in the Message-ID field
	SlotDate                              // Message.Date (RFC 5322 §3.3), in the Date field
	SlotLeave                             // Message.Leave, between the angle brackets of List-Unsubscribe
	SlotText                              // Message.Leave in the text part, quoted-printable, from the beginning of a line
	SlotMarkup                            // the same in the HTML part: escaped for HTML, then quoted-printable
	SlotPreferencesText                   // Message.Preferences in the text part
	SlotPreferencesMarkup                 // the same in the HTML part
	slotsEnd
)

// Print is a message compiled for many readers: everything that they share is
// already encoded as it goes over the wire, with CRLF at the line ends, no line
// over 998 octets, and dots stuffed (RFC 5321 §4.5.2), up to the last line end
// before the final dot. A slot stands between each two pieces. A print is
// never changed once it is made, so any number of connections may share it.
type Print struct {
	Pieces [][]byte // one more than Slots
	Slots  []Slot
}

// Size is how many octets the pieces have together.
func (p *Print) Size() int {
	size := 0
	for _, piece := range p.Pieces {
		size += len(piece)
	}
	return size
}

// printed is the first octet of an encoded print. It is no character that an
// edition in JSON can begin with.
const printed = 1

// Encode is the print as it is stored.
func (p *Print) Encode() []byte {
	b := make([]byte, 0, p.Size()+4*len(p.Pieces)+8)
	b = binary.AppendUvarint(append(b, printed), uint64(len(p.Slots)))
	for i, piece := range p.Pieces {
		b = append(binary.AppendUvarint(b, uint64(len(piece))), piece...)
		if i < len(p.Slots) {
			b = append(b, byte(p.Slots[i]))
		}
	}
	return b
}

// IsPrint reports whether the bytes claim to be an encoded print.
func IsPrint(b []byte) bool { return len(b) > 0 && b[0] == printed }

var errNoPrint = errors.New("these bytes are no print")

// DecodePrint reads what Encode wrote, and refuses all else. The print shares
// the bytes, which must not change afterwards.
func DecodePrint(b []byte) (*Print, error) {
	if !IsPrint(b) {
		return nil, errNoPrint
	}
	slots, b, ok := number(b[1:])
	if !ok || slots > len(b) {
		return nil, errNoPrint
	}
	p := &Print{Pieces: make([][]byte, 0, slots+1), Slots: make([]Slot, 0, slots)}
	for {
		size, rest, ok := number(b)
		if !ok || size > len(rest) {
			return nil, errNoPrint
		}
		p.Pieces, b = append(p.Pieces, rest[:size:size]), rest[size:]
		if len(p.Slots) == slots {
			break
		}
		if len(b) == 0 || b[0] < byte(SlotTo) || b[0] >= byte(slotsEnd) {
			return nil, errNoPrint
		}
		p.Slots, b = append(p.Slots, Slot(b[0])), b[1:]
	}
	if len(b) > 0 {
		return nil, errNoPrint
	}
	return p, nil
}

// number reads a count and returns what follows it.
func number(b []byte) (n int, rest []byte, ok bool) {
	v, size := binary.Uvarint(b)
	if size <= 0 || v > 1<<30 {
		return 0, nil, false
	}
	return int(v), b[size:], true
}
