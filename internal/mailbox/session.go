package mailbox

import (
	"io"
	"time"

	"github.com/emersion/go-smtp"
)

// session takes one connection's mail.
type session struct {
	box  *Box
	from string
	to   []string
}

func (b *Box) newSession(*smtp.Conn) (smtp.Session, error) {
	return &session{box: b}, nil
}

// Mail begins a transaction.
func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.from = from
	return nil
}

// Rcpt adds a recipient; everybody has a mailbox here.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = append(s.to, to)
	return nil
}

// Data keeps the message once it has come in whole.
func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.box.shelf.put(&item{received: time.Now(), from: s.from, to: s.to, raw: raw})
	return nil
}

// Reset gives the transaction up.
func (s *session) Reset() { s.from, s.to = "", nil }

// Logout ends the session; there is nothing to let go of.
func (s *session) Logout() error { return nil }
