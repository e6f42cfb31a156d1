package mail

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// relayScript is a relay that answers what a case says. A step that is not
// scripted answers as a relay that is glad to take mail.
type relayScript struct {
	greet, ehlo, startTLS, auth, mail, rcpt, data, body, dot, rset, noop step

	offers []string    // extensions besides PIPELINING, 8BITMIME and ENHANCEDSTATUSCODES
	plain  bool        // no PIPELINING either
	eager  bool        // takes a text even for nobody (RFC 2920 §3.1)
	tls    *tls.Config // for STARTTLS, or for every connection when secure
	secure bool
}

// step plays one turn of the relay. It returns false when the conversation is over.
type step func(*talk) bool

// say answers with the lines given.
func say(lines ...string) step {
	return func(k *talk) bool {
		k.code = lines[0][:1]
		_, err := k.conn.Write([]byte(strings.Join(lines, "\r\n") + "\r\n"))
		return err == nil
	}
}

// sayAndDrop answers and hangs up.
func sayAndDrop(line string) step {
	return func(k *talk) bool { say(line)(k); return false }
}

// drop hangs up without a word, with a reset instead of an orderly end.
func drop(k *talk) bool {
	if tcp, ok := k.conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	return false
}

// stall answers nothing until the other side hangs up or the test ends.
func stall(k *talk) bool {
	_ = k.conn.SetReadDeadline(time.Now().Add(15 * time.Second))
	_, _ = io.Copy(io.Discard, k.in)
	return false
}

// deaf reads nothing for a while.
func deaf(*talk) bool { time.Sleep(500 * time.Millisecond); return false }

// slowly waits a little, then goes on as scripted.
func slowly(then step) step {
	return func(k *talk) bool { time.Sleep(30 * time.Millisecond); return then(k) }
}

// once plays a step the first time and another one afterwards, over all
// connections to one relay.
func once(first, then step) step {
	var mu sync.Mutex
	played := map[*scripted]bool{}
	return func(k *talk) bool {
		mu.Lock()
		again := played[k.server]
		played[k.server] = true
		mu.Unlock()
		if again {
			return then(k)
		}
		return first(k)
	}
}

// scripted is a running relayScript and what it heard.
type scripted struct {
	addr   string
	script relayScript

	mu       sync.Mutex
	heard    []string // every command line
	bodies   []string
	accepted int // connections
	open     int
	mostOpen int
}

// talk is one connection to it.
type talk struct {
	server *scripted
	conn   net.Conn
	in     *bufio.Reader

	code              string // first digit of the reply said last
	sender, recipient bool   // what the transaction has
}

func play(t *testing.T, script relayScript) *scripted {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &scripted{addr: listener.Addr().String(), script: script}
	var talks sync.WaitGroup
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			talks.Go(func() { s.serve(conn) })
		}
	}()
	t.Cleanup(func() { listener.Close(); talks.Wait() })
	return s
}

func (s *scripted) serve(conn net.Conn) {
	defer conn.Close()
	s.count(1)
	defer s.count(-1)
	if s.script.secure {
		conn = tls.Server(conn, s.script.tls)
	}
	k := &talk{server: s, conn: conn, in: bufio.NewReader(conn)}
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	if !or(s.script.greet, say("220 relay.test ready"))(k) {
		return
	}
	for {
		line, err := k.in.ReadString('\n')
		if err != nil || !k.answer(strings.TrimRight(line, "\r\n")) {
			return
		}
	}
}

func (s *scripted) count(by int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open += by
	s.accepted += max(by, 0)
	s.mostOpen = max(s.mostOpen, s.open)
}

func or(scripted, usual step) step {
	if scripted != nil {
		return scripted
	}
	return usual
}

func (k *talk) answer(line string) bool {
	s := k.server.script
	k.server.hear(line)
	verb, _, _ := strings.Cut(line, " ")
	switch strings.ToUpper(verb) {
	case "EHLO":
		return or(s.ehlo, say(k.capabilities()...))(k)
	case "HELO":
		return or(s.ehlo, say("250 relay.test"))(k)
	case "STARTTLS":
		return or(s.startTLS, encrypt)(k)
	case "AUTH":
		return or(s.auth, say("235 2.7.0 welcome"))(k)
	case "MAIL":
		return k.takeSender()
	case "RCPT":
		return k.takeRecipient()
	case "DATA":
		return k.takeData()
	case "RSET":
		k.sender, k.recipient = false, false
		return or(s.rset, say("250 2.0.0 ok"))(k)
	case "NOOP":
		return or(s.noop, say("250 2.0.0 ok"))(k)
	case "QUIT":
		return sayAndDrop("221 2.0.0 bye")(k)
	}
	return say("500 5.5.2 what?")(k)
}

func (k *talk) takeSender() bool {
	if k.sender {
		return say("503 5.5.1 one at a time")(k)
	}
	goesOn := or(k.server.script.mail, say("250 2.1.0 ok"))(k)
	k.sender = k.code == "2"
	return goesOn
}

func (k *talk) takeRecipient() bool {
	if !k.sender {
		return say("503 5.5.1 from whom?")(k)
	}
	goesOn := or(k.server.script.rcpt, say("250 2.1.5 ok"))(k)
	k.recipient = k.code == "2"
	return goesOn
}

func (k *talk) takeData() bool {
	s := k.server.script
	if !k.recipient && !s.eager {
		return say("554 5.5.1 to whom?")(k)
	}
	if !or(s.data, say("354 go on"))(k) {
		return false
	}
	if s.data != nil {
		return true
	}
	forNobody := !k.recipient
	k.sender, k.recipient = false, false
	if forNobody {
		line, err := k.in.ReadString('\n')
		return err == nil && line == ".\r\n" && say("554 5.5.1 to whom?")(k)
	}
	return k.takeBody()
}

func (s *scripted) hear(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heard = append(s.heard, line)
}

func (k *talk) capabilities() []string {
	lines := []string{"250-relay.test", "250-8BITMIME"}
	if !k.server.script.plain {
		lines = append(lines, "250-PIPELINING")
	}
	for _, extension := range k.server.script.offers {
		if _, encrypted := k.conn.(*tls.Conn); extension != "STARTTLS" || !encrypted {
			lines = append(lines, "250-"+extension)
		}
	}
	return append(lines, "250 ENHANCEDSTATUSCODES")
}

func encrypt(k *talk) bool {
	if !say("220 2.0.0 go ahead")(k) {
		return false
	}
	secure := tls.Server(k.conn, k.server.script.tls)
	if secure.Handshake() != nil {
		return false
	}
	k.conn, k.in = secure, bufio.NewReader(secure)
	return true
}

func (k *talk) takeBody() bool {
	if k.server.script.body != nil {
		return k.server.script.body(k)
	}
	var body strings.Builder
	for {
		line, err := k.in.ReadString('\n')
		if err != nil {
			return false
		}
		if line == ".\r\n" {
			break
		}
		body.WriteString(strings.TrimPrefix(line, "."))
	}
	k.server.mu.Lock()
	k.server.bodies = append(k.server.bodies, body.String())
	k.server.mu.Unlock()
	return or(k.server.script.dot, say("250 2.6.0 taken"))(k)
}

// said counts the commands that begin with the prefix.
func (s *scripted) said(prefix string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, line := range s.heard {
		if strings.HasPrefix(line, prefix) {
			n++
		}
	}
	return n
}

// taken is how many messages came in whole.
func (s *scripted) taken() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.bodies)
}

// connections is how many there have been, and how many at once.
func (s *scripted) connections() (all, atOnce int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.accepted, s.mostOpen
}

// transcript is every command line so far.
func (s *scripted) transcript() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.heard, "\n")
}

// dialled is how many connections there have been.
func (s *scripted) dialled() int { all, _ := s.connections(); return all }
