package mail

import (
	"bufio"
	"bytes"
	"net"
	"strings"
	"testing"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/edition"
	"github.com/collabpulse/weekly/internal/message"
)

// benchEdition weighs about as much as a usual digest, 25 KB, with the leave
// link once in the text and twice in the HTML.
func benchEdition() edition.Edition {
	row := "<tr><td style=\"padding:0\">Zwölf Wochen = ein Auftrag</td></tr>\n"
	return edition.Edition{
		Subject: "Zwölf Wochen, ein Auftrag – and 7 more stories",
		Text:    strings.Repeat("A line of the digest's text, as long as most of them are.\n", 60) + "Leave: " + someMark + "\n",
		HTML:    "<a href=\"" + someMark + "\">leave</a>\n" + strings.Repeat(row, 300) + "<a href=\"" + someMark + "\">leave</a>\n",
		Slots:   edition.Slots{Leave: someMark},
	}
}

func BenchmarkCompile(b *testing.B) {
	l, e := testLetterhead(b), benchEdition()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := l.compile(e, "en"); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkMessage makes one reader's message ready for the wire: built anew as
// a letter is, or filled.
func BenchmarkMessage(b *testing.B) {
	l, e := testLetterhead(b), benchEdition()
	built, filled := both(compiled(b, l, e, "en"), e, digestMessage(b))
	for name, m := range map[string]message.Message{"built": built, "filled": filled} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var out []byte
			for b.Loop() {
				letter, err := l.letter(m)
				if err != nil {
					b.Fatal(err)
				}
				out = letter.appendTo(out[:0])
			}
			b.ReportMetric(float64(len(out)), "octets")
		})
	}
}

// BenchmarkDeliver takes groups to a relay on this machine that throws them away,
// over one connection: built anew with a command at a time, and filled with
// commands pipelined.
func BenchmarkDeliver(b *testing.B) {
	l, e := testLetterhead(b), benchEdition()
	built, filled := both(compiled(b, l, e, "en"), e, digestMessage(b))
	for _, way := range []struct {
		name      string
		m         message.Message
		pipelined bool
	}{
		{"built, one by one", built, false}, {"filled, one by one", filled, false},
		{"built, pipelined", built, true}, {"filled, pipelined", filled, true},
	} {
		b.Run(way.name, func(b *testing.B) {
			conn := lent(b, pool(b, func(c *Config) { c.Messages = 1 << 30 }, "smtp://"+sink(b, way.pipelined)))
			group := make([]message.Message, delivery.Group)
			for i := range group {
				group[i] = way.m
			}
			b.ReportAllocs()
			sent := 0
			for b.Loop() {
				for _, o := range conn.Deliver(b.Context(), group) {
					if o.Verdict != delivery.Accepted {
						b.Fatal(o)
					}
					sent++
				}
			}
			b.ReportMetric(float64(sent)/b.Elapsed().Seconds(), "messages/s")
		})
	}
}

// sink is a relay that takes everything and keeps nothing.
func sink(b *testing.B, pipelined bool) (addr string) {
	b.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go swallow(conn, pipelined)
		}
	}()
	return listener.Addr().String()
}

func swallow(conn net.Conn, pipelined bool) {
	defer conn.Close()
	in, out := bufio.NewReaderSize(conn, 1<<16), bufio.NewWriter(conn)
	_, _ = out.WriteString("220 sink\r\n")
	hello := "250-sink\r\n250 8BITMIME\r\n"
	if pipelined {
		hello = "250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n"
	}
	text := false
	for {
		if in.Buffered() == 0 {
			if out.Flush() != nil {
				return
			}
		}
		line, err := in.ReadSlice('\n')
		switch {
		case err != nil:
			return
		case text:
			if !bytes.Equal(line, []byte(".\r\n")) {
				continue
			}
			text = false
			_, _ = out.WriteString("250 2.0.0 taken\r\n")
		case bytes.HasPrefix(line, []byte("EHLO")):
			_, _ = out.WriteString(hello)
		case bytes.HasPrefix(line, []byte("DATA")):
			text = true
			_, _ = out.WriteString("354 go on\r\n")
		case bytes.HasPrefix(line, []byte("QUIT")):
			_, _ = out.WriteString("221 bye\r\n")
			_ = out.Flush()
			return
		default:
			_, _ = out.WriteString("250 2.0.0 ok\r\n")
		}
	}
}
