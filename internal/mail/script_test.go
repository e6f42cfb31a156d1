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

	"github.com/collabpulse/weekly/internal/address"
	"github.com/collabpulse/weekly/internal/message"
)

// relayScript is a relay that answers what a case says. A step that is not
// scripted answers as a relay that is glad to take mail.
type relayScript struct {
	greet, ehlo, startTLS, auth, mail, rcpt, data, body, dot, rset, noop step

	offers []string    // extensions besides 8BITMIME and ENHANCEDSTATUSCODES
	tls    *tls.Config // for STARTTLS, or for every connection when secure
	secure bool
}

// step plays one turn of the relay. It returns false when the conversation is over.
type step func(*talk) bool

// say answers with the lines given.
func say(lines ...string) step {
	return func(k *talk) bool {
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

// once plays a step the first time and another one afterwards, over all connections.
func once(first, then step) step {
	var mu sync.Mutex
	played := false
	return func(k *talk) bool {
		mu.Lock()
		again := played
		played = true
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
		return or(s.mail, say("250 2.1.0 ok"))(k)
	case "RCPT":
		return or(s.rcpt, say("250 2.1.5 ok"))(k)
	case "DATA":
		return or(s.data, say("354 go on"))(k) && (s.data != nil || k.takeBody())
	case "RSET":
		return or(s.rset, say("250 2.0.0 ok"))(k)
	case "NOOP":
		return or(s.noop, say("250 2.0.0 ok"))(k)
	case "QUIT":
		return sayAndDrop("221 2.0.0 bye")(k)
	}
	return say("500 5.5.2 what?")(k)
}

func (s *scripted) hear(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heard = append(s.heard, line)
}

func (k *talk) capabilities() []string {
	lines := []string{"250-relay.test", "250-8BITMIME"}
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

// testWaits leave time enough on a busy machine.
var testWaits = Waits{Connect: 10 * time.Second, Command: 10 * time.Second, Body: 10 * time.Second, Final: 10 * time.Second, Aside: 20 * time.Millisecond}

func mailAddress(t testing.TB, raw string) address.Address {
	t.Helper()
	a, err := address.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// pool is a pool for the relay URLs; change adjusts its configuration.
func pool(t testing.TB, change func(*Config), urls ...string) *Pool {
	t.Helper()
	config := Config{
		From:   Named{"Collab Pulse Weekly", mailAddress(t, "weekly@pulse.example")},
		Bounce: mailAddress(t, "bounces@pulse.example"),
		Waits:  testWaits,
	}
	for _, url := range urls {
		r, err := ParseRelay(url)
		if err != nil {
			t.Fatal(err)
		}
		config.Relays = append(config.Relays, r)
	}
	if change != nil {
		change(&config)
	}
	p, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

// lent is a connection from the pool that is released when the test ends.
func lent(t testing.TB, p *Pool) *Conn {
	t.Helper()
	c, err := p.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Release)
	return c
}

var sentAt = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

func messageTo(t testing.TB, to string) message.Message {
	t.Helper()
	return message.Message{
		To: mailAddress(t, to), ID: "abc123", Subject: "Hello", Text: "Hello Mara.\n", Date: sentAt, Language: "en",
	}
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
