package progress

import (
	"strconv"
	"strings"
)

// Words say in plain English what a receiving side meant by putting mail off, judged
// by its status code (RFC 3463 §3) as far as there is one.
func (d Deferral) Words() string {
	for _, p := range phrases {
		if strings.HasPrefix(d.Enhanced+".", p.prefix) {
			return p.words
		}
	}
	switch d.Code {
	case 0:
		return "the connection broke"
	case 421:
		return "the server closed the connection for now"
	case 452:
		return "the server or the mailbox is short of room"
	}
	return "the server asks to try again later"
}

// phrases begin with the longest prefix of each kind.
var phrases = []struct{ prefix, words string }{
	{"4.2.1.", "the mailbox gets mail too quickly"},
	{"4.2.2.", "the mailbox is full"},
	{"4.2.", "the mailbox is busy or closed for now"},
	{"4.1.", "the address cannot be checked at the moment"},
	{"4.3.1.", "the server is short of room"},
	{"4.3.", "the server is busy or being looked after"},
	{"4.4.", "the way to the server is interrupted"},
	{"4.5.", "the server did not follow the conversation"},
	{"4.6.", "the server has trouble with the content"},
	{"4.7.1.", "the server makes newcomers wait (greylisting) or is cautious"},
	{"4.7.", "the provider says that we send too much for now"},
}

// Codes is the answer as relays give it, "421 4.7.28"; "" when nothing was said.
func (d Deferral) Codes() string {
	if d.Code == 0 {
		return d.Enhanced
	}
	return strings.TrimSpace(strconv.Itoa(d.Code) + " " + d.Enhanced)
}
