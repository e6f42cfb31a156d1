package mail

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/wneessen/go-mail/smtp"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/fault"
)

// authority signs certificates for test relays.
type authority struct {
	cert  *x509.Certificate
	key   *ecdsa.PrivateKey
	roots *x509.CertPool
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	key, der := sign(t, template, template, nil)
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	a := authority{cert: cert, key: key, roots: x509.NewCertPool()}
	a.roots.AddCert(cert)
	return a
}

// sign makes a certificate with a key of its own; the signer's key is nil when it signs itself.
func sign(t *testing.T, template, parent *x509.Certificate, signer *ecdsa.PrivateKey) (*ecdsa.PrivateKey, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if signer == nil {
		signer = key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	return key, der
}

// relayFor is a server configuration for a host (or IP address), valid until the given time.
func (a authority) relayFor(t *testing.T, host string, until time.Time) *tls.Config {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(2), NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: until}
	if ip := net.ParseIP(host); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{host}
	}
	key, der := sign(t, template, a.cert, a.key)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}

func TestEncryptionIsAsTheURLAsks(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	valid := a.relayFor(t, "127.0.0.1", time.Now().Add(time.Hour))
	expired := a.relayFor(t, "127.0.0.1", time.Now().Add(-time.Hour))
	misnamed := a.relayFor(t, "other.example", time.Now().Add(time.Hour))
	starttls := []string{"STARTTLS"}
	const encrypted, plain, refused = "encrypted", "plain", "refused"
	for name, c := range map[string]struct {
		scheme, option string
		script         relayScript
		want           string
	}{
		"implicit, valid":    {"smtps://", "", relayScript{secure: true, tls: valid}, encrypted},
		"implicit, expired":  {"smtps://", "", relayScript{secure: true, tls: expired}, refused},
		"implicit, misnamed": {"smtps://", "", relayScript{secure: true, tls: misnamed}, refused},
		"implicit, to plain": {"smtps://", "", relayScript{}, refused},

		"required, valid":          {"smtp://", "?tls=required", relayScript{offers: starttls, tls: valid}, encrypted},
		"required, expired":        {"smtp://", "?tls=required", relayScript{offers: starttls, tls: expired}, refused},
		"required, misnamed":       {"smtp://", "?tls=required", relayScript{offers: starttls, tls: misnamed}, refused},
		"required, not offered":    {"smtp://", "?tls=required", relayScript{}, refused},
		"required, refused":        {"smtp://", "?tls=required", relayScript{offers: starttls, startTLS: say("454 4.7.0 not now")}, refused},
		"required, then hung up":   {"smtp://", "?tls=required", relayScript{offers: starttls, startTLS: sayAndDrop("220 go ahead")}, refused},
		"required, then plain":     {"smtp://", "?tls=required", relayScript{offers: starttls, startTLS: say("220 go ahead", "250 tricked")}, refused},
		"opportunistic, valid":     {"smtp://", "", relayScript{offers: starttls, tls: valid}, encrypted},
		"opportunistic, expired":   {"smtp://", "", relayScript{offers: starttls, tls: expired}, encrypted},
		"opportunistic, misnamed":  {"smtp://", "", relayScript{offers: starttls, tls: misnamed}, encrypted},
		"opportunistic, no offer":  {"smtp://", "", relayScript{}, plain},
		"opportunistic, refused":   {"smtp://", "", relayScript{offers: starttls, startTLS: say("454 4.7.0 not now")}, plain},
		"opportunistic, it breaks": {"smtp://", "", relayScript{offers: starttls, startTLS: sayAndDrop("220 go ahead")}, refused},
		"never, though offered":    {"smtp://", "?tls=never", relayScript{offers: starttls, tls: valid}, plain},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			relay := play(t, c.script)
			p := pool(t, func(c *Config) { c.Roots = a.roots }, c.scheme+relay.addr+c.option)
			conn, err := p.Connect(t.Context())
			if c.want == refused {
				if !fault.Is(err, fault.Unavailable) || relay.said("MAIL") != 0 {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Release()
			if _, on := conn.client.TLSConnectionState(); on != (c.want == encrypted) {
				t.Errorf("encrypted: %t", on)
			}
			if deliver(t, conn) != delivery.Accepted {
				t.Error("not accepted")
			}
		})
	}
}

func TestThePasswordGoesOnlyWhereItIsSafe(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	valid := a.relayFor(t, "localhost", time.Now().Add(time.Hour))
	expired := a.relayFor(t, "localhost", time.Now().Add(-time.Hour))
	plain := "AUTH PLAIN " + base64.StdEncoding.EncodeToString([]byte("\x00mara\x00secret"))
	for name, c := range map[string]struct {
		option string
		script relayScript
		heard  string // what the relay heard to sign in; "" when we would not
		ok     bool
	}{
		"encrypted":                {"?tls=required", relayScript{offers: []string{"STARTTLS", "AUTH LOGIN PLAIN"}, tls: valid}, plain, true},
		"encrypted from the start": {"", relayScript{offers: []string{"AUTH LOGIN PLAIN"}, secure: true, tls: valid}, plain, true},
		"encrypted for somebody else": {"?tls=opportunistic",
			relayScript{offers: []string{"STARTTLS", "AUTH PLAIN"}, tls: expired}, "", false},
		"in plain on this machine": {"", relayScript{offers: []string{"AUTH PLAIN"}}, plain, true},
		"by LOGIN":                 {"", relayScript{offers: []string{"AUTH LOGIN"}, auth: once(say("334 VXNlcm5hbWU6"), stall)}, "AUTH LOGIN", false},
		"by a challenge first": {"", relayScript{offers: []string{"AUTH PLAIN SCRAM-SHA-256"}, auth: say("535 5.7.8 no")},
			"AUTH SCRAM-SHA-256", false},
		"by CRAM-MD5 when there is no better": {"", relayScript{offers: []string{"AUTH CRAM-MD5"}, auth: say("535 5.7.8 no")}, "AUTH CRAM-MD5", false},
		"refused":                             {"", relayScript{offers: []string{"AUTH PLAIN"}, auth: say("535 5.7.8 not you, mara@example.com")}, plain, false},
		"no way to sign in":                   {"", relayScript{}, "", false},
		"no way that we know":                 {"", relayScript{offers: []string{"AUTH XOAUTH2 GSSAPI"}}, "", false},
		"refused for the time being":          {"", relayScript{offers: []string{"AUTH PLAIN"}, auth: say("454 4.7.0 later")}, plain, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			relay := play(t, c.script)
			_, port, _ := strings.Cut(relay.addr, ":")
			scheme := "smtp"
			if c.script.secure {
				scheme = "smtps"
			}
			p := pool(t, func(c *Config) { c.Roots = a.roots }, scheme+"://mara:secret@localhost:"+port+c.option)
			conn, err := p.Connect(t.Context())
			if (err == nil) != c.ok {
				t.Fatalf("got %v", err)
			}
			if err == nil {
				conn.Release()
			} else if text := err.Error(); !fault.Is(err, fault.Unavailable) || strings.Contains(text, "secret") || strings.Contains(text, "mara") {
				t.Errorf("got %v", err)
			}
			if c.heard == "" && relay.said("AUTH") != 0 || relay.said(c.heard) == 0 {
				t.Errorf("it heard %q", relay.transcript())
			}
		})
	}
}

func TestAcrossTheNetworkNoPasswordIsSentInPlain(t *testing.T) {
	t.Parallel()
	far := Relay{Name: "mail.example.com:587", host: "mail.example.com", user: "mara", password: "secret"}
	for name, c := range map[string]struct {
		security  security
		encrypted bool
		mechanism string
	}{
		"encrypted":                     {opportunistic, true, "PLAIN"},
		"encryption stripped away":      {opportunistic, false, "CRAM-MD5"},
		"never, by the operator's word": {never, false, "PLAIN"},
	} {
		relay := far
		relay.security = c.security
		mechanism, _, err := (&credentials{relay: relay}).Start(serverInfo(c.encrypted, "PLAIN", "LOGIN", "CRAM-MD5"))
		if err != nil || mechanism != c.mechanism {
			t.Errorf("%s: %s, %v", name, mechanism, err)
		}
	}
	if _, _, err := (&credentials{relay: far}).Start(serverInfo(false, "PLAIN", "LOGIN")); err != errNoMechanism {
		t.Errorf("nothing but PLAIN and LOGIN in plain: %v", err)
	}
}

func serverInfo(encrypted bool, mechanisms ...string) *smtp.ServerInfo {
	return &smtp.ServerInfo{Name: "mail.example.com", TLS: encrypted, Auth: mechanisms}
}
