package mail

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	netmail "net/mail"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	gomail "github.com/wneessen/go-mail"

	"github.com/collabpulse/weekly/internal/address"
	"github.com/collabpulse/weekly/internal/message"
)

// letterhead is what all our mails share.
type letterhead struct {
	from, replyTo Named
	bounce        address.Address
	list          string // the List-Id field's body
	signer        *Signer
}

func newLetterhead(c Config) letterhead {
	l := letterhead{from: c.From, replyTo: c.ReplyTo, bounce: c.Bounce, signer: c.Signer}
	l.list = strings.TrimSpace(phrase(c.ListName) + " <" + c.ListID + ">")
	return l
}

// Reasons why a message cannot be built. Each is a mistake of ours, not of the
// reader's, and trying again brings the same.
var (
	errNoReader       = errors.New("the message has no recipient")
	errNoText         = errors.New("the message has no text part")
	errNoDate         = errors.New("the message has no date")
	errBadID          = errors.New("the message's identifier cannot stand in a Message-ID")
	errBadReturn      = errors.New("the message's return token cannot stand in an address")
	errBadLeave       = errors.New("the message's one-click link is not an http or https URL of one line")
	errBadPreferences = errors.New("the message's link to preferences is not an http or https URL of one line")
)

// build turns a message into go-mail's form. What comes out is the same for the
// same message, octet for octet, and no text in it can add a field or a part.
func (l letterhead) build(m message.Message) (*gomail.Msg, error) {
	if err := check(m); err != nil {
		return nil, err
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent(), gomail.WithBoundary(boundary(m)))
	msg.SetAddrHeaderFromMailAddress(gomail.HeaderFrom, l.from.header())
	msg.SetAddrHeaderFromMailAddress(gomail.HeaderTo, Named{Address: m.To}.header())
	if !l.replyTo.Address.IsZero() {
		msg.SetAddrHeaderFromMailAddress(gomail.HeaderReplyTo, l.replyTo.header())
	}
	msg.SetGenHeader(gomail.HeaderSubject, headerText(m.Subject))
	msg.SetDateWithValue(m.Date)
	msg.SetMessageIDWithValue(m.ID + "@" + l.from.Address.Domain())
	if isLanguageTag(m.Language) {
		msg.SetGenHeader("Content-Language", m.Language)
	}
	l.declare(msg, m)
	msg.SetBodyString(gomail.TypeTextPlain, clean(m.Text))
	if m.HTML != "" {
		msg.AddAlternativeString(gomail.TypeTextHTML, clean(m.HTML))
	}
	return msg, nil
}

// declare says what kind of mail this is to machines that would answer it or
// leave for its reader.
func (l letterhead) declare(msg *gomail.Msg, m message.Message) {
	if m.Leave == "" {
		msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834 §5
		return
	}
	msg.SetGenHeader("List-Id", l.list) // RFC 2919 §2
	msg.SetGenHeader(gomail.HeaderPrecedence, "bulk")
	// RFC 8058 §3.1 wants both fields, and an https URL in the first. It stays on
	// one line: some readers of this field do not unfold it.
	msg.SetGenHeaderPreformatted(gomail.HeaderListUnsubscribe, "<"+m.Leave+">")
	msg.SetGenHeader(gomail.HeaderListUnsubscribePost, "List-Unsubscribe=One-Click")
}

func check(m message.Message) error {
	switch {
	case m.To.IsZero():
		return errNoReader
	case m.Text == "" && m.Print == nil:
		return errNoText
	case m.Date.IsZero():
		return errNoDate
	case !isDotAtom(m.ID) || len(m.ID) > 128:
		return errBadID
	case (m.Leave != "" || m.Print != nil) && !isLink(m.Leave):
		return errBadLeave
	case m.Preferences != "" && !isLink(m.Preferences):
		return errBadPreferences
	}
	return nil
}

// isLink reports whether the text may stand between angle brackets on one line.
func isLink(text string) bool {
	if isOrdinaryLink(text) {
		return true
	}
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && len(text) <= 900 &&
		!strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '<' || r == '>' })
}

// isOrdinaryLink knows most links without parsing them: a host name and a path of
// unreserved characters (RFC 3986 §2.3). Each reader's message passes here.
func isOrdinaryLink(text string) bool {
	rest, ok := strings.CutPrefix(text, "https://")
	host := strings.IndexByte(rest, '/')
	if !ok || host < 1 || len(text) > 900 {
		return false
	}
	for i := range len(rest) {
		c := rest[i]
		if !isAlphanumeric(c) && c != '-' && c != '.' && (i < host || c != '/' && c != '_' && c != '~') {
			return false
		}
	}
	return true
}

// isLanguageTag reports whether the text has the shape of a BCP 47 tag.
func isLanguageTag(text string) bool {
	return text != "" && len(text) <= 35 && strings.IndexFunc(text, func(r rune) bool {
		return r >= utf8.RuneSelf || r != '-' && !isAlphanumeric(byte(r))
	}) < 0
}

// boundary parts the text from the HTML (RFC 2046 §5.1.1). It follows from the
// message's identifier, which nobody who writes a story can know, and steps aside
// should a part contain it all the same.
func boundary(m message.Message) string {
	seed := sha256.Sum256([]byte("boundary of " + m.ID))
	for {
		b := "part-" + hex.EncodeToString(seed[:15])
		if !strings.Contains(m.Text, b) && !strings.Contains(m.HTML, b) {
			return b
		}
		seed = sha256.Sum256(seed[:])
	}
}

// clean drops what has no place in text: invalid UTF-8 and controls other than
// tabs and line ends. Line ends of every kind become CRLF in quoted-printable.
func clean(text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if !slices.ContainsFunc([]byte(text), isStray) {
		return text
	}
	return strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf && isStray(byte(r)) {
			return -1
		}
		return r
	}, text)
}

func isStray(c byte) bool {
	return c < ' ' && c != '\t' && c != '\n' && c != '\r' || c == 0x7f
}

func (n Named) header() *netmail.Address {
	return &netmail.Address{Name: oneLine(n.Name), Address: n.Address.String()}
}

// sender is the envelope's return path (RFC 5321 §4.4). A message's own token
// stands behind a plus sign, so that a refusal which comes back late, as mail,
// says whose it is.
func (l letterhead) sender(m message.Message) (string, error) {
	local, domain, _ := strings.Cut(l.bounce.String(), "@")
	if m.Return == "" {
		return l.bounce.String(), nil
	}
	local += "+" + m.Return
	if !isDotAtom(m.Return) || strings.Contains(m.Return, ".") || len(local) > 64 {
		return "", errBadReturn
	}
	return local + "@" + domain, nil
}

// octets builds a message and writes it down, up to the last line end.
func (l letterhead) octets(m message.Message) ([]byte, error) {
	msg, err := l.build(m)
	if err != nil {
		return nil, err
	}
	var body bytes.Buffer
	body.Grow(2048 + (len(m.Text)+len(m.HTML))*9/8)
	if _, err := msg.WriteTo(&body); err != nil {
		return nil, err
	}
	if !bytes.HasSuffix(body.Bytes(), []byte("\r\n")) {
		body.WriteString("\r\n")
	}
	return body.Bytes(), nil
}

// letter is a message ready for the wire.
type letter struct {
	from, to string // the envelope
	utf8     bool   // only a relay with SMTPUTF8 can take it (RFC 6531 §3.2)

	message message.Message
	body    []byte // dots stuffed; nil when a print is filled as it goes out
}

// letter readies a message: one without a print is built here, one with a print
// is filled as it goes out.
func (l letterhead) letter(m message.Message) (letter, error) {
	from, err := l.sender(m)
	if err != nil {
		return letter{}, err
	}
	var body []byte
	if m.Print != nil {
		err = check(m)
	} else if body, err = l.octets(m); err == nil {
		body = stuff(make([]byte, 0, len(body)+len(body)/64), body)
	}
	if err != nil {
		return letter{}, err
	}
	wide := m.To.NeedsUTF8() || l.bounce.NeedsUTF8() || l.from.Address.NeedsUTF8() || l.replyTo.Address.NeedsUTF8()
	ready := letter{from: from, to: m.To.String(), utf8: wide, message: m, body: body}
	if l.signer != nil {
		ready.body, err = l.signed(ready)
	}
	return ready, err
}

// signed is the letter with its signature in front, ready for the wire. What is
// signed is the text before its dots are stuffed.
func (l letterhead) signed(ready letter) ([]byte, error) {
	raw := bytes.ReplaceAll(ready.appendTo(nil), []byte("\r\n.."), []byte("\r\n."))
	raw, err := l.signer.sign(raw)
	if err != nil {
		return nil, err
	}
	return stuff(make([]byte, 0, len(raw)+len(raw)/64), raw), nil
}

// appendTo adds the message to the bytes that go out, up to its last line end.
func (l letter) appendTo(dst []byte) []byte {
	if l.body != nil {
		return append(dst, l.body...)
	}
	return fill(dst, l.message.Print, l.message, l.to)
}
