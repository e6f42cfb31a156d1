package mail

import (
	"strings"
	"testing"
	"time"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/message"
)

// heardOut is in the transcript of a babbling relay that nobody interrupted.
const heardOut = "nobody hung up"

// babble talks until the other side has had enough, which it must soon.
func babble(line string) step {
	return func(k *talk) bool {
		for range 1 << 12 {
			if _, err := k.conn.Write([]byte(strings.Repeat(line, 1<<12/len(line)))); err != nil {
				return false
			}
		}
		k.server.hear(heardOut)
		return false
	}
}

func TestARelayThatTalksOnAndOnIsHungUpOn(t *testing.T) {
	t.Parallel()
	two := []message.Message{messageTo(t, "mara@example.com"), messageTo(t, "noor@example.org")}
	for name, line := range map[string]string{"in lines": "220-welcome, and so on\r\n", "in one line": "220 welcome, and so on, and so on "} {
		relay := play(t, relayScript{greet: babble(line)})
		p := pool(t, func(c *Config) { c.Waits.Connect = 10 * time.Second }, "smtp://"+relay.addr)
		if _, err := p.Connect(t.Context()); !fault.Is(err, fault.Unavailable) {
			t.Errorf("a greeting %s: %v", name, err)
		}
		hungUpOn(t, relay)
	}
	relay := play(t, relayScript{mail: babble("250-fine, and so on\r\n")})
	got := lent(t, pool(t, nil, "smtp://"+relay.addr)).Deliver(t.Context(), two)
	if got[0].Verdict == delivery.Accepted || got[1].Verdict != delivery.NotTried {
		t.Errorf("a reply: %v", got)
	}
	hungUpOn(t, relay)
	relay = play(t, relayScript{dot: babble("250-taken, and so on\r\n")})
	got = lent(t, pool(t, nil, "smtp://"+relay.addr)).Deliver(t.Context(), two)
	if got[0].Verdict != delivery.InDoubt || got[1].Verdict != delivery.NotTried {
		t.Errorf("a reply to the dot: %v", got)
	}
	hungUpOn(t, relay)
}

func hungUpOn(t *testing.T, relay *scripted) {
	t.Helper()
	if strings.Contains(relay.transcript(), heardOut) {
		t.Error("the relay was heard to its end")
	}
}
