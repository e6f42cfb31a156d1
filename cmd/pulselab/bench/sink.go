package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"
)

// Sink is the command that is an SMTP server and throws away what it gets. It
// prints its address, and then its counts whenever it is sent a line; it ends with
// its input.
type Sink struct {
	Delay time.Duration `help:"Wait so long before the reply to each message."`
}

// Run serves until its input ends.
func (s Sink) Run(ctx context.Context) error { return s.serve(ctx, os.Stdin, os.Stdout) }

func (s Sink) serve(ctx context.Context, in io.Reader, out io.Writer) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer listener.Close()
	drain := &drain{delay: s.Delay}
	go drain.listen(listener)
	fmt.Fprintln(out, listener.Addr())
	asked := bufio.NewScanner(in)
	for asked.Scan() && ctx.Err() == nil {
		if err := json.NewEncoder(out).Encode(drain.counts()); err != nil {
			return err
		}
	}
	return asked.Err()
}

// counts are what a sink took. A message counts when its final dot came, in a
// transaction with a sender and a recipient.
type counts struct {
	Messages int64 `json:"messages"`
	Bytes    int64 `json:"bytes"` // of bodies as they were on the wire, with the final dot
	First    int64 `json:"first"` // when the first message was complete, Unix ms; 0 for none
	Last     int64 `json:"last"`
}

// drain is the server. It does as little as it can for a message, because its work
// is taken from the same cores as the sender's: it looks for nothing in a body but
// the end, and answers a row of commands at once (RFC 2920 §3.2).
type drain struct {
	delay                        time.Duration
	messages, bytes, first, last atomic.Int64
}

func (d *drain) counts() counts {
	return counts{d.messages.Load(), d.bytes.Load(), d.first.Load(), d.last.Load()}
}

func (d *drain) took(size int64) {
	now := time.Now().UnixMilli()
	d.first.CompareAndSwap(0, now)
	d.last.Store(now)
	d.bytes.Add(size)
	d.messages.Add(1)
}

func (d *drain) listen(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go d.talk(conn)
	}
}

// room is how much of a connection is read at once: a few messages.
const room = 128 << 10

// talk serves one connection until either side ends it.
func (d *drain) talk(conn net.Conn) {
	defer conn.Close()
	t := talk{drain: d, in: bufio.NewReaderSize(conn, room), out: bufio.NewWriter(conn)}
	t.say("220 sink ready")
	for t.err == nil && !t.quit {
		t.flushIfIdle()
		line, err := t.in.ReadSlice('\n')
		if err != nil {
			return
		}
		t.command(bytes.TrimRight(line, "\r\n"))
	}
	t.out.Flush()
}

// talk is one connection.
type talk struct {
	*drain
	in           *bufio.Reader
	out          *bufio.Writer
	sender, quit bool
	recipients   int
	err          error
}

func (t *talk) say(reply string) {
	t.out.WriteString(reply)
	t.out.WriteString("\r\n")
}

// flushIfIdle sends the replies once there is no command left to answer.
func (t *talk) flushIfIdle() {
	if t.in.Buffered() == 0 {
		t.err = t.out.Flush()
	}
}

const offers = "250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-ENHANCEDSTATUSCODES\r\n250 SIZE 0"

func (t *talk) command(line []byte) {
	verb, _, _ := bytes.Cut(line, []byte(" "))
	switch string(bytes.ToUpper(verb)) {
	case "EHLO":
		t.say(offers)
	case "HELO", "NOOP":
		t.say("250 2.0.0 ok")
	case "RSET":
		t.sender, t.recipients = false, 0
		t.say("250 2.0.0 ok")
	case "MAIL":
		t.sender, t.recipients = true, 0
		t.say("250 2.1.0 ok")
	case "RCPT":
		t.recipient()
	case "DATA":
		t.data()
	case "QUIT":
		t.quit = true
		t.say("221 2.0.0 bye")
	default:
		t.say("500 5.5.2 what?")
	}
}

func (t *talk) recipient() {
	if !t.sender {
		t.say("503 5.5.1 MAIL first")
		return
	}
	t.recipients++
	t.say("250 2.1.5 ok")
}

func (t *talk) data() {
	if t.recipients == 0 {
		t.say("503 5.5.1 RCPT first")
		return
	}
	t.say("354 go on")
	t.flushIfIdle()
	size, err := skipBody(t.in)
	if err != nil {
		t.err = err
		return
	}
	if t.delay > 0 {
		time.Sleep(t.delay)
	}
	t.took(size)
	t.sender, t.recipients = false, 0
	t.say("250 2.0.0 ok")
}

var (
	finalDot = []byte("\r\n.\r\n")
	noBody   = finalDot[2:]
)

// skipBody reads up to and with the final dot (RFC 5321 §4.5.2), wherever the
// pieces of it come apart, and says how many octets that were.
func skipBody(in *bufio.Reader) (size int64, err error) {
	if start, err := in.Peek(len(noBody)); err == nil && bytes.Equal(start, noBody) {
		in.Discard(len(noBody))
		return int64(len(noBody)), nil
	}
	for {
		if _, err := in.Peek(len(finalDot)); err != nil {
			return size, err
		}
		here, _ := in.Peek(in.Buffered())
		at := bytes.Index(here, finalDot)
		if at >= 0 {
			n, err := in.Discard(at + len(finalDot))
			return size + int64(n), err
		}
		// The dot may have come in part: its beginning stays, and one octet more is
		// waited for with it.
		n, _ := in.Discard(len(here) - len(finalDot) + 1)
		size += int64(n)
	}
}
