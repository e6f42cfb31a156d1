package mail

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/message"
)

// clock is a clock that stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: sentAt} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// deliver hands one message over and says how it went.
func deliver(t *testing.T, c *Conn) delivery.Verdict {
	t.Helper()
	return c.Deliver(t.Context(), []message.Message{messageTo(t, "mara@example.com")})[0].Verdict
}

// eventually waits for something another goroutine brings about.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 500 {
		if ok() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Errorf("it never came about that %s", what)
}

func TestAConnectionIsUsedAgain(t *testing.T) {
	t.Parallel()
	relay := play(t, relayScript{})
	p := pool(t, nil, "smtp://"+relay.addr)
	for range 5 {
		c, err := p.Connect(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if deliver(t, c) != delivery.Accepted || c.Relay() != relay.addr {
			t.Fatalf("relay %q", c.Relay())
		}
		c.Release()
		c.Release()
	}
	if relay.dialled() != 1 || relay.taken() != 5 || relay.said("EHLO pulse.example") != 1 {
		t.Errorf("%d connections for %d messages", relay.dialled(), relay.taken())
	}
}

func TestNoMoreConnectionsThanAllowed(t *testing.T) {
	t.Parallel()
	relay := play(t, relayScript{})
	p := pool(t, func(c *Config) { c.Connections = 2 }, "smtp://"+relay.addr)
	var senders sync.WaitGroup
	for range 10 {
		senders.Go(func() {
			c, err := p.Connect(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Release()
			if deliver(t, c) != delivery.Accepted {
				t.Error("not accepted")
			}
		})
	}
	senders.Wait()
	if _, most := relay.connections(); most > 2 || relay.taken() != 10 {
		t.Errorf("%d connections at once, %d messages", most, relay.taken())
	}
}

func TestWaitingForAPlaceEndsWithTheContextOrARelease(t *testing.T) {
	t.Parallel()
	relay := play(t, relayScript{})
	p := pool(t, func(c *Config) { c.Connections = 1 }, "smtp://"+relay.addr)
	held := lent(t, p)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if _, err := p.Connect(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	time.AfterFunc(30*time.Millisecond, held.Release)
	c, err := p.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c.Release()
}

func TestAnIdleConnectionIsClosedPolitely(t *testing.T) {
	t.Parallel()
	relay := play(t, relayScript{})
	p := pool(t, func(c *Config) { c.Waits.Idle = 30 * time.Millisecond }, "smtp://"+relay.addr)
	lent(t, p).Release()
	eventually(t, "QUIT is said", func() bool { return relay.said("QUIT") == 1 })
	if deliver(t, lent(t, p)) != delivery.Accepted || relay.dialled() != 2 {
		t.Errorf("after %d connections", relay.dialled())
	}
}

func TestAConnectionThatRestedIsTriedFirst(t *testing.T) {
	t.Parallel()
	now := newClock()
	relay := play(t, relayScript{noop: once(say("250 ok"), drop)})
	p := pool(t, func(c *Config) { c.Now = now.Now }, "smtp://"+relay.addr)
	for i, c := range []struct {
		rest               time.Duration
		noops, connections int
	}{
		{9 * time.Second, 0, 1},  // fresh enough
		{11 * time.Second, 1, 1}, // asked, and there
		{11 * time.Second, 2, 2}, // asked, and gone
	} {
		lent(t, p).Release()
		now.move(c.rest)
		conn := lent(t, p)
		if deliver(t, conn) != delivery.Accepted || relay.said("NOOP") != c.noops || relay.dialled() != c.connections {
			t.Errorf("rest %d: %d NOOPs, %d connections", i, relay.said("NOOP"), relay.dialled())
		}
		conn.Release()
	}
}

func TestAConnectionIsRenewedWhenItHasCarriedItsShare(t *testing.T) {
	t.Parallel()
	relay := play(t, relayScript{})
	c := lent(t, pool(t, func(c *Config) { c.Messages = 4 }, "smtp://"+relay.addr))
	m := messageTo(t, "mara@example.com")
	for range 5 {
		for _, o := range c.Deliver(t.Context(), []message.Message{m, m}) {
			if o.Verdict != delivery.Accepted {
				t.Errorf("got %v", o)
			}
		}
	}
	if relay.dialled() != 3 || relay.taken() != 10 || relay.said("QUIT") != 2 {
		t.Errorf("%d connections for %d messages", relay.dialled(), relay.taken())
	}
}

func TestARelayThatCannotBeRenewedBreaksTheConnection(t *testing.T) {
	t.Parallel()
	relay := play(t, relayScript{greet: once(say("220 ready"), sayAndDrop("421 4.3.2 no more"))})
	c := lent(t, pool(t, func(c *Config) { c.Messages = 1 }, "smtp://"+relay.addr))
	if first, second := deliver(t, c), deliver(t, c); first != delivery.Accepted || second != delivery.NotTried || !c.Broken() {
		t.Errorf("got %v, %v", first, second)
	}
}

func TestRelaysTakeTurns(t *testing.T) {
	t.Parallel()
	a, b := play(t, relayScript{}), play(t, relayScript{})
	p := pool(t, nil, "smtp://"+a.addr, "smtp://"+b.addr)
	for range 6 {
		c := lent(t, p)
		deliver(t, c)
		c.Release()
	}
	if a.taken() != 3 || b.taken() != 3 {
		t.Errorf("%d and %d", a.taken(), b.taken())
	}
}

func TestCancellingEndsAStalledGreeting(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		scheme string
		script relayScript
	}{
		"no greeting":  {"smtp://", relayScript{greet: stall}},
		"no EHLO":      {"smtp://", relayScript{ehlo: stall}},
		"no handshake": {"smtps://", relayScript{greet: stall}},
		"no STARTTLS":  {"smtp://", relayScript{offers: []string{"STARTTLS"}, startTLS: stall}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			relay := play(t, c.script)
			p := pool(t, func(c *Config) { c.Waits = Waits{Aside: time.Minute} }, c.scheme+relay.addr)
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			start := time.Now()
			if _, err := p.Connect(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > 3*time.Second {
				t.Errorf("after %v: %v", time.Since(start), err)
			}
			if p.relays[0].failures != 0 || p.relays[0].used != 0 {
				t.Error("the relay is blamed for our haste, or its place is lost")
			}
		})
	}
}

func TestAStalledGreetingTimesOut(t *testing.T) {
	t.Parallel()
	relay := play(t, relayScript{greet: stall})
	p := pool(t, func(c *Config) { c.Waits.Connect = 50 * time.Millisecond }, "smtp://"+relay.addr)
	if _, err := p.Connect(t.Context()); !fault.Is(err, fault.Unavailable) {
		t.Errorf("got %v", err)
	}
}

func TestCheckSaysWhetherMailCanLeave(t *testing.T) {
	t.Parallel()
	relay := play(t, relayScript{})
	p := pool(t, func(c *Config) { c.Connections = 1 }, "smtp://"+relay.addr)
	if err := p.Check(t.Context()); err != nil || relay.said("NOOP") != 1 {
		t.Errorf("a relay that answers: %v", err)
	}
	busy := lent(t, p)
	if err := p.Check(t.Context()); err != nil {
		t.Errorf("a relay that is busy with our mail: %v", err)
	}
	busy.Release()
	for name, script := range map[string]relayScript{
		"a greeting of 554":  {greet: sayAndDrop("554 no SMTP here")},
		"EHLO refused":       {ehlo: say("550 go away")},
		"NOOP not answered":  {noop: drop},
		"NOOP answered late": {noop: stall},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := pool(t, func(c *Config) { c.Waits.Connect = 100 * time.Millisecond }, "smtp://"+play(t, script).addr)
			if err := p.Check(t.Context()); !fault.Is(err, fault.Unavailable) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestClosingSaysGoodbyeAndLendsNoMore(t *testing.T) {
	t.Parallel()
	relay := play(t, relayScript{})
	p := pool(t, nil, "smtp://"+relay.addr)
	resting, working := lent(t, p), lent(t, p)
	resting.Release()
	if err := p.Close(); err != nil || relay.said("QUIT") != 1 {
		t.Errorf("%v, said QUIT %d times", err, relay.said("QUIT"))
	}
	if _, err := p.Connect(t.Context()); !fault.Is(err, fault.Unavailable) {
		t.Errorf("connect after close: %v", err)
	}
	if deliver(t, working) != delivery.Accepted {
		t.Error("what was under way is cut")
	}
	working.Release()
	if relay.said("QUIT") != 2 {
		t.Error("the last connection is not closed")
	}
}

func TestAPoolNeedsARelayAndASender(t *testing.T) {
	t.Parallel()
	relay, err := ParseRelay("smtp://127.0.0.1:25")
	if err != nil {
		t.Fatal(err)
	}
	from := Named{"Pulse", mailAddress(t, "weekly@pulse.example")}
	for field, config := range map[string]Config{
		"PULSE_SMTP_URLS": {From: from},
		"PULSE_FROM":      {Relays: []Relay{relay}},
	} {
		_, err := New(config)
		if f, ok := errors.AsType[*fault.Error](err); !ok || f.Kind != fault.Invalid || f.Field != field {
			t.Errorf("want a fault in %s, got %v", field, err)
		}
	}
	if _, err := New(Config{From: from, Relays: []Relay{relay}, Hello: "not a\r\nname"}); !fault.Is(err, fault.Invalid) {
		t.Errorf("EHLO injection: %v", err)
	}
}

func TestARelaysWordsInAFaultNameNobody(t *testing.T) {
	t.Parallel()
	relay := play(t, relayScript{greet: sayAndDrop("554 go away, mara@example.com")})
	_, err := pool(t, nil, "smtp://"+relay.addr).Connect(t.Context())
	if got := fmt.Sprint(err); got != fmt.Sprintf("The mail relay %s takes no mail at the moment.: 554 \"go away, …@…\"", relay.addr) {
		t.Errorf("got %q", got)
	}
}
