package mail

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/message"
)

// onceHeard plays a step once the bytes that wait behind the command include the
// text; a client that waits for a reply first never sends them, and is dropped.
func onceHeard(text string, then step) step {
	return func(k *talk) bool {
		_ = k.conn.SetReadDeadline(time.Now().Add(5 * time.Second))
		for n := 1; ; n++ {
			ahead, err := k.in.Peek(n)
			if bytes.Contains(ahead, []byte(text)) {
				return then(k)
			}
			if err != nil {
				return false
			}
		}
	}
}

func TestCommandsLeaveTogetherBehindTheTextBefore(t *testing.T) {
	t.Parallel()
	relay := play(t, relayScript{
		mail: onceHeard("RCPT TO:<", onceHeard("DATA\r\n", say("250 2.1.0 ok"))),
		dot:  once(onceHeard("MAIL FROM:<", onceHeard("DATA\r\n", say("250 2.6.0 taken"))), say("250 2.6.0 taken")),
	})
	conn := lent(t, pool(t, nil, "smtp://"+relay.addr))
	got := conn.Deliver(t.Context(), []message.Message{messageTo(t, "mara@example.com"), messageTo(t, "noor@example.org")})
	if got[0].Verdict != delivery.Accepted || got[1].Verdict != delivery.Accepted {
		t.Errorf("got %v; the relay heard %q", got, relay.transcript())
	}
}

// TestAnEmptyTextIsNeverDelivered meets a relay that refuses the sender, takes a
// recipient all the same, and asks for the text.
func TestAnEmptyTextIsNeverDelivered(t *testing.T) {
	t.Parallel()
	var after []byte
	done := make(chan struct{})
	relay := play(t, relayScript{mail: func(k *talk) bool {
		defer close(done)
		for _, reply := range []string{"450 4.7.1 not you", "250 2.1.5 ok", "354 go on"} {
			say(reply)(k)
			if reply != "354 go on" {
				_, _ = k.in.ReadString('\n')
			}
		}
		after, _ = io.ReadAll(k.in)
		return false
	}})
	conn := lent(t, pool(t, nil, "smtp://"+relay.addr))
	got := conn.Deliver(t.Context(), []message.Message{messageTo(t, "mara@example.com"), messageTo(t, "noor@example.org")})
	want := []delivery.Outcome{deferred(450, "4.7.1"), {Verdict: delivery.NotTried}}
	if d := cmp.Diff(want, got, cmpopts.IgnoreFields(delivery.Outcome{}, "Text", "Stage")); d != "" || !conn.Broken() {
		t.Error(d)
	}
	if <-done; len(after) > 0 {
		t.Errorf("it was sent %q", after)
	}
}

// shortWriter fails once so many octets have passed.
type shortWriter struct {
	to   io.Writer
	left int
}

func (w *shortWriter) Write(b []byte) (int, error) {
	n, err := w.to.Write(b[:min(len(b), w.left)])
	if w.left -= n; err == nil && n < len(b) {
		err = errors.New("the line is cut")
	}
	return n, err
}

// TestADoubtBeginsWithTheLastOctetOfTheDot cuts the line around the final dot:
// before its last octet the relay cannot have the message; behind it the reply
// decides, although the next message's commands never left.
func TestADoubtBeginsWithTheLastOctetOfTheDot(t *testing.T) {
	t.Parallel()
	m, next := messageTo(t, "mara@example.com"), messageTo(t, "noor@example.org")
	for name, c := range map[string]struct {
		text string // small ones leave from a buffer, large ones directly
		cut  int
		dot  step
		want delivery.Verdict
	}{
		"before the last octet":      {"Hello.\n", -1, nil, delivery.Deferred},
		"behind it":                  {"Hello.\n", 0, nil, delivery.Accepted},
		"behind it, no reply":        {"Hello.\n", 3, drop, delivery.InDoubt},
		"large, before the last":     {strings.Repeat("Hello.\n", 2000), -1, nil, delivery.Deferred},
		"large, behind it":           {strings.Repeat("Hello.\n", 2000), 0, nil, delivery.Accepted},
		"large, behind it, no reply": {strings.Repeat("Hello.\n", 2000), 0, drop, delivery.InDoubt},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			relay := play(t, relayScript{dot: c.dot})
			conn := lent(t, pool(t, func(c *Config) { c.Waits.Final = 5 * time.Second }, "smtp://"+relay.addr))
			m := m
			m.Text = c.text
			l, err := conn.pool.letterhead.letter(m)
			if err != nil {
				t.Fatal(err)
			}
			room := len(conn.appendGroup(nil, l)) + len(l.appendTo(nil)) + len(".\r\n") + c.cut
			conn.client.Text.W = bufio.NewWriter(&shortWriter{to: conn.raw, left: room})
			got := conn.Deliver(t.Context(), []message.Message{m, next})
			if got[0].Verdict != c.want || got[1].Verdict != delivery.NotTried || !conn.Broken() {
				t.Errorf("got %v, broken: %t", got, conn.Broken())
			}
		})
	}
}

func TestAPrintArrivesAsItIsMeantOverAConnection(t *testing.T) {
	t.Parallel()
	eachWay(t, "each way", relayScript{}, func(t *testing.T, script relayScript) {
		relay := play(t, script)
		p := pool(t, nil, "smtp://"+relay.addr)
		e := someEdition("Twelve weeks")
		compiled, err := p.Compile(e, "en")
		if err != nil {
			t.Fatal(err)
		}
		group := make([]message.Message, delivery.Group)
		whole := make([]message.Message, delivery.Group)
		for i := range group {
			m := digestMessage(t)
			m.Leave = leaveLinks[i%len(leaveLinks)]
			m.To = mailAddress(t, strings.Repeat("m", i+1)+"@example.com")
			whole[i], group[i] = both(compiled, e, m)
		}
		for i, o := range lent(t, p).Deliver(t.Context(), group) {
			if o.Verdict != delivery.Accepted {
				t.Errorf("%d: %v", i, o)
			}
		}
		for i, body := range relay.bodies {
			checkWire(t, whole[i], []byte(body))
		}
	})
}

// TestARelayThatHangsUpAtOneRecipientShowsWhichOne meets a relay that keeps its
// replies to a group until the end of it, and breaks at one name.
func TestARelayThatHangsUpAtOneRecipientShowsWhichOne(t *testing.T) {
	t.Parallel()
	relay := play(t, relayScript{
		mail: func(k *talk) bool {
			ahead, _ := k.in.Peek(k.in.Buffered())
			return !bytes.Contains(ahead, []byte("<mara@")) && say("250 2.1.0 ok")(k)
		},
		rcpt: func(k *talk) bool {
			return !strings.HasSuffix(k.server.transcript(), "<mara@example.com>") && say("250 2.1.5 ok")(k)
		},
	})
	now := newClock()
	p := pool(t, func(c *Config) { c.Now = now.Now }, "smtp://"+relay.addr)
	var verdicts []delivery.Verdict
	for range 2 {
		conn := lent(t, p)
		got := conn.Deliver(t.Context(), []message.Message{messageTo(t, "mara@example.com"), messageTo(t, "noor@example.org")})
		verdicts = append(verdicts, got[0].Verdict, got[1].Verdict)
		conn.Release()
		now.move(time.Second)
	}
	want := []delivery.Verdict{delivery.NotTried, delivery.NotTried, delivery.Deferred, delivery.NotTried}
	if d := cmp.Diff(want, verdicts); d != "" {
		t.Error(d)
	}
	now.move(carefulFor)
	if conn := lent(t, p); !conn.pipelines() {
		t.Error("it is still asked one by one")
	}
}
