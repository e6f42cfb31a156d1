package mailbox

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset" // teaches go-message every character set
	"github.com/emersion/go-message/mail"
)

// Summary is one line of the list.
type Summary struct {
	ID         int64
	Received   time.Time
	Sender     string   // the envelope's return path
	Recipients []string // the envelope's
	From       string   // as the header says, decoded
	To         string
	Subject    string
	Size       int // octets
}

// Message is one message as a mailbox shows it.
type Message struct {
	Summary
	Date    time.Time // as the header says; zero when it does not
	Text    string    // the text part, decoded; the whole body when it cannot be parsed
	HTML    string    // the HTML part, decoded; not safe to show outside a sandbox
	Headers []Field   // in their order, decoded
	Raw     []byte    // as it came in
}

// Field is one header field.
type Field struct{ Name, Value string }

// maxParts bounds the work on one message.
const maxParts = 100

func summaries(items []*item) []Summary {
	list := make([]Summary, len(items))
	for i, m := range items {
		list[i] = m.summary()
	}
	return list
}

// open reads the header. It reports false for what is no mail at all.
func (m *item) open() (*message.Entity, bool) {
	entity, err := message.Read(bytes.NewReader(m.raw))
	return entity, entity != nil && readable(err)
}

// readable reports whether a part is worth showing: in an unknown character set
// or encoding it comes as it stands.
func readable(err error) bool {
	return err == nil || message.IsUnknownCharset(err) || message.IsUnknownEncoding(err)
}

func (m *item) summarise() Summary {
	s := Summary{ID: m.id, Received: m.received, Sender: m.from, Recipients: m.to, Size: len(m.raw)}
	if entity, ok := m.open(); ok {
		s.From, s.To, s.Subject = text(entity.Header, "From"), text(entity.Header, "To"), text(entity.Header, "Subject")
	}
	return s
}

// read parses the message as far as it can be: a broken part leaves the rest readable.
func (m *item) read() Message {
	out := Message{Summary: m.summary(), Raw: m.raw}
	entity, ok := m.open()
	if !ok {
		out.Text = valid(string(m.raw))
		return out
	}
	out.readHeader(entity.Header)
	reader := mail.NewReader(entity)
	for range maxParts {
		part, err := reader.NextPart()
		if part == nil || !readable(err) {
			break
		}
		out.readPart(part)
	}
	return out
}

func (out *Message) readHeader(header message.Header) {
	fields := header.Fields()
	for fields.Next() {
		value, err := fields.Text()
		if err != nil {
			value = fields.Value()
		}
		out.Headers = append(out.Headers, Field{fields.Key(), valid(value)})
	}
	out.Date, _ = (&mail.Header{Header: header}).Date()
}

// text is a field decoded, or as it stands when it cannot be.
func text(header message.Header, key string) string {
	value, err := header.Text(key)
	if err != nil {
		value = header.Get(key)
	}
	return valid(value)
}

// valid is the text with every octet that is not UTF-8 made visible.
func valid(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }

// readPart keeps the first text and the first HTML part; attachments have no
// place in our mails.
func (out *Message) readPart(part *mail.Part) {
	inline, ok := part.Header.(*mail.InlineHeader)
	if !ok {
		return
	}
	kind, _, _ := inline.ContentType()
	body, err := io.ReadAll(part.Body)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		body = append(body, "\n[the rest cannot be read]"...)
	}
	decoded := valid(string(body))
	switch {
	case kind == "text/html" && out.HTML == "":
		out.HTML = decoded
	case kind == "text/plain" && out.Text == "":
		out.Text = decoded
	}
}
