package mail

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/message"
)

// sendOver lends so many connections one after another, a message over each, and
// says the relays' names in order, by the letters given to them.
func sendOver(t *testing.T, p *Pool, n int, names map[string]string) string {
	t.Helper()
	var order strings.Builder
	for range n {
		c := lent(t, p)
		if deliver(t, c) != delivery.Accepted {
			t.Fatal("not accepted")
		}
		order.WriteString(names[c.Relay()])
		c.Release()
	}
	return order.String()
}

func TestSharesFollowTheWeights(t *testing.T) {
	t.Parallel()
	a, b, c := play(t, relayScript{}), play(t, relayScript{}), play(t, relayScript{})
	p := pool(t, nil, "smtp://"+a.addr+"?weight=5", "smtp://"+b.addr+"?weight=3", "smtp://"+c.addr)
	order := sendOver(t, p, 90, map[string]string{a.addr: "a", b.addr: "b", c.addr: "c"})
	if a.taken() != 50 || b.taken() != 30 || c.taken() != 10 {
		t.Errorf("%d, %d and %d", a.taken(), b.taken(), c.taken())
	}
	if strings.Contains(order, "aaa") || strings.Contains(order, "bb") {
		t.Errorf("a relay is flooded: %s", order)
	}
}

func TestSharesFollowTheWeightsWithManySenders(t *testing.T) {
	t.Parallel()
	a, b := play(t, relayScript{}), play(t, relayScript{})
	p := pool(t, func(c *Config) { c.Connections = 8 }, "smtp://"+a.addr+"?weight=3", "smtp://"+b.addr)
	var senders sync.WaitGroup
	for range 8 {
		senders.Go(func() {
			for range 50 {
				c, err := p.Connect(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				deliver(t, c)
				c.Release()
			}
		})
	}
	senders.Wait()
	if share := a.taken(); share < 280 || share > 320 || share+b.taken() != 400 {
		t.Errorf("%d and %d of 400, want about 300 and 100", a.taken(), b.taken())
	}
}

func TestARelayGetsNoMoreConnectionsThanItsURLAllows(t *testing.T) {
	t.Parallel()
	small, large := play(t, relayScript{}), play(t, relayScript{})
	p := pool(t, nil, "smtp://"+small.addr+"?connections=1&weight=100", "smtp://"+large.addr)
	for range 4 {
		lent(t, p)
	}
	if _, most := small.connections(); most != 1 || large.dialled() != 3 {
		t.Errorf("%d and %d connections", most, large.dialled())
	}
}

func TestASpareRelayServesOnlyWhileNoOtherWorks(t *testing.T) {
	t.Parallel()
	up := atomic.Bool{}
	up.Store(true)
	main, spare := play(t, relayScript{greet: func(k *talk) bool {
		if up.Load() {
			return say("220 ready")(k)
		}
		return sayAndDrop("421 4.3.2 not now")(k)
	}, mail: func(k *talk) bool { return up.Load() && say("250 ok")(k) }}), play(t, relayScript{})
	now := newClock()
	p := pool(t, func(c *Config) { c.Now, c.Waits.Aside = now.Now, time.Second }, "smtp://"+main.addr, "smtp://"+spare.addr+"?weight=0")
	names := map[string]string{main.addr: "m", spare.addr: "s"}
	if got := sendOver(t, p, 3, names); got != "mmm" {
		t.Errorf("while the other works: %s", got)
	}
	up.Store(false)
	if c := lent(t, p); deliver(t, c) != delivery.NotTried {
		t.Error("a dead relay took a message")
	} else {
		c.Release()
	}
	if got := sendOver(t, p, 3, names); got != "sss" {
		t.Errorf("while the other is away: %s", got)
	}
	up.Store(true)
	now.move(time.Minute)
	if got := sendOver(t, p, 3, names); got != "mmm" {
		t.Errorf("after it came back: %s", got)
	}
}

func TestAFullRelayIsNotADeadOne(t *testing.T) {
	t.Parallel()
	main, spare := play(t, relayScript{}), play(t, relayScript{})
	p := pool(t, nil, "smtp://"+main.addr+"?connections=1", "smtp://"+spare.addr+"?weight=0")
	lent(t, p)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := p.Connect(ctx); err != context.DeadlineExceeded || spare.dialled() != 0 {
		t.Errorf("the spare serves: %v", err)
	}
}

// TestARelayThatDiesInTheMiddleAndComesBack walks a pool of three relays through
// the death of the one that carries the most.
func TestARelayThatDiesInTheMiddleAndComesBack(t *testing.T) {
	t.Parallel()
	var dead atomic.Bool
	alive := func(then step) step {
		return func(k *talk) bool {
			if dead.Load() {
				return drop(k)
			}
			return then(k)
		}
	}
	a := play(t, relayScript{greet: alive(say("220 ready")), mail: alive(say("250 ok"))})
	b, c := play(t, relayScript{}), play(t, relayScript{})
	now := newClock()
	p := pool(t, func(c *Config) { c.Now, c.Waits.Aside = now.Now, time.Second },
		"smtp://"+a.addr+"?weight=2", "smtp://"+b.addr, "smtp://"+c.addr)
	names := map[string]string{a.addr: "a", b.addr: "b", c.addr: "c"}
	sendOver(t, p, 40, names)
	if a.taken() != 20 || b.taken() != 10 || c.taken() != 10 {
		t.Errorf("while all live: %d, %d, %d", a.taken(), b.taken(), c.taken())
	}
	dead.Store(true)
	lost := 0
	for range 41 {
		c := lent(t, p)
		if deliver(t, c) == delivery.NotTried {
			lost++
		}
		c.Release()
	}
	if lost != 1 || a.taken() != 20 || b.taken() != 30 || c.taken() != 30 {
		t.Errorf("without the first: %d, %d, %d, and %d found it dead", a.taken(), b.taken(), c.taken(), lost)
	}
	dead.Store(false)
	now.move(2 * time.Second)
	sendOver(t, p, 40, names)
	if back := a.taken() - 20; back < 19 || back > 21 {
		t.Errorf("back, it got %d of 40", back)
	}
}

func TestAMessageWaitsForLeave(t *testing.T) {
	t.Parallel()
	relay := play(t, relayScript{})
	c := lent(t, pool(t, nil, "smtp://"+relay.addr+"?rate=50"))
	m := messageTo(t, "mara@example.com")
	start := time.Now()
	for range 2 {
		for _, o := range c.Deliver(t.Context(), []message.Message{m, m, m, m, m, m, m, m, m, m, m}) {
			if o.Verdict != delivery.Accepted {
				t.Errorf("got %v", o)
			}
		}
	}
	// A quarter of a second's worth, twelve, goes at once; the other ten take 20 ms each.
	if took := time.Since(start); took < 190*time.Millisecond {
		t.Errorf("22 messages at 50 a second took %v", took)
	}
}

func TestWaitingForLeaveEndsWithTheContext(t *testing.T) {
	t.Parallel()
	relay := play(t, relayScript{})
	p := pool(t, func(c *Config) { c.Waits.Aside = time.Minute }, "smtp://"+relay.addr+"?rate=1/h")
	c := lent(t, p)
	m := messageTo(t, "mara@example.com")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	got := c.Deliver(ctx, []message.Message{m, m, m})
	if got[0].Verdict != delivery.Accepted || got[1].Verdict != delivery.NotTried || got[2].Verdict != delivery.NotTried {
		t.Errorf("got %v", got)
	}
	if c.Release(); p.relays[0].failures != 0 || relay.said("MAIL") != 1 {
		t.Error("the relay is blamed for our wait, or got what it was not to get yet")
	}
}

func TestLeaveIsTakenInGroupsAndTellsHowLongToWait(t *testing.T) {
	t.Parallel()
	relay := play(t, relayScript{})
	now := newClock()
	c := lent(t, pool(t, func(c *Config) { c.Now = now.Now }, "smtp://"+relay.addr+"?rate=20"))
	if n, _ := c.Allow(16); n != 5 {
		t.Errorf("at first there is leave for %d, want a quarter of a second's worth", n)
	}
	c.granted = 0 // spent
	if n, after := c.Allow(16); n != 0 || after != 250*time.Millisecond {
		t.Errorf("then %d, after %v", n, after)
	}
	if n, after := c.Allow(1); n != 0 || after != 50*time.Millisecond {
		t.Errorf("for a single message %d, after %v", n, after)
	}
	now.move(250 * time.Millisecond)
	if n, _ := c.Allow(16); n != 5 {
		t.Errorf("after the wait %d", n)
	}
	if n, _ := c.Allow(3); n != 3 || c.granted != 5 {
		t.Error("leave that was not used is lost")
	}
	unlimited := lent(t, pool(t, nil, "smtp://"+relay.addr))
	if n, _ := unlimited.Allow(16); n != 16 {
		t.Errorf("without a rate there is leave for %d", n)
	}
}

func TestARateIsSharedAmongTheWorkers(t *testing.T) {
	t.Parallel()
	relay := play(t, relayScript{})
	now := newClock()
	p := pool(t, func(c *Config) { c.Now = now.Now }, "smtp://"+relay.addr+"?rate=80", "smtp://127.0.0.1:1?weight=0")
	c := lent(t, p)
	for _, step := range []struct{ workers, allowed int }{{1, 16}, {4, 5}, {2, 10}, {0, 16}, {1000, 1}} {
		p.ShareAmong(step.workers)
		now.move(time.Second)
		n, _ := c.Allow(16)
		if n != step.allowed {
			t.Errorf("one of %d workers has leave for %d, want %d", step.workers, n, step.allowed)
		}
		c.granted = 0 // spent
	}
}

func TestARelayOutOfLeaveLetsAnotherServe(t *testing.T) {
	t.Parallel()
	paced, free := play(t, relayScript{}), play(t, relayScript{})
	now := newClock()
	p := pool(t, func(c *Config) { c.Now = now.Now }, "smtp://"+paced.addr+"?rate=4&weight=9", "smtp://"+free.addr)
	c := lent(t, p)
	if n, _ := c.Allow(16); n != 1 || c.Relay() != paced.addr {
		t.Fatalf("%d over %s", n, c.Relay())
	}
	deliver(t, c)
	if n, after := c.Allow(16); n != 0 || after != 0 {
		t.Errorf("leave for %d, else after %v, though another could serve at once", n, after)
	}
	c.Release()
	if got := sendOver(t, p, 3, map[string]string{paced.addr: "p", free.addr: "f"}); got != "fff" {
		t.Errorf("got %s", got)
	}
	now.move(250 * time.Millisecond)
	if c := lent(t, p); c.Relay() != paced.addr {
		t.Error("it has leave again and is left out")
	}
}

func ExampleParseRelay_options() {
	r, err := ParseRelay("smtps://user:secret@mail.example.com?weight=3&connections=2&rate=600/m")
	fmt.Println(r, err)
	// Output: smtps://…@mail.example.com:465 <nil>
}
