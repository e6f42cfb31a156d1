package mail

import (
	"errors"
	"net"
)

// maxTalk is how much a relay may say before we say something again, in octets.
// The replies to a group of commands take less than a hundredth of it; a reply has
// no largest size (RFC 5321 §4.5.3.1.5 limits a line, and nothing limits the lines),
// so whoever answers in a relay's place could fill our memory until the time is up.
const maxTalk = 64 << 10

var errTalksOn = errors.New("the relay talks on and on")

// bounded is a connection to a relay that hears only so much at a time.
type bounded struct {
	net.Conn
	heard int // since the last write
}

// Read fails once the relay has said too much.
func (b *bounded) Read(p []byte) (int, error) {
	if b.heard >= maxTalk {
		return 0, errTalksOn
	}
	n, err := b.Conn.Read(p)
	b.heard += n
	return n, err
}

// Write says something, after which the relay may answer.
func (b *bounded) Write(p []byte) (int, error) {
	b.heard = 0
	return b.Conn.Write(p)
}
