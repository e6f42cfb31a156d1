package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/textproto"
	"slices"
	"time"

	"github.com/wneessen/go-mail/smtp"

	"github.com/collabpulse/weekly/internal/fault"
)

// dial opens the connection: TCP, TLS, greeting, EHLO, sign-in. It drives
// go-mail's SMTP client step by step, where go-mail's own Client would leave the
// socket open after a refused EHLO and would not hear ctx once TCP stands. The
// error is a fault.Unavailable that says which step failed.
func (c *Conn) dial(ctx context.Context) error {
	r, waits := c.relay.Relay, c.pool.config.Waits
	ctx, cancel := context.WithTimeout(ctx, waits.Connect)
	defer cancel()
	raw, err := (&net.Dialer{}).DialContext(ctx, "tcp", r.Name)
	if err != nil {
		return away(err, "The mail relay %s cannot be reached.", r.Name)
	}
	c.raw, c.opened = &bounded{Conn: raw}, c.pool.config.Now()
	hungUp := context.AfterFunc(ctx, c.hangUp)
	if err = c.greet(ctx); err == nil {
		err = c.signIn()
	}
	if !hungUp() {
		err = away(ctx.Err(), "The mail relay %s took too long.", r.Name)
	}
	if err != nil {
		c.hangUp()
	}
	c.carried = 0
	return err
}

// greet brings the connection through TLS and EHLO.
func (c *Conn) greet(ctx context.Context) error {
	r := c.relay.Relay
	line := c.raw
	if r.security == implicit {
		secure := tls.Client(c.raw, c.tls())
		if err := secure.HandshakeContext(ctx); err != nil {
			return away(err, "The mail relay %s cannot prove that it is %s.", r.Name, r.host)
		}
		line = secure
	}
	client, err := smtp.NewClient(line, r.host)
	if err != nil {
		return away(err, "The mail relay %s takes no mail at the moment.", r.Name)
	}
	c.client = client
	if err := client.Hello(c.pool.config.Hello); err != nil {
		return away(err, "The mail relay %s takes no mail at the moment.", r.Name)
	}
	if r.security == implicit || r.security == never {
		return nil
	}
	return c.startTLS()
}

func (c *Conn) startTLS() error {
	r := c.relay.Relay
	if ok, _ := c.client.Extension("STARTTLS"); !ok && r.security == required {
		return away(nil, "The mail relay %s offers no encryption, which its URL requires; ?tls=never would do without.", r.Name)
	} else if !ok {
		return nil
	}
	err := c.client.StartTLS(c.tls())
	_, begun := c.client.TLSConnectionState()
	switch {
	case err == nil, r.security == opportunistic && !begun && isReply(err):
		return nil // encrypted, or refused for now, and RFC 3207 §4 lets us go on without
	case r.verified():
		return away(err, "The mail relay %s cannot prove that it is %s.", r.Name, r.host)
	}
	return away(err, "The mail relay %s offers encryption and then fails at it; ?tls=never would do without.", r.Name)
}

func isReply(err error) bool {
	_, ok := errors.AsType[*textproto.Error](err)
	return ok
}

func (c *Conn) tls() *tls.Config {
	r := c.relay.Relay
	return &tls.Config{
		ServerName:         r.host,
		MinVersion:         tls.VersionTLS12,
		RootCAs:            c.pool.config.Roots,
		InsecureSkipVerify: !r.verified(), // see Relay.verified
	}
}

// signIn authenticates (RFC 4954) when the relay's URL has credentials.
func (c *Conn) signIn() error {
	r := c.relay.Relay
	if r.user == "" {
		return nil
	}
	sign := &credentials{relay: r}
	if state, encrypted := c.client.TLSConnectionState(); encrypted {
		sign.channel = &state
	}
	err := c.client.Auth(sign)
	switch {
	case errors.Is(err, errNoMechanism):
		return away(nil, "The mail relay %s offers no way to sign in that is safe on this connection.", r.Name)
	case err != nil:
		return away(err, "The mail relay %s did not take our user name and password.", r.Name)
	}
	return nil
}

// credentials signs in with the best mechanism that the relay offers: bound to this
// TLS channel, so that nobody between us can use it (RFC 5802 §6), or at least
// without the password. The password itself is sent only through TLS, within this machine, or where the
// operator chose ?tls=never.
type credentials struct {
	relay   Relay
	channel *tls.ConnectionState // nil without TLS
	chosen  smtp.Auth
}

var errNoMechanism = errors.New("no usable mechanism to sign in")

// Start picks the mechanism and begins.
func (a *credentials) Start(server *smtp.ServerInfo) (string, []byte, error) {
	r := a.relay
	private := server.TLS || r.onThisMachine() || r.security == never
	offers := func(mechanism string) bool { return slices.Contains(server.Auth, mechanism) }
	switch {
	case a.channel != nil && offers("SCRAM-SHA-256-PLUS"):
		a.chosen = smtp.ScramSHA256PlusAuth(r.user, r.password, a.channel)
	case offers("SCRAM-SHA-256"):
		a.chosen = smtp.ScramSHA256Auth(r.user, r.password)
	case offers("SCRAM-SHA-1"):
		a.chosen = smtp.ScramSHA1Auth(r.user, r.password)
	case private && offers("PLAIN"):
		a.chosen = smtp.PlainAuth("", r.user, r.password, r.host, true)
	case private && offers("LOGIN"):
		a.chosen = smtp.LoginAuth(r.user, r.password, r.host, true)
	case offers("CRAM-MD5"):
		a.chosen = smtp.CRAMMD5Auth(r.user, r.password)
	default:
		return "", nil, errNoMechanism
	}
	return a.chosen.Start(server)
}

// Next goes on with the mechanism chosen.
func (a *credentials) Next(challenge []byte, more bool) ([]byte, error) {
	return a.chosen.Next(challenge, more)
}

// away is the fault of a relay that cannot be used. Its cause is for logs and so
// is scrubbed: a relay may repeat the user name, which is often an address.
func away(cause error, text string, args ...any) error {
	if cause == nil {
		return fault.New(fault.Unavailable, text, args...)
	}
	if reply, ok := errors.AsType[*textproto.Error](cause); ok {
		cause = &textproto.Error{Code: reply.Code, Msg: scrub(reply.Msg, "")}
	}
	return fault.Wrap(fault.Unavailable, cause, text, args...)
}

// noop asks whether the other side is still there.
func (c *Conn) noop(ctx context.Context) error {
	hungUp := context.AfterFunc(ctx, c.hangUp)
	err := c.step(c.pool.config.Waits.Connect, c.client.Noop)
	if !hungUp() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return away(err, "The mail relay %s no longer answers.", c.relay.Name)
	}
	return nil
}

// step gives one exchange its time.
func (c *Conn) step(wait time.Duration, exchange func() error) error {
	if err := c.client.UpdateDeadline(wait); err != nil {
		return err
	}
	return exchange()
}

// quit ends the connection politely, without waiting long for the answer.
func (c *Conn) quit() {
	_ = c.step(2*time.Second, c.client.Quit) // the connection closes either way
	c.hangUp()
}

// hangUp closes the socket, whatever is going on there.
func (c *Conn) hangUp() { _ = c.raw.Close() }
