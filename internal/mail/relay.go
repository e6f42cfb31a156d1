package mail

import (
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/collabpulse/weekly/internal/fault"
)

// Relay is one SMTP server that takes our mail, as its URL describes it. It
// prints without its credentials, whatever prints it.
type Relay struct {
	Name string // host and port, as logs, metrics and the ledger name it

	host     string
	user     string
	password string
	security security
	limits
}

// security is when the connection is encrypted.
type security uint8

const (
	opportunistic security = iota // STARTTLS when it is offered (RFC 7435)
	required                      // STARTTLS or nothing
	never                         // plain, by the operator's word
	implicit                      // TLS from the first octet (RFC 8314 §3)
)

var securities = map[string]security{"opportunistic": opportunistic, "required": required, "never": never}

// ParseRelay reads one entry of PULSE_SMTP_URLS:
//
//	smtp://host            port 25, STARTTLS when offered
//	smtp://user:pass@host  port 587, STARTTLS required unless the host is this machine
//	smtps://user:pass@host port 465, TLS from the start
//
// ?tls=required, ?tls=opportunistic or ?tls=never overrides the choice for smtp.
//
//	?weight=3       its share of the mail beside the other relays'; 1 when not said,
//	                0 for a spare that serves only while no other relay works
//	?connections=2  so many at once by this process, at most
//	?rate=14        messages a second by all worker processes together, at most; also
//	                600/m, 5000/h (see Pool.ShareAmong)
//
// The error is a fault.Invalid on the field PULSE_SMTP_URLS, and repeats
// nothing of the URL, which may hold a password.
func ParseRelay(raw string) (Relay, error) {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil {
		return Relay{}, badRelays("A mail relay looks like smtp://user:password@host:587; encode special characters of the password, such as %%40 for @.")
	}
	if u.Scheme != "smtp" && u.Scheme != "smtps" {
		return Relay{}, badRelays("A mail relay starts with smtp:// or smtps://.")
	}
	if !isHost(u.Hostname()) || u.Path != "" && u.Path != "/" || u.Fragment != "" || u.Opaque != "" {
		return Relay{}, badRelays("A mail relay names a host and nothing after it but options such as ?tls=….")
	}
	r := Relay{host: u.Hostname(), user: u.User.Username()}
	r.password, _ = u.User.Password()
	if (r.user == "") != (r.password == "") {
		return Relay{}, badRelays("A mail relay has both a user name and a password, or neither.")
	}
	if err := r.take(u); err != nil {
		return Relay{}, err
	}
	port, err := parsePort(u, r)
	r.Name = net.JoinHostPort(r.host, port)
	return r, err
}

// isHost reports whether the text is an IP address or a name that DNS could know.
func isHost(text string) bool {
	_, err := netip.ParseAddr(text)
	return err == nil || isDotAtom(text) && strings.Trim(text, hostOctets) == ""
}

const hostOctets = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_"

func badRelays(text string, args ...any) error { return fault.Field("PULSE_SMTP_URLS", text, args...) }

// take reads the options behind the question mark, each at most once.
func (r *Relay) take(u *url.URL) error {
	options, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return badRelays("The options of a mail relay look like ?tls=required&weight=2.")
	}
	for name, values := range options {
		if !slices.Contains([]string{"tls", "weight", "connections", "rate"}, name) {
			return badRelays("A mail relay knows the options tls, weight, connections and rate, and no other.")
		}
		if len(values) > 1 {
			return badRelays("An option of a mail relay is said twice.")
		}
	}
	if r.security, err = parseSecurity(u.Scheme, options.Get("tls"), *r); err != nil {
		return err
	}
	r.limits, err = parseLimits(options)
	return err
}

func parseSecurity(scheme, word string, r Relay) (security, error) {
	choice, known := securities[word]
	switch {
	case scheme == "smtps" && (word == "" || word == "required"):
		return implicit, nil
	case scheme == "smtps":
		return 0, badRelays("A relay at smtps:// is always encrypted; leave ?tls=… out.")
	case known:
		return choice, nil
	case word != "":
		return 0, badRelays("?tls= of a mail relay is required, opportunistic or never.")
	case r.user != "" && !r.onThisMachine():
		return required, nil
	}
	return opportunistic, nil
}

func parsePort(u *url.URL, r Relay) (string, error) {
	port := u.Port()
	switch {
	case port == "" && r.security == implicit:
		return "465", nil
	case port == "" && r.user != "":
		return "587", nil
	case port == "":
		return "25", nil
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return "", badRelays("The port of a mail relay is a number from 1 to 65535.")
	}
	return port, nil
}

// onThisMachine reports whether what is said to the relay never leaves the host.
func (r Relay) onThisMachine() bool {
	ip, err := netip.ParseAddr(r.host)
	return strings.EqualFold(r.host, "localhost") || err == nil && ip.IsLoopback()
}

// verified reports whether the relay must prove its name. Where anything at all
// would be accepted, plain text included, an unproven certificate still keeps
// listeners out (RFC 7435 §1.2), so only then it need not.
func (r Relay) verified() bool { return r.security != opportunistic || r.user != "" }

// String is the relay without its password.
func (r Relay) String() string {
	scheme := "smtp://"
	if r.security == implicit {
		scheme = "smtps://"
	}
	if r.user != "" {
		scheme += "…@"
	}
	return scheme + r.Name
}

// GoString keeps %#v from printing the password.
func (r Relay) GoString() string { return "mail.Relay(" + r.String() + ")" }

// LogValue keeps structured logs from printing the password.
func (r Relay) LogValue() slog.Value { return slog.StringValue(r.String()) }
