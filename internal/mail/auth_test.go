package mail

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/xdg-go/scram"

	"github.com/collabpulse/weekly/internal/fault"
)

// The relays here know one user and check what they are told, by an implementation
// of SCRAM (RFC 5802, 7677) that is not the one we sign in with.
const (
	theUser     = "mara"
	thePassword = "correct horse"
)

// lastHeard is what the relay was told last.
func (k *talk) lastHeard() string {
	k.server.mu.Lock()
	defer k.server.mu.Unlock()
	return k.server.heard[len(k.server.heard)-1]
}

// ask sends a challenge and returns the answer, both in base64 on the wire.
func (k *talk) ask(challenge string) string {
	say("334 " + base64.StdEncoding.EncodeToString([]byte(challenge)))(k)
	line, err := k.in.ReadString('\n')
	if err != nil {
		return ""
	}
	return unbase64(strings.TrimRight(line, "\r\n"))
}

func unbase64(text string) string {
	raw, _ := base64.StdEncoding.DecodeString(text)
	return string(raw)
}

// initial is what came along with the AUTH command.
func (k *talk) initial() string {
	if parts := strings.Fields(k.lastHeard()); len(parts) == 3 {
		return unbase64(parts[2])
	}
	return ""
}

func welcomeIf(known bool) step {
	if known {
		return say("235 2.7.0 welcome")
	}
	return say("535 5.7.8 not you")
}

// checksPassword knows PLAIN (RFC 4616), LOGIN and CRAM-MD5 (RFC 2195).
func checksPassword(k *talk) bool {
	switch strings.Fields(k.lastHeard())[1] {
	case "PLAIN":
		return welcomeIf(k.initial() == "\x00"+theUser+"\x00"+thePassword)(k)
	case "LOGIN":
		return welcomeIf(k.ask("Username:") == theUser && k.ask("Password:") == thePassword)(k)
	case "CRAM-MD5":
		challenge := "<1896.697170952@relay.test>"
		sum := hmac.New(md5.New, []byte(thePassword))
		sum.Write([]byte(challenge))
		return welcomeIf(k.ask(challenge) == theUser+" "+hex.EncodeToString(sum.Sum(nil)))(k)
	}
	return say("504 5.5.4 no such mechanism")(k)
}

// checksProof knows SCRAM, bound to the channel or not.
func checksProof(k *talk) bool {
	mechanism := strings.Fields(k.lastHeard())[1]
	hash := scram.SHA256
	if strings.HasPrefix(mechanism, "SCRAM-SHA-1") {
		hash = scram.SHA1
	}
	server, err := hash.NewServer(func(user string) (scram.StoredCredentials, error) {
		client, err := hash.NewClient(theUser, thePassword, "")
		if err != nil {
			return scram.StoredCredentials{}, err
		}
		return client.GetStoredCredentialsWithError(scram.KeyFactors{Salt: "a salt of the server", Iters: 4096})
	})
	if err != nil {
		return drop(k)
	}
	talk := server.NewConversation()
	if strings.HasSuffix(mechanism, "-PLUS") {
		state := k.conn.(*tls.Conn).ConnectionState()
		binding, err := scram.NewTLSExporterBinding(&state)
		if err != nil {
			return drop(k)
		}
		talk = server.NewConversationWithChannelBindingRequired(binding)
	}
	heard := k.initial()
	if heard == "" {
		heard = k.ask("")
	}
	for !talk.Done() {
		answer, err := talk.Step(heard)
		if err != nil {
			return say("535 5.7.8 not you")(k)
		}
		heard = k.ask(answer)
	}
	return welcomeIf(talk.Valid())(k)
}

func TestARelayThatChecksLetsTheRightPasswordInAndNoOther(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	valid := a.relayFor(t, "localhost", time.Now().Add(time.Hour))
	for mechanism, check := range map[string]step{
		"PLAIN": checksPassword, "LOGIN": checksPassword, "CRAM-MD5": checksPassword,
		"SCRAM-SHA-1": checksProof, "SCRAM-SHA-256": checksProof, "SCRAM-SHA-256-PLUS": checksProof,
	} {
		for password, ok := range map[string]bool{"correct%20horse": true, "battery%20staple": false} {
			t.Run(mechanism+" "+password, func(t *testing.T) {
				t.Parallel()
				relay := play(t, relayScript{offers: []string{"AUTH " + mechanism}, auth: check, secure: true, tls: valid})
				_, port, _ := strings.Cut(relay.addr, ":")
				p := pool(t, func(c *Config) { c.Roots = a.roots }, "smtps://"+theUser+":"+password+"@localhost:"+port)
				conn, err := p.Connect(t.Context())
				if relay.said("AUTH "+mechanism) == 0 {
					t.Errorf("it heard %q", relay.transcript())
				}
				switch {
				case ok && err != nil:
					t.Fatal(err)
				case ok:
					conn.Release()
				case !fault.Is(err, fault.Unavailable):
					t.Errorf("the wrong password was let in: %v", err)
				}
			})
		}
	}
}

func TestAConnectionThatIsOldIsRenewed(t *testing.T) {
	t.Parallel()
	relay := play(t, relayScript{})
	now := time.Now()
	p := pool(t, func(c *Config) { c.Now = func() time.Time { return now } }, "smtp://"+relay.addr)
	conn, err := p.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	for i, want := range []int{1, 1, 2} {
		if i == 2 {
			now = now.Add(11 * time.Minute)
		}
		conn.renew(t.Context(), 1)
		conn.carried++
		relay.mu.Lock()
		got := relay.accepted
		relay.mu.Unlock()
		if conn.Broken() || got != want {
			t.Fatalf("use %d: %d connections, want %d", i+1, got, want)
		}
	}
}
