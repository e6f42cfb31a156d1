package send_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/message"
	"github.com/collabpulse/weekly/internal/send"
)

// pacedRelay gives leave for so many messages every span, like a relay with a rate.
type pacedRelay struct {
	*relay
	each  int
	every time.Duration

	mu      sync.Mutex
	next    time.Time
	largest int // group ever handed over
}

func (r *pacedRelay) Connect(ctx context.Context) (send.Conn, error) {
	c, err := r.relay.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &pacedConn{conn: c.(*conn), pace: r}, nil
}

type pacedConn struct {
	*conn
	pace *pacedRelay
}

func (c *pacedConn) Allow(n int) (int, time.Duration) {
	c.pace.mu.Lock()
	defer c.pace.mu.Unlock()
	if after := time.Until(c.pace.next); after > 0 {
		return 0, after
	}
	c.pace.next = time.Now().Add(c.pace.every)
	return min(n, c.pace.each), 0
}

func (c *pacedConn) Deliver(ctx context.Context, messages []message.Message) []delivery.Outcome {
	c.pace.mu.Lock()
	c.pace.largest = max(c.pace.largest, len(messages))
	c.pace.mu.Unlock()
	return c.conn.Deliver(ctx, messages)
}

// paced lets the desk's lanes send through a relay that gives such leave.
func (d *desk) paced(each int, every time.Duration) *pacedRelay {
	r := &pacedRelay{relay: d.relay, each: each, every: every}
	d.sender = send.New(d.book, d.book, r, d.composer, d.worker, send.Options{Log: quiet})
	return r
}

// states counts the rows by state.
func (d *desk) states() map[delivery.State]int {
	found := map[delivery.State]int{}
	d.with(func() {
		for _, r := range d.rows {
			found[r.state]++
		}
	})
	return found
}

func TestARelayWithARateIsGivenNoMoreThanItAllows(t *testing.T) {
	inBubble(t, 30, func(t *testing.T, d *desk) {
		r := d.paced(5, 500*time.Millisecond)
		start := time.Now()
		d.drain(t)
		if took := time.Since(start); took != 2500*time.Millisecond || r.largest != 5 {
			t.Errorf("30 mails took %v in groups of up to %d", took, r.largest)
		}
		d.wantOnce(t, 30)
	})
}

func TestWhileALaneWaitsLongForLeaveItHoldsNothing(t *testing.T) {
	inBubble(t, 3, func(t *testing.T, d *desk) {
		d.paced(1, time.Minute)
		stop, ended := d.start(t)
		time.Sleep(30 * time.Second)
		if got := d.states(); got[delivery.Sent] != 1 || got[delivery.Queued] != 2 {
			t.Errorf("half a minute into the wait: %v", got)
		}
		d.relay.set(func() {
			if d.open != 0 {
				t.Error("a connection is kept from others")
			}
		})
		start := time.Now()
		stop()
		if err := ended(); err != context.Canceled || time.Since(start) > time.Second {
			t.Errorf("told to stop: %v after %v", err, time.Since(start))
		}
	})
}

func TestNoRowStandsInHandingWhileALaneWaitsForLeave(t *testing.T) {
	inBubble(t, 3, func(t *testing.T, d *desk) {
		d.paced(1, 900*time.Millisecond)
		stop, ended := d.start(t)
		time.Sleep(450 * time.Millisecond)
		if got := d.states(); got[delivery.Sent] != 1 || got[delivery.Handing] != 0 {
			t.Errorf("in the middle of a short wait: %v", got)
		}
		stop()
		_ = ended()
		if got := d.states(); got[delivery.Queued] != 2 {
			t.Errorf("after it was told to stop: %v", got)
		}
	})
}
