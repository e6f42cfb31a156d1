package faults

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"net/textproto"
	"strings"
	"time"
)

// How the relay spends its time. A mail takes a few milliseconds, as over a real
// network, so that a send lasts long enough to be struck in the middle.
const (
	usually   = 8 * time.Millisecond
	slowly    = 80 * time.Millisecond
	stalledIt = 4 * time.Second
)

// talk is one SMTP connection (RFC 5321), spoken line by line, so that commands
// that come in one packet (RFC 2920) are answered in order.
type talk struct {
	relay *Relay
	conn  net.Conn
	in    *bufio.Reader
	noTLS bool

	from, to string
	begun    time.Time
	fate     Kind
}

func newTalk(r *Relay, conn net.Conn, noTLS bool) *talk {
	return &talk{relay: r, conn: conn, in: bufio.NewReader(conn), noTLS: noTLS}
}

func (t *talk) serve() {
	defer t.relay.left(t)
	defer t.conn.Close()
	t.say("220 relay.test ESMTP")
	for {
		line, err := t.in.ReadString('\n')
		if err != nil || !t.answer(strings.TrimRight(line, "\r\n")) {
			return
		}
	}
}

func (t *talk) say(line string) bool {
	_, err := t.conn.Write([]byte(line + "\r\n"))
	return err == nil
}

// answer answers one command, and reports whether the connection goes on.
func (t *talk) answer(line string) bool {
	verb, rest, _ := strings.Cut(line, " ")
	switch strings.ToUpper(verb) {
	case "EHLO":
		return t.hello()
	case "HELO", "NOOP":
		return t.say("250 relay.test")
	case "STARTTLS":
		t.relay.noteKind(NoTLS)
		return t.say("454 4.7.0 TLS not available due to temporary reason")
	case "MAIL":
		t.from, t.to, t.fate, t.begun = path(rest), "", "", time.Now()
		return t.say("250 2.1.0 Sender ok")
	case "RCPT":
		return t.recipient(path(rest))
	case "DATA":
		return t.data()
	case "RSET":
		t.from, t.to = "", ""
		return t.say("250 2.0.0 Reset")
	case "QUIT":
		t.say("221 2.0.0 Bye")
		return false
	}
	return t.say("502 5.5.1 Unknown command")
}

func (t *talk) hello() bool {
	lines := []string{"relay.test", "PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES"}
	if t.noTLS {
		lines = append(lines, "STARTTLS")
	}
	for _, l := range lines {
		if !t.say("250-" + l) {
			return false
		}
	}
	return t.say("250 SIZE 10485760")
}

// path is the address of MAIL FROM:<…> or RCPT TO:<…>.
func path(rest string) string {
	_, after, _ := strings.Cut(rest, "<")
	address, _, _ := strings.Cut(after, ">")
	return strings.ToLower(address)
}

func (t *talk) recipient(to string) bool {
	t.fate = t.relay.visit(to)
	switch t.fate {
	case Greylist:
		return t.say("451 4.7.1 Greylisted, please try again later")
	case Throttle:
		t.say("421 4.7.28 Unusual rate of unsolicited mail, try again later")
		return false
	}
	t.to = to
	return t.say("250 2.1.5 Recipient ok")
}

func (t *talk) data() bool {
	if t.to == "" {
		return t.say("503 5.5.1 No valid recipients")
	}
	if t.fate == ResetBefore {
		return t.reset()
	}
	if !t.say("354 Go on") {
		return false
	}
	m := Mail{To: t.to, Begun: t.begun}
	if t.fate == ResetInside {
		t.in.ReadString('\n')
		t.relay.broke() // a short body is in the network whole by now, so the sender cannot know
		return t.reset()
	}
	body, err := textproto.NewReader(t.in).ReadDotBytes()
	if err != nil {
		return false
	}
	m.Leave = leaveLink(body)
	t.to = ""
	return t.reply(m)
}

// reply answers a message that came in whole. It is recorded before the answer
// leaves: whoever dies meanwhile cannot know that it was taken.
func (t *talk) reply(m Mail) bool {
	if t.fate == TooLarge {
		t.relay.refuse(m.To)
		return t.say("552 5.3.4 Message too big for the system")
	}
	t.relay.take(m)
	switch t.fate {
	case ResetAfter:
		t.relay.broke()
		return t.reset()
	case Stall:
		time.Sleep(stalledIt)
	case Slow:
		time.Sleep(slowly)
	default:
		time.Sleep(usually)
	}
	return t.say(fmt.Sprintf("250 2.0.0 Taken as %d", m.Begun.UnixNano()))
}

// reset ends the connection with a RST, as a relay that crashes does.
func (t *talk) reset() bool {
	if tcp, ok := t.conn.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	return false
}

// leaveLink is the address in the List-Unsubscribe field, "" when there is none.
func leaveLink(message []byte) string {
	header, err := textproto.NewReader(bufio.NewReader(bytes.NewReader(message))).ReadMIMEHeader()
	if err != nil && len(header) == 0 {
		return ""
	}
	_, after, _ := strings.Cut(header.Get("List-Unsubscribe"), "<http")
	link, _, found := strings.Cut(after, ">")
	if !found {
		return ""
	}
	return "http" + link
}
