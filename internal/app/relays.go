package app

import (
	"context"

	"github.com/collabpulse/weekly/internal/config"
	"github.com/collabpulse/weekly/internal/jobs"
	"github.com/collabpulse/weekly/internal/mail"
	"github.com/collabpulse/weekly/internal/mailbox"
	"github.com/collabpulse/weekly/internal/metrics"
	"github.com/collabpulse/weekly/internal/send"
	"github.com/collabpulse/weekly/internal/web"
)

// relays makes the pool of connections to the relays of the settings, or to the
// mailbox when there is one.
func relays(s config.Settings, box *mailbox.Box) (*mail.Pool, error) {
	urls := s.SMTPURLs
	if box != nil {
		urls = []string{box.URL()}
	}
	c := mail.Config{
		From:        named(s.From),
		ReplyTo:     named(s.ReplyTo),
		Bounce:      s.Bounce.Address,
		ListName:    s.Brand,
		Connections: s.Connections + jobs.LetterLanes, // letters never wait for a digest
	}
	signer, err := signer(s)
	if err != nil {
		return nil, err
	}
	c.Signer = signer
	for _, raw := range urls {
		r, err := mail.ParseRelay(raw)
		if err != nil {
			return nil, err
		}
		c.Relays = append(c.Relays, r)
	}
	return mail.New(c)
}

// signer signs with the key of the settings; nil when they leave that to the relays.
func signer(s config.Settings) (*mail.Signer, error) {
	if s.DKIMDomain == "" {
		return nil, nil
	}
	return mail.NewSigner(s.DKIMDomain, s.DKIMSelector, s.DKIMKey.Bytes())
}

func named(m config.Mailbox) mail.Named { return mail.Named{Name: m.Name, Address: m.Address} }

// wire lets lanes connect through the pool, and has what relays take timed.
type wire struct {
	pool   *mail.Pool
	meters *metrics.Meters
}

// Connect gives a connection for one lane.
func (w wire) Connect(ctx context.Context) (send.Conn, error) {
	c, err := w.pool.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return timedConn{c, w.meters}, nil
}

// postbox shows the mailbox on its page.
type postbox struct{ box *mailbox.Box }

// Messages lists the newest first, all or those to one recipient.
func (p postbox) Messages(recipient string, limit int) []web.Mail {
	found := p.box.Find(recipient)
	if recipient == "" {
		found = p.box.Messages(limit)
	}
	var mails []web.Mail
	for _, m := range found[:min(len(found), limit)] {
		mails = append(mails, web.Mail{ID: m.ID, From: m.From, To: m.To, Subject: m.Subject, Date: m.Received})
	}
	return mails
}

// Message is one message, whole.
func (p postbox) Message(id int64) (web.Mail, bool) {
	m, err := p.box.Message(id)
	if err != nil {
		return web.Mail{}, false
	}
	return web.Mail{ID: m.ID, From: m.From, To: m.To, Subject: m.Subject, Date: m.Date, Text: m.Text, HTML: m.HTML, Raw: m.Raw}, true
}

// Count is how many messages ever came.
func (p postbox) Count() int { return int(p.box.Count()) }
