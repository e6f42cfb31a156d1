package mail

import (
	"context"
	"time"

	"github.com/collabpulse/weekly/internal/delivery"
)

// choose picks the relay for the next loan, nil when none has a place. Among
// relays that have one and leave to send, the weights decide, smoothly: each
// gains its weight, the richest serves and pays what all gained, so that 3 to 1
// is a b a a and never a a a b. One that is full, set aside or out of leave gains
// nothing meanwhile, so it does not come back to a debt that floods it. The
// pool's lock is held.
func (p *Pool) choose() *relay {
	tier := p.tier()
	now := p.config.Now()
	if best := p.richest(tier, func(r *relay) bool { return p.free(r) && wait(r.bucket, now, delivery.Group) == 0 }); best != nil {
		return best
	}
	return p.richest(tier, p.free) // leave comes with time, and who waits for it is told how long
}

// tier is the relays that share the mail now: those with a weight, or the spare
// ones while none of the others works. A relay whose time aside is over is among
// them again, for somebody has to try it.
func (p *Pool) tier() []*relay {
	var main, spare []*relay
	works := false
	for _, r := range p.relays {
		if r.weight == 0 {
			spare = append(spare, r)
			continue
		}
		main = append(main, r)
		works = works || r.failures == 0 || p.free(r)
	}
	if works || len(spare) == 0 {
		return main
	}
	return spare
}

func (p *Pool) richest(among []*relay, ready func(*relay) bool) *relay {
	var best *relay
	total := 0
	for _, r := range among {
		if !ready(r) {
			continue
		}
		share := max(r.weight, 1) // spare relays take turns
		r.credit += share
		total += share
		if best == nil || r.credit > best.credit {
			best = r
		}
	}
	if best != nil {
		best.credit -= total
	}
	return best
}

// Allow takes leave from the relay's rate for up to n messages, at once. It
// returns for how many the next Deliver need not wait, and when that is none, how
// long to wait before asking again; zero then means that another relay of the
// pool could serve sooner, so that the connection is better given back.
//
// Callers who hold rows of the ledger ask before they declare an intent: Deliver
// alone keeps to the rate too, and lets the group in hand wait.
func (c *Conn) Allow(n int) (given int, after time.Duration) {
	now := c.pool.config.Now()
	if c.granted < n {
		c.granted += take(c.relay.bucket, now, n-c.granted)
	}
	if c.granted > 0 {
		return min(n, c.granted), 0
	}
	return 0, c.pool.soonest(c.relay, now, n)
}

// soonest is how long until this relay, or another one that has a place, has leave.
func (p *Pool) soonest(r *relay, now time.Time, n int) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	after := max(wait(r.bucket, now, n), time.Millisecond)
	for _, other := range p.tier() {
		if other != r && p.free(other) {
			after = min(after, wait(other.bucket, now, delivery.Group))
		}
	}
	return after
}

// admitted waits for leave to hand one message over, and reports whether it came
// before ctx ended.
func (c *Conn) admitted(ctx context.Context) bool {
	for {
		if c.granted > 0 {
			c.granted--
			return true
		}
		now := c.pool.config.Now()
		if take(c.relay.bucket, now, 1) == 1 {
			return true
		}
		timer := time.NewTimer(max(wait(c.relay.bucket, now, 1), time.Millisecond))
		select {
		case <-ctx.Done():
			timer.Stop()
			return false
		case <-timer.C:
		}
	}
}
