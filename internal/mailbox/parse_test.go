package mailbox

import (
	"strings"
	"sync"
	"testing"
	"unicode/utf8"
)

// received is a message as the shelf holds it.
func received(raw string) *item {
	m := &item{id: 1, raw: []byte(raw)}
	m.summary = sync.OnceValue(m.summarise)
	return m
}

func TestReadsWhatCanBeRead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ raw, subject, text, html string }{
		"plain text without a content type": {"Subject: hi\r\n\r\nHello.", "hi", "Hello.", ""},
		"HTML alone":                        {"Subject: hi\r\nContent-Type: text/html\r\n\r\n<p>Hello.", "hi", "", "<p>Hello."},
		"Shift JIS": {"Subject: =?Shift_JIS?B?k/qWew==?=\r\nContent-Type: text/plain; charset=Shift_JIS\r\n\r\n\x93\xfa\x96\x7b",
			"日本", "日本", ""},
		"an unknown character set":         {"Subject: hi\r\nContent-Type: text/plain; charset=klingon\r\n\r\nHello.", "hi", "Hello.", ""},
		"an unknown encoding":              {"Subject: hi\r\nContent-Transfer-Encoding: zip\r\n\r\nHello.", "hi", "Hello.", ""},
		"a subject that cannot be decoded": {"Subject: =?klingon?Q?hi?=\r\n\r\nHello.", "=?klingon?Q?hi?=", "Hello.", ""},
		"a part that breaks off":           {"Content-Type: multipart/alternative; boundary=x\r\n\r\n--x\r\n\r\nHel", "", "Hel", ""},
		"base64 that breaks off":           {"Content-Transfer-Encoding: base64\r\n\r\nSGVsbG8!", "", "Hel\n[the rest cannot be read]", ""},
		"no header at all":                 {"just words\r\nand more", "", "just words\r\nand more", ""},
		"nothing":                          {"", "", "", ""},
		"an attachment is no text": {"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nHello.\r\n" +
			"--x\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\nsecret\r\n--x--", "", "Hello.", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := received(c.raw).read()
			if got.Subject != c.subject || got.Text != c.text || got.HTML != c.html {
				t.Errorf("subject %q, text %q, HTML %q", got.Subject, got.Text, got.HTML)
			}
			if string(got.Raw) != c.raw {
				t.Error("the raw message differs from what came in")
			}
		})
	}
}

func TestStopsAtTooManyParts(t *testing.T) {
	t.Parallel()
	raw := "Content-Type: multipart/mixed; boundary=x\r\n\r\n" +
		strings.Repeat("--x\r\nContent-Type: image/png\r\n\r\n\r\n", 500) + "--x\r\n\r\nburied\r\n--x--"
	if got := received(raw).read(); got.Text != "" {
		t.Errorf("read on to %q", got.Text)
	}
}

func FuzzRead(f *testing.F) {
	f.Add("Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?=\r\n\r\nHello.")
	f.Add(alternatives)
	f.Add("Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x--")
	f.Fuzz(func(t *testing.T, raw string) {
		m := received(raw).read()
		for _, text := range []string{m.Text, m.HTML, m.Subject, m.From, m.To} {
			if !utf8.ValidString(text) {
				t.Errorf("invalid UTF-8 comes through: %q", text)
			}
		}
		if m.Summary.Size != len(raw) {
			t.Errorf("size %d of %d", m.Size, len(raw))
		}
	})
}
