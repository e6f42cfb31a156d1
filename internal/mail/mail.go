// Package mail hands messages to SMTP relays and says truthfully what became of
// each one.
//
// Three things live here. A letterhead turns a message.Message into bytes that
// every mailbox reads the same way (build.go); what many readers share is built
// once, cut where their own values go, and filled (compile.go, fill.go). A pool
// keeps connections to one or more relays open and lends them out (pool.go). A
// lent connection carries messages, one transaction each, without waiting where
// the relay allows it (wire.go), and answers with a delivery.Outcome per message
// (conn.go, transaction.go).
//
// What the ledger promises hangs on that outcome, so the stages of a transaction
// are driven from here, on go-mail's SMTP client, and each failure is judged by
// how far the message had come:
//
//	MAIL ─▶ RCPT ─▶ DATA ─▶ body ─▶ final dot ─▶ reply
//	└───────── nothing can have been ──────────┘ └─ 250: accepted
//	           sent: not tried, unless the          4yz, 5yz: refused
//	           relay said 4yz or 5yz                no reply: in doubt
//
// RFC 5321 §6.1 draws the line: a relay is responsible for a message once it has
// said 250 to the final dot, and nobody can know whether it is when the dot left
// and that reply never came.
//
// Nothing a relay says is trusted to be printable: replies are clipped, and
// whatever in them looks like an address is blotted out before they reach a log
// or the ledger.
package mail

import (
	"cmp"
	"crypto/x509"
	"time"

	"github.com/collabpulse/weekly/internal/address"
	"github.com/collabpulse/weekly/internal/fault"
)

// Config is what a pool needs to know. Relays and From are required; zero
// values elsewhere take the defaults named beside them.
type Config struct {
	Relays   []Relay
	From     Named
	ReplyTo  Named           // zero for no Reply-To field
	Bounce   address.Address // where refusals go (VERP); default the address in From
	ListID   string          // RFC 2919 list identifier; default "weekly." and the domain of From
	ListName string          // shown before the list identifier; default the name in From
	Hello    string          // what EHLO says (RFC 5321 §4.1.1.1); default the domain of From

	Signer *Signer // signs every mail (DKIM); nil leaves that to the relays

	Connections int            // kept per relay at most; default 4
	Messages    int            // per connection at most, then it is renewed; default 1,000
	Waits       Waits          // see there
	Roots       *x509.CertPool // certificate authorities for relays; default the system's
	Now         func() time.Time
}

// Named is an address with the name shown beside it (RFC 5322 §3.4).
type Named struct {
	Name    string
	Address address.Address
}

// Waits are how long the pool is patient. Zero values take the defaults of DefaultWaits.
type Waits struct {
	Connect time.Duration // to reach a relay, greet, encrypt and sign in
	Command time.Duration // for the reply to one command
	Body    time.Duration // to write one message
	Final   time.Duration // for the reply to the final dot
	Idle    time.Duration // how long an unused connection is kept
	Life    time.Duration // how long a connection is used before a new one is opened
	Stale   time.Duration // how long it may rest before it is tried with NOOP
	Aside   time.Duration // how long a relay is left aside after its first failure; doubled up to a minute
}

// DefaultWaits keep RFC 5321 §4.5.3.2 where a message is at stake: three minutes
// for the body and ten for the reply to the final dot, because giving up there
// leaves a doubt. Giving up on a command costs nothing, the message is handed
// over again, so the relay gets one minute and not five.
var DefaultWaits = Waits{
	Connect: 30 * time.Second,
	Command: time.Minute,
	Body:    3 * time.Minute,
	Final:   10 * time.Minute,
	Idle:    time.Minute,
	Life:    10 * time.Minute,
	Stale:   10 * time.Second,
	Aside:   time.Second,
}

// settled is the configuration with every default in its place, or the fault in it.
func (c Config) settled() (Config, error) {
	switch {
	case len(c.Relays) == 0:
		return c, badRelays("Name at least one mail relay.")
	case c.From.Address.IsZero():
		return c, fault.Field("PULSE_FROM", "Say which address the mails come from.")
	case c.Signer != nil && !c.Signer.speaksFor(c.From.Address.Domain()):
		return c, fault.Field("PULSE_DKIM_DOMAIN", "The domain that signs must be the one of PULSE_FROM, or one above it.")
	}
	if c.Bounce.IsZero() {
		c.Bounce = c.From.Address
	}
	c.ListID = cmp.Or(c.ListID, "weekly."+c.From.Address.Domain())
	c.ListName = cmp.Or(c.ListName, c.From.Name)
	c.Hello = cmp.Or(c.Hello, c.From.Address.Domain())
	c.Connections = cmp.Or(c.Connections, 4)
	c.Messages = cmp.Or(c.Messages, 1000)
	c.Waits = c.Waits.settled()
	if c.Now == nil {
		c.Now = time.Now
	}
	if !isDotAtom(c.ListID) || !isDotAtom(c.Hello) {
		return c, fault.Field("PULSE_FROM", "The list identifier and the name for EHLO must be domain names.")
	}
	return c, nil
}

func (w Waits) settled() Waits {
	d := DefaultWaits
	return Waits{
		Connect: cmp.Or(w.Connect, d.Connect),
		Command: cmp.Or(w.Command, d.Command),
		Body:    cmp.Or(w.Body, d.Body),
		Final:   cmp.Or(w.Final, d.Final),
		Idle:    cmp.Or(w.Idle, d.Idle),
		Life:    cmp.Or(w.Life, d.Life),
		Stale:   cmp.Or(w.Stale, d.Stale),
		Aside:   cmp.Or(w.Aside, d.Aside),
	}
}
