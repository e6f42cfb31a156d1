package mail

import (
	"net"
	"testing"
	"time"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/message"
)

// closedPort is an address of this machine where nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestARelayThatIsAwayIsLeftAsideWhileOthersServe(t *testing.T) {
	t.Parallel()
	good := play(t, relayScript{})
	now := newClock()
	p := pool(t, func(c *Config) { c.Now = now.Now }, "smtp://"+closedPort(t), "smtp://"+good.addr)
	for range 6 {
		c := lent(t, p)
		if deliver(t, c) != delivery.Accepted {
			t.Error("not accepted")
		}
		c.Release()
	}
	if good.taken() != 6 || p.relays[0].failures != 1 {
		t.Errorf("%d messages, tried in vain %d times", good.taken(), p.relays[0].failures)
	}
	states := p.States()
	if s := states[0]; s.Name != p.relays[0].Name || s.Failures != 1 || !s.Until.After(now.Now()) || s.Open+s.Idle != 0 {
		t.Errorf("the relay that is away: %+v", s)
	}
	if s := states[1]; s.Failures != 0 || s.Open != 0 || s.Idle != 1 {
		t.Errorf("the one that serves: %+v", s)
	}
}

func TestTheTimeAsideGrowsToAMinuteAndEndsWithSuccess(t *testing.T) {
	t.Parallel()
	refuse := sayAndDrop("421 4.3.2 not now")
	up := false
	relay := play(t, relayScript{greet: func(k *talk) bool {
		k.server.mu.Lock()
		open := up
		k.server.mu.Unlock()
		if open {
			return say("220 ready")(k)
		}
		return refuse(k)
	}})
	now := newClock()
	p := pool(t, func(c *Config) { c.Now, c.Waits.Aside = now.Now, time.Second }, "smtp://"+relay.addr)
	for _, wait := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
		if _, err := p.Connect(t.Context()); !fault.Is(err, fault.Unavailable) {
			t.Fatalf("a relay that says 421: %v", err)
		}
		tried := relay.dialled()
		now.move(wait*time.Second - time.Millisecond)
		if _, err := p.Connect(t.Context()); !fault.Is(err, fault.Unavailable) || relay.dialled() != tried {
			t.Fatalf("tried again before %d seconds were over: %v", wait, err)
		}
		now.move(time.Millisecond)
	}
	relay.mu.Lock()
	up = true
	relay.mu.Unlock()
	if c := lent(t, p); deliver(t, c) != delivery.Accepted || p.relays[0].failures != 0 {
		t.Errorf("not back to normal: %d failures", p.relays[0].failures)
	}
}

func TestWithEveryRelayAwayConnectSaysSoAtOnce(t *testing.T) {
	t.Parallel()
	p := pool(t, func(c *Config) { c.Waits.Aside = time.Minute }, "smtp://"+closedPort(t), "smtp://"+closedPort(t))
	for range 3 {
		start := time.Now()
		_, err := p.Connect(t.Context())
		if !fault.Is(err, fault.Unavailable) || time.Since(start) > time.Second {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
	}
}

func TestARelayThatDropsEveryConnectionIsLeftAside(t *testing.T) {
	t.Parallel()
	relay := play(t, relayScript{mail: drop})
	p := pool(t, func(c *Config) { c.Waits.Aside = time.Minute }, "smtp://"+relay.addr)
	c := lent(t, p)
	deliver(t, c)
	c.Release()
	if _, err := p.Connect(t.Context()); !fault.Is(err, fault.Unavailable) {
		t.Errorf("got %v", err)
	}
}

func TestARelayThatDropsAConnectionAfterGoodWorkIsAskedAgainAtOnce(t *testing.T) {
	t.Parallel()
	relay := play(t, relayScript{dot: sayAndDrop("250 2.6.0 taken")})
	p := pool(t, func(c *Config) { c.Waits.Aside = time.Minute }, "smtp://"+relay.addr)
	for range 3 {
		c := lent(t, p)
		m := messageTo(t, "mara@example.com")
		got := c.Deliver(t.Context(), []message.Message{m, m})
		if got[0].Verdict != delivery.Accepted || got[1].Verdict != delivery.NotTried {
			t.Errorf("got %v", got)
		}
		c.Release()
	}
}

func TestARelayWithFewerPlacesThanOursIsUsedToItsFull(t *testing.T) {
	t.Parallel()
	relay := play(t, relayScript{greet: func(k *talk) bool {
		k.server.mu.Lock()
		full := k.server.open > 2
		k.server.mu.Unlock()
		if full {
			return sayAndDrop("421 4.7.0 too many connections")(k)
		}
		return say("220 ready")(k)
	}})
	p := pool(t, nil, "smtp://"+relay.addr)
	a, b := lent(t, p), lent(t, p)
	waited := make(chan error, 1)
	go func() {
		c, err := p.Connect(t.Context())
		if err == nil {
			c.Release()
		}
		waited <- err
	}()
	eventually(t, "the third is refused", func() bool {
		return relay.dialled() == 3
	})
	if deliver(t, a) != delivery.Accepted || deliver(t, b) != delivery.Accepted {
		t.Error("the open connections suffer")
	}
	a.Release()
	if err := <-waited; err != nil {
		t.Errorf("the third did not wait for a place: %v", err)
	}
	b.Release()
}
