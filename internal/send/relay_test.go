package send_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/message"
	"github.com/collabpulse/weekly/internal/send"
)

// relay is a mail server in memory.
type relay struct {
	mu       sync.Mutex
	down     bool
	slow     time.Duration // how long it takes over each message
	breakAt  int           // drops the connection before the message of this number, counted over all; 0 for never
	answer   func(message.Message) delivery.Outcome
	received map[string]int // how often each address got mail
	connects int
	open     int
	total    int
}

func newRelay() *relay { return &relay{received: map[string]int{}} }

func (r *relay) set(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f()
}

func (r *relay) Connect(context.Context) (send.Conn, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.connects++
	if r.down {
		return nil, errors.New("connection refused")
	}
	r.open++
	return &conn{relay: r}, nil
}

// conn is one connection to it.
type conn struct {
	relay    *relay
	broken   bool
	released bool
}

func (c *conn) Relay() string { return "test" }
func (c *conn) Broken() bool  { return c.broken }

func (c *conn) Release() {
	c.relay.set(func() { c.relay.open-- })
	if c.released {
		panic("released twice")
	}
	c.released = true
}

func (c *conn) Deliver(ctx context.Context, messages []message.Message) []delivery.Outcome {
	outcomes := make([]delivery.Outcome, len(messages))
	for i, m := range messages {
		if outcomes[i] = (delivery.Outcome{Verdict: delivery.NotTried}); !c.broken {
			outcomes[i] = c.take(ctx, m)
		}
	}
	return outcomes
}

// take is one transaction. Mail that a cut connection leaves in the middle of
// has arrived: that is the worst a doubt can be.
func (c *conn) take(ctx context.Context, m message.Message) delivery.Outcome {
	r := c.relay
	r.mu.Lock()
	r.total++
	down, answer := r.down || r.total == r.breakAt, r.answer
	r.mu.Unlock()
	if down {
		c.broken = true
		return delivery.Outcome{Verdict: delivery.NotTried, Text: "connection reset"}
	}
	if answer != nil {
		if o := answer(m); o.Verdict != delivery.Accepted {
			return o
		}
	}
	r.set(func() { r.received[m.To.String()]++ })
	select {
	case <-ctx.Done():
		c.broken = true
		return delivery.Outcome{Verdict: delivery.InDoubt, Text: "hung up"}
	case <-time.After(r.slow):
	}
	return delivery.Outcome{Verdict: delivery.Accepted, Code: 250}
}

// wantOnce fails the test unless each of the first so many readers got one mail.
func (r *relay) wantOnce(t *testing.T, readers int) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	for id := int64(1); id <= int64(readers); id++ {
		if n := r.received[addressOf(id).String()]; n != 1 {
			t.Errorf("reader %d got %d mails, want 1", id, n)
		}
	}
	if r.open != 0 {
		t.Errorf("%d connections were never released", r.open)
	}
}

// composer makes plain mail, or fails for the rows it was told to.
type composer struct{ fail map[int64]error }

func (c composer) Compose(_ context.Context, _ delivery.Scope, claim delivery.Claim, to delivery.Recipient) (message.Message, error) {
	if claim.Item != to.Item {
		return message.Message{}, errors.New("the claim is not the recipient's")
	}
	return message.Message{To: to.Address, Subject: "Hello", Text: "Hello"}, c.fail[to.ID]
}
