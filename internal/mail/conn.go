package mail

import (
	"context"
	"net"
	"slices"
	"sync/atomic"
	"time"

	"github.com/wneessen/go-mail/smtp"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/message"
)

// Conn is one connection to a relay, lent by a Pool. It serves one caller at a
// time and must be released.
type Conn struct {
	pool    *Pool
	relay   *relay
	client  *smtp.Client
	raw     net.Conn
	granted int // messages that Allow took leave for
	carried int // messages handed over since it was opened
	opened  time.Time
	rested  time.Time // since when it is idle
	timer   *time.Timer

	lent    bool
	broken  bool
	severed atomic.Bool // cut by the caller's context, perhaps in the middle of a message
	stopped bool        // broken by the caller's context, not by the relay
	useful  bool        // the relay answered for a message while it was lent

	out   []byte // what goes out in one write
	ahead bool   // the commands of the message whose turn comes next are sent
}

// Deliver hands messages over in order, one recipient per transaction, and says
// what became of each. Once the connection breaks the rest are NotTried. When ctx
// is done the connection is cut at once, whatever the relay is doing, and the
// message under way is judged by how far it had come.
//
// Callers pass at most delivery.Group messages, so that a crash leaves no more
// in doubt.
func (c *Conn) Deliver(ctx context.Context, messages []message.Message) []delivery.Outcome {
	outcomes := make([]delivery.Outcome, len(messages))
	c.renew(ctx, len(messages))
	stop := context.AfterFunc(ctx, c.sever)
	c.hand(ctx, c.pool.letterhead.letters(messages), outcomes)
	if !stop() {
		c.broken, c.stopped = true, true
	}
	if c.useful {
		c.pool.worked(c.relay)
	}
	return outcomes
}

// sever cuts the connection in the middle of whatever it does.
func (c *Conn) sever() {
	c.severed.Store(true)
	c.hangUp()
}

// turn is a message whose turn has come: a letter for the wire, or an outcome
// that needed no relay.
type turn struct {
	letter *letter
	done   delivery.Outcome
}

// hand takes the messages to the relay. Each is readied before the one in front
// of it goes out, so that its commands can follow that one's body.
func (c *Conn) hand(ctx context.Context, letters func(i int) (letter, error), outcomes []delivery.Outcome) {
	var now, next turn
	for i := range outcomes {
		if now, next = next, (turn{}); i == 0 && !c.broken {
			now = c.ready(letters(0))
		}
		if i+1 < len(outcomes) && !c.broken {
			next = c.ready(letters(i + 1))
		}
		outcomes[i] = c.deliver(ctx, now, next.letter)
	}
}

// ready judges what needs no relay.
func (c *Conn) ready(l letter, err error) turn {
	if err != nil {
		return turn{done: delivery.Outcome{Verdict: delivery.RefusedForGood, Enhanced: "5.6.0", Text: err.Error()}}
	}
	if l.utf8 && !c.offers("SMTPUTF8") {
		return turn{done: c.tooNarrow()}
	}
	return turn{letter: &l}
}

func (c *Conn) deliver(ctx context.Context, t turn, next *letter) delivery.Outcome {
	if c.broken {
		return delivery.Outcome{Verdict: delivery.NotTried, Text: "the connection broke before its turn"}
	}
	if t.letter == nil {
		return t.done
	}
	if !c.admitted(ctx) {
		c.broken = true // ctx has cut the connection
		return delivery.Outcome{Verdict: delivery.NotTried, Text: "stopped while it waited for its turn"}
	}
	if c.relay.bucket != nil && c.granted == 0 {
		next = nil // there is no leave yet for its commands to follow
	}
	c.carried++
	o := c.transact(*t.letter, next)
	c.useful = c.useful || o.Verdict == delivery.Accepted || o.Code >= 400 && o.Code != 421
	return o
}

// tooNarrow judges an internationalised address (RFC 6531) that this relay
// cannot take: for good, unless another relay of the pool might.
func (c *Conn) tooNarrow() delivery.Outcome {
	o := delivery.Outcome{Verdict: delivery.RefusedForGood, Enhanced: "5.6.7",
		Text: "the address needs SMTPUTF8, which the relay does not offer"}
	if c.pool.anotherMayTakeUTF8(c.relay) {
		o.Verdict, o.Enhanced = delivery.Deferred, "4.6.7"
	}
	return o
}

func (p *Pool) anotherMayTakeUTF8(narrow *relay) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	narrow.narrow = true
	return slices.ContainsFunc(p.relays, func(r *relay) bool { return !r.narrow })
}

// renew opens a new connection to the same relay when the group would go over
// what one may carry, or it is old: relays that count say 421 otherwise, and one
// whose name has got another address meanwhile is only then found there.
func (c *Conn) renew(ctx context.Context, group int) {
	limits := c.pool.config
	old := limits.Now().Sub(c.opened) > limits.Waits.Life
	if c.broken || c.carried == 0 || c.carried+group <= limits.Messages && !old {
		return
	}
	c.quit()
	if err := c.dial(ctx); err != nil {
		c.broken, c.stopped = true, ctx.Err() != nil
	}
}

// Relay is the name of the relay, as the ledger keeps it.
func (c *Conn) Relay() string { return c.relay.Name }

// Broken reports whether the connection can carry nothing more.
func (c *Conn) Broken() bool { return c.broken }

// lend starts a new loan.
func (c *Conn) lend() {
	c.lent, c.broken, c.stopped, c.useful = true, false, false, false
	c.ahead, c.granted = false, 0
	c.severed.Store(false)
}

// Release ends the loan: a sound connection rests for its next use, a broken
// one is closed. Releasing twice does nothing.
func (c *Conn) Release() {
	if !c.lent {
		return
	}
	c.lent = false
	switch {
	case c.broken:
		c.hangUp()
		c.pool.leave(c.relay, c.fruitless())
	case !c.pool.rest(c):
		c.quit()
	}
}

// fruitless is the fault of a relay that broke the connection before it answered
// for any message; nil when it did answer, or when we hung up.
func (c *Conn) fruitless() error {
	if c.useful || c.stopped {
		return nil
	}
	return away(nil, "The mail relay %s drops our connections.", c.relay.Name)
}
