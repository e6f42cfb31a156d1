// Package mailbox is an SMTP server inside the process that keeps what it is
// sent, so that the service can be tried, and tested end to end, without a relay:
// the default when no PULSE_SMTP_URLS is set.
//
// It listens on this machine only, keeps the newest messages within a bound of
// number and size, counts the rest, and forgets everything when it closes. Mail
// goes through real SMTP and comes out as a mailbox would parse it, so what looks
// right here was right on the wire.
package mailbox

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/collabpulse/weekly/internal/fault"
)

// What is kept. Older messages make room for newer ones.
const (
	keepMessages = 2000
	keepOctets   = 64 << 20
	maxMessage   = 16 << 20
)

// Box is a running mailbox. It is safe for concurrent use.
type Box struct {
	listener net.Listener
	server   *smtp.Server
	served   chan struct{} // closed when the server accepts no more
	shelf    shelf
}

// Listen starts a mailbox on an address of this machine, such as "127.0.0.1:0".
// The error is a fault.Invalid for an address that others could reach, and a
// fault.Unavailable when the address cannot be had.
func Listen(addr string) (*Box, error) {
	if !staysHere(addr) {
		return nil, fault.Field("mailbox", "The mailbox takes anybody's mail, so it listens on this machine only: use an address such as 127.0.0.1:1025.")
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "The mailbox cannot listen on %s.", addr)
	}
	b := &Box{listener: listener, served: make(chan struct{}), shelf: shelf{most: keepMessages, mostOctets: keepOctets}}
	b.server = b.newServer()
	go func() {
		defer close(b.served)
		_ = b.server.Serve(listener) // ends when the listener is closed
	}()
	return b, nil
}

// staysHere reports whether addr is a loopback address with a port. Other names
// than localhost would have to be looked up, and could point elsewhere tomorrow.
func staysHere(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

func (b *Box) newServer() *smtp.Server {
	s := smtp.NewServer(smtp.BackendFunc(b.newSession))
	s.Domain = "mailbox.localhost"
	s.EnableSMTPUTF8 = true
	s.MaxMessageBytes = maxMessage
	s.MaxRecipients = 100
	s.ReadTimeout = 10 * time.Minute // RFC 5321 §4.5.3.2.7 asks for five at least
	s.WriteTimeout = time.Minute
	s.ErrorLog = slog.NewLogLogger(slog.Default().Handler(), slog.LevelDebug)
	return s
}

// Addr is the host and port the mailbox listens on.
func (b *Box) Addr() string { return b.listener.Addr().String() }

// URL is the mailbox as an entry of PULSE_SMTP_URLS.
func (b *Box) URL() string { return "smtp://" + b.Addr() }

// Messages lists the newest messages first, at most limit of them.
func (b *Box) Messages(limit int) []Summary { return summaries(b.shelf.newest(limit)) }

// Message is one message in full; a fault.NotFound when it was never there or
// has made room for others.
func (b *Box) Message(id int64) (Message, error) {
	m, ok := b.shelf.find(id)
	if !ok {
		return Message{}, fault.New(fault.NotFound, "There is no such message in the mailbox, or no longer.")
	}
	return m.read(), nil
}

// Find lists the messages to a recipient, newest first. Case does not matter.
func (b *Box) Find(recipient string) []Summary { return summaries(b.shelf.to(recipient)) }

// Count is how many messages have come in since the start, kept or not.
func (b *Box) Count() int64 { return b.shelf.total() }

// Close stops listening and cuts every connection. It returns ctx's error when
// ctx is done first.
func (b *Box) Close(ctx context.Context) error {
	_ = b.listener.Close()
	_ = b.server.Close()
	select {
	case <-b.served:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
