package bench

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// say writes commands to a sink over a pipe, and returns the replies and counts
// once the sink has hung up.
func say(t *testing.T, pieces ...string) (replies []string, c counts) {
	t.Helper()
	d := &drain{}
	here, there := net.Pipe()
	done := make(chan struct{})
	go func() { d.talk(there); close(done) }()
	go func() {
		for _, p := range pieces {
			fmt.Fprint(here, p)
		}
	}()
	here.SetDeadline(time.Now().Add(5 * time.Second))
	lines := bufio.NewScanner(here)
	for lines.Scan() {
		replies = append(replies, lines.Text())
		if strings.HasPrefix(lines.Text(), "221") {
			break
		}
	}
	here.Close()
	<-done
	return replies, d.counts()
}

func codes(replies []string) string {
	var all []string
	for _, r := range replies {
		if r[3] == ' ' {
			all = append(all, r[:3])
		}
	}
	return strings.Join(all, " ")
}

func TestASinkCountsMessagesWithTheirFinalDot(t *testing.T) {
	t.Parallel()
	replies, c := say(t, "EHLO me\r\n", "MAIL FROM:<a@b.example>\r\n", "RCPT TO:<c@d.example>\r\n", "DATA\r\n", "Subject: x\r\n\r\n..dot\r\n.\r\n", "QUIT\r\n")
	if got := codes(replies); got != "220 250 250 250 354 250 221" {
		t.Errorf("replies %s", got)
	}
	if want := int64(len("Subject: x\r\n\r\n..dot\r\n.\r\n")); c.Messages != 1 || c.Bytes != want || c.First == 0 || c.First != c.Last {
		t.Errorf("counts %+v, want one message of %d", c, want)
	}
}

func TestASinkTakesWhatIsPipelined(t *testing.T) {
	t.Parallel()
	body := "Hello\r\n.\r\n"
	envelope := "MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n"
	replies, c := say(t, "EHLO me\r\n", envelope, body+envelope, body+"QUIT\r\n")
	if got := codes(replies); got != "220 250 250 250 354 250 250 250 354 250 221" {
		t.Errorf("replies %s", got)
	}
	if c.Messages != 2 || c.Bytes != int64(2*len(body)) {
		t.Errorf("counts %+v", c)
	}
}

func TestASinkCountsNothingThatIsNotWhole(t *testing.T) {
	t.Parallel()
	replies, c := say(t, "DATA\r\n", "MAIL FROM:<a@b.example>\r\nDATA\r\n", "RSET\r\nRCPT TO:<c@d.example>\r\n", "QUIT\r\n")
	if got := codes(replies); got != "220 503 250 503 250 503 221" {
		t.Errorf("replies %s", got)
	}
	if c != (counts{}) {
		t.Errorf("counts %+v", c)
	}
	if _, err := skipBody(bufio.NewReader(strings.NewReader("Hello\r\n."))); err == nil {
		t.Error("a body without its end is one")
	}
}

func TestTheFinalDotIsFoundWhereverTheBodyComesApart(t *testing.T) {
	t.Parallel()
	for _, body := range []string{".\r\n", "\r\n.\r\n", "a\r\n..\r\n.x\r\n\r.\r\n.\r\n", strings.Repeat("0123456789\r\n", 40) + ".\r\n"} {
		in := bufio.NewReaderSize(iotest.OneByteReader(strings.NewReader(body+"NEXT\r\n")), 16)
		n, err := skipBody(in)
		if err != nil || n != int64(len(body)) {
			t.Errorf("%q: %d octets of %d, %v", body, n, len(body), err)
		}
		if rest, _ := in.ReadString('\n'); rest != "NEXT\r\n" {
			t.Errorf("%q: then came %q", body, rest)
		}
	}
}

func TestAnOrdinaryClientCanTalkToTheSink(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	d := &drain{}
	go d.listen(listener)
	client, err := Loop{Target: listener.Addr().String()}.dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		m := gomail.NewMsg()
		m.From("a@b.example")
		m.To("c@d.example")
		m.SetBodyString(gomail.TypeTextPlain, ".\n..\nHello")
		if err := client.Send(m); err != nil {
			t.Fatal(err)
		}
	}
	client.Close()
	if c := d.counts(); c.Messages != 3 {
		t.Errorf("counts %+v", c)
	}
}
