package mail

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-msgauth/dkim"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/message"
)

func pemOf(t testing.TB, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// keys are one of each kind; making an RSA key takes long enough to share it.
var keys = sync.OnceValue(func() map[string]crypto.Signer {
	long, err := rsa.GenerateKey(rand.Reader, 2048)
	_, edwards, err2 := ed25519.GenerateKey(rand.Reader)
	if err := errors.Join(err, err2); err != nil {
		panic(err)
	}
	return map[string]crypto.Signer{"rsa": long, "ed25519": edwards}
})

// signers are one of each kind.
func signers(t testing.TB) map[string]*Signer {
	t.Helper()
	all := map[string]*Signer{}
	for kind, key := range keys() {
		s, err := NewSigner("pulse.example", "pulse2026", pemOf(t, key))
		if err != nil {
			t.Fatal(err)
		}
		all[kind] = s
	}
	return all
}

// digestTo is a mail with every field that a signature covers.
func digestTo(t testing.TB, to string) message.Message {
	m := messageTo(t, to)
	m.Leave = "https://pulse.example/leave/abc"
	m.Subject, m.HTML = "Grüße aus der Werkstatt", "<p>Hello Mara.</p>"
	m.Text = "Hello Mara.  \n\n.leading dot\n\ttabs \t \n" + strings.Repeat("Long lines. ", 200) + "\n\n\n"
	return m
}

// sent hands the mail over to a relay and returns what came in, as it came.
func sent(t *testing.T, s *Signer, messages ...message.Message) []string {
	t.Helper()
	relay := play(t, relayScript{})
	c := lent(t, pool(t, func(c *Config) {
		c.Signer = s
		c.ReplyTo = Named{"The editors", mailAddress(t, "hello@pulse.example")}
	}, "smtp://"+relay.addr))
	for _, o := range c.Deliver(t.Context(), messages) {
		if o.Verdict != delivery.Accepted {
			t.Fatalf("got %v", o)
		}
	}
	relay.mu.Lock()
	defer relay.mu.Unlock()
	return relay.bodies
}

// verified is what a verifier of the same library says, for tests that change mails.
func verified(t *testing.T, s *Signer, raw string) error {
	t.Helper()
	name, record := s.Record()
	found, err := dkim.VerifyWithOptions(strings.NewReader(raw), &dkim.VerifyOptions{LookupTXT: func(asked string) ([]string, error) {
		if asked != name {
			return nil, fmt.Errorf("no record at %s", asked)
		}
		return []string{record}, nil
	}})
	if err != nil || len(found) != 1 {
		t.Fatalf("%d signatures, %v", len(found), err)
	}
	return found[0].Err
}

func TestASignatureHoldsOnTheWireAndCoversWhatReadersRelyOn(t *testing.T) {
	t.Parallel()
	for kind, s := range signers(t) {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			raw := sent(t, s, digestTo(t, "mara@example.com"))[0]
			if err := verified(t, s, raw); err != nil {
				t.Fatal(err)
			}
			for _, field := range signedFields {
				if field == "Content-Transfer-Encoding" {
					continue // stands in the parts
				}
				at := strings.Index(strings.ToLower(raw), "\r\n"+strings.ToLower(field)+": ")
				if at < 0 {
					t.Errorf("the mail has no %s", field)
					continue
				}
				at += len(field) + 4
				if verified(t, s, raw[:at]+"x"+raw[at:]) == nil {
					t.Errorf("%s can be changed", field)
				}
			}
			if verified(t, s, raw+"more\r\n") == nil {
				t.Error("text can be added")
			}
			if verified(t, s, "From: somebody@else.example\r\n"+raw) == nil {
				t.Error("a second From can be added")
			}
			if err := verified(t, s, "Received: from somewhere\r\n"+raw); err != nil {
				t.Errorf("a relay's own field breaks it: %v", err)
			}
		})
	}
}

func TestEachMailOfAGroupIsSignedForItself(t *testing.T) {
	t.Parallel()
	s := signers(t)["ed25519"]
	var group []message.Message
	for i := range delivery.Group {
		group = append(group, digestTo(t, fmt.Sprintf("reader%d@example.com", i)))
	}
	for i, raw := range sent(t, s, group...) {
		if err := verified(t, s, raw); err != nil || !strings.Contains(raw, fmt.Sprintf("reader%d@", i)) {
			t.Errorf("mail %d: %v", i, err)
		}
	}
}

// independent verifies with dkimpy, which shares no code with what signs.
const independent = `
import sys, dkim
record = sys.argv[2].encode()
def txt(name, timeout=5):
    return record if name.decode().rstrip(".") == sys.argv[1] else b""
sys.exit(0 if dkim.verify(sys.stdin.buffer.read(), dnsfunc=txt) else 1)
`

func TestAnIndependentVerifierAgrees(t *testing.T) {
	t.Parallel()
	const python = "/usr/bin/python3" // Debian's, whose packages these are
	if exec.Command(python, "-c", "import dkim, nacl").Run() != nil {
		t.Skip("python3-dkim and python3-nacl are not installed")
	}
	for kind, s := range signers(t) {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			name, record := s.Record()
			verify := func(raw string) error {
				run := exec.Command(python, "-c", independent, name, record)
				run.Stdin = strings.NewReader(raw)
				return run.Run()
			}
			for _, raw := range sent(t, s, digestTo(t, "mara@example.com"), messageTo(t, "mara@example.com")) {
				if err := verify(raw); err != nil {
					t.Errorf("it does not verify: %v\n%.600s", err, raw)
				}
				if verify(strings.Replace(raw, "Hello", "Hallo", 1)) == nil {
					t.Error("a changed mail verifies")
				}
			}
		})
	}
}

func TestAKeyThatCannotSignIsRefusedAndNeverPrinted(t *testing.T) {
	t.Parallel()
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	good := signers(t)["ed25519"]
	key := pemOf(t, good.key)
	for name, c := range map[string]struct {
		domain, selector string
		key              []byte
		field            string
	}{
		"no domain":       {"", "s", key, "PULSE_DKIM_DOMAIN"},
		"a hostile one":   {"pulse.example; d=x", "s", key, "PULSE_DKIM_DOMAIN"},
		"no selector":     {"pulse.example", "", key, "PULSE_DKIM_SELECTOR"},
		"not PEM":         {"pulse.example", "s", []byte("secret"), "PULSE_DKIM_KEY"},
		"not a key":       {"pulse.example", "s", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("secret")}), "PULSE_DKIM_KEY"},
		"a short RSA key": {"pulse.example", "s", pemOf(t, short), "PULSE_DKIM_KEY"},
	} {
		_, err := NewSigner(c.domain, c.selector, c.key)
		if f, ok := err.(*fault.Error); !ok || f.Field != c.field || strings.Contains(fmt.Sprintf("%+v", err), "secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("signer", "signer", good)
	for _, text := range []string{fmt.Sprintf("%v %+v %#v", good, good, good), log.String()} {
		if !strings.Contains(text, "pulse2026._domainkey.pulse.example") || len(text) > 200 {
			t.Errorf("printed as %s", text)
		}
	}
}

func TestASignatureMustCountForTheSender(t *testing.T) {
	t.Parallel()
	relay, err := ParseRelay("smtp://127.0.0.1:25")
	if err != nil {
		t.Fatal(err)
	}
	for from, ok := range map[string]bool{
		"weekly@pulse.example": true, "weekly@news.Pulse.example": true, "weekly@other.example": false, "weekly@impulse.example": false,
	} {
		_, err := New(Config{Relays: []Relay{relay}, Signer: signers(t)["ed25519"], From: Named{Address: mailAddress(t, from)}})
		if (err == nil) != ok {
			t.Errorf("%s: %v", from, err)
		}
	}
}

func BenchmarkSign(b *testing.B) {
	m := digestTo(b, "mara@example.com")
	m.HTML = strings.Repeat("<p>A story of a partnership, told in a paragraph.</p>\n", 450)
	raw, err := pool(b, nil, "smtp://127.0.0.1:25").letterhead.letter(m)
	if err != nil {
		b.Fatal(err)
	}
	for kind, s := range signers(b) {
		b.Run(kind, func(b *testing.B) {
			b.SetBytes(int64(len(raw.body)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.sign(raw.body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
