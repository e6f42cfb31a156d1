package mail

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"log/slog"
	"net/textproto"
	"runtime"
	"slices"
	"strings"

	"github.com/emersion/go-msgauth/dkim"

	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/message"
)

// Signer signs our mail as a domain of ours (DKIM, RFC 6376), by RSA or Ed25519
// (RFC 8463). It is safe for concurrent use and prints without its key.
type Signer struct {
	domain   string
	selector string
	key      crypto.Signer
	cores    chan struct{} // a place for each signature being made, over all connections
}

// NewSigner makes a signer. The key is PEM, as PKCS #8 or PKCS #1. The error is a
// fault.Invalid on the setting at fault and repeats nothing of the key.
func NewSigner(domain, selector string, key []byte) (*Signer, error) {
	domain = strings.ToLower(domain)
	switch {
	case !isHost(domain) || !strings.Contains(domain, "."):
		return nil, fault.Field("PULSE_DKIM_DOMAIN", "The domain that signs looks like example.com.")
	case !isHost(selector):
		return nil, fault.Field("PULSE_DKIM_SELECTOR", "A DKIM selector is a short name such as pulse2026.")
	}
	parsed, err := parseKey(key)
	if err != nil {
		return nil, err
	}
	return &Signer{domain: domain, selector: selector, key: parsed, cores: make(chan struct{}, runtime.GOMAXPROCS(0))}, nil
}

// leastBits is the shortest RSA key that is taken; RFC 8301 §3.2 forbids less
// than half of it, and mailbox providers want this.
const leastBits = 2048

func parseKey(text []byte) (crypto.Signer, error) {
	block, _ := pem.Decode(bytes.TrimSpace(text))
	if block == nil {
		return nil, badKey("The DKIM key is a private key in PEM, which begins with -----BEGIN.")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	}
	if err != nil {
		return nil, badKey("The DKIM key cannot be read; it must be an unencrypted private key in PEM.")
	}
	switch key := key.(type) {
	case ed25519.PrivateKey:
		return key, nil
	case *rsa.PrivateKey:
		if key.N.BitLen() >= leastBits {
			return key, nil
		}
		return nil, badKey("An RSA key for DKIM has at least %d bits.", leastBits)
	}
	return nil, badKey("A DKIM key is RSA or Ed25519.")
}

func badKey(text string, args ...any) error { return fault.Field("PULSE_DKIM_KEY", text, args...) }

// Record is the TXT record that lets others verify: its name and its value (RFC
// 6376 §3.6.1). Where a DNS form wants strings of at most 255 characters, the
// value is cut into several, in order.
func (s *Signer) Record() (name, value string) {
	name = s.selector + "._domainkey." + s.domain
	if public, ok := s.key.Public().(ed25519.PublicKey); ok {
		return name, "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(public)
	}
	der, _ := x509.MarshalPKIXPublicKey(s.key.Public()) // cannot fail for an RSA key
	return name, "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(der)
}

// signedFields are the fields that a signature covers where they are present:
// RFC 6376 §5.4.1, and both fields of one-click, which RFC 8058 §4 requires.
var signedFields = []string{
	"From", "To", "Subject", "Date", "Message-Id", "Mime-Version", "Content-Type", "Content-Transfer-Encoding",
	"Reply-To", "List-Id", "List-Unsubscribe", "List-Unsubscribe-Post",
}

// sign returns the message with a DKIM-Signature field in front. The message is
// as it goes to the wire, before dots are stuffed. From is named once more than
// it stands there, so that nobody can add a second one (RFC 6376 §8.15).
func (s *Signer) sign(raw []byte) ([]byte, error) {
	s.cores <- struct{}{}
	defer func() { <-s.cores }()
	var signed bytes.Buffer
	signed.Grow(len(raw) + 1024)
	err := dkim.Sign(&signed, bytes.NewReader(raw), &dkim.SignOptions{
		Domain: s.domain, Selector: s.selector, Signer: s.key, Hash: crypto.SHA256,
		HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed,
		HeaderKeys: append(present(raw), "From"),
	})
	return signed.Bytes(), err
}

// present is which of the fields to be signed the message has.
func present(raw []byte) []string {
	header, _, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
	var names []string
	for line := range bytes.SplitSeq(header, []byte("\r\n")) {
		name, _, ok := bytes.Cut(line, []byte(":"))
		if canonical := textproto.CanonicalMIMEHeaderKey(string(name)); ok && slices.Contains(signedFields, canonical) {
			names = append(names, canonical)
		}
	}
	return names
}

// speaksFor reports whether the signature counts for mail from the domain (RFC
// 7489 §3.1.1): it is the signer's own or one below.
func (s *Signer) speaksFor(domain string) bool {
	domain = strings.ToLower(domain)
	return domain == s.domain || strings.HasSuffix(domain, "."+s.domain)
}

// String is the signer without its key.
func (s *Signer) String() string { return s.selector + "._domainkey." + s.domain }

// GoString keeps %#v from printing the key.
func (s *Signer) GoString() string { return "mail.Signer(" + s.String() + ")" }

// LogValue keeps structured logs from printing the key.
func (s *Signer) LogValue() slog.Value { return slog.StringValue(s.String()) }

// letters makes a group's mails. Without a signer each is made when its turn has
// come. With one all of them begin at once, as many at a time as there are cores,
// so that a signature is ready when the relay has taken the mail before.
func (l letterhead) letters(messages []message.Message) func(i int) (letter, error) {
	if l.signer == nil {
		return func(i int) (letter, error) { return l.letter(messages[i]) }
	}
	type made struct {
		letter letter
		err    error
	}
	ready := make([]chan made, len(messages))
	for i, m := range messages {
		ready[i] = make(chan made, 1)
		go func() {
			one, err := l.letter(m)
			ready[i] <- made{one, err}
		}()
	}
	return func(i int) (letter, error) { one := <-ready[i]; return one.letter, one.err }
}
