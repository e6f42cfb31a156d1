package mail

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/collabpulse/weekly/internal/fault"
)

// Pool keeps connections to the relays and lends them out. It is safe for
// concurrent use.
//
// Relays share the loans by their weights (choose.go). One that fails to connect,
// or drops a connection before it has answered for a single message, is left
// aside for a second, then two, up to a minute, while the others serve; what is
// still open to it goes on being used. After its time aside it is tried with one
// connection before it gets more.
type Pool struct {
	config     Config
	letterhead letterhead

	mu      sync.Mutex
	relays  []*relay
	changed chan struct{} // closed and replaced whenever somebody who waits should look again
	closed  bool
}

// relay is one relay as the pool sees it, guarded by the pool's lock.
type relay struct {
	Relay
	bucket   *rate.Limiter // leave to send, by its rate; nil without one
	credit   int           // what it has gained by its weight and not yet paid in loans
	idle     []*Conn       // the most recently used last
	used     int           // places taken: lent out, or being opened
	failures int           // in a row
	until    time.Time
	reason   error // the last failure
	narrow   bool  // found without SMTPUTF8

	careful atomic.Int64 // see Conn.pipelines; a Unix time in milliseconds
}

// New makes a pool. Nothing is connected until the first use. The error is a
// fault.Invalid that names the setting at fault.
func New(config Config) (*Pool, error) {
	config, err := config.settled()
	if err != nil {
		return nil, err
	}
	p := &Pool{config: config, letterhead: newLetterhead(config), changed: make(chan struct{})}
	for _, r := range config.Relays {
		p.relays = append(p.relays, &relay{Relay: r, bucket: r.bucket()})
	}
	return p, nil
}

// Connect lends a connection that is ready for a message; Release gives it
// back. It waits while every connection is lent out, until ctx is done. When no
// relay can be reached it returns a fault.Unavailable without waiting.
func (p *Pool) Connect(ctx context.Context) (*Conn, error) {
	for {
		place, err := p.reserve()
		if err != nil {
			return nil, err
		}
		if place.relay == nil {
			select {
			case <-ctx.Done():
				return nil, ctx.Err()
			case <-place.changed:
				continue
			}
		}
		if conn, err := p.open(ctx, place); err == nil {
			return conn, nil
		} else if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
}

// place is the right to one connection, or the sign to wait for.
type place struct {
	relay   *relay
	idle    *Conn // an open connection to begin with, if there is one
	changed <-chan struct{}
}

// reserve takes the next free place. With none free the place only says what to
// wait for; with no relay alive the error says why.
func (p *Pool) reserve() (place, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return place{}, fault.New(fault.Unavailable, "Mail is no longer being sent: the service is stopping.")
	}
	if r := p.choose(); r != nil {
		r.used++
		return place{relay: r, idle: r.takeIdle()}, nil
	}
	reason := error(nil)
	for _, r := range p.relays {
		if r.used > 0 {
			return place{changed: p.changed}, nil
		}
		reason = cmp.Or(r.reason, reason)
	}
	return place{}, reason
}

// free reports whether the relay has a place: an idle connection, or room for a
// new one, of which a relay that failed last time gets one to prove itself.
func (p *Pool) free(r *relay) bool {
	if len(r.idle) > 0 {
		return true
	}
	if r.failures == 0 {
		return r.used < cmp.Or(r.connections, p.config.Connections)
	}
	return r.used == 0 && !p.config.Now().Before(r.until)
}

func (r *relay) takeIdle() *Conn {
	if len(r.idle) == 0 {
		return nil
	}
	c := r.idle[len(r.idle)-1]
	r.idle = r.idle[:len(r.idle)-1]
	c.timer.Stop()
	return c
}

// open makes a place into a connection: the idle one if it still answers, or a
// new one. When it cannot, the place is free again.
func (p *Pool) open(ctx context.Context, at place) (*Conn, error) {
	if c := at.idle; c != nil {
		if p.config.Now().Sub(c.rested) <= p.config.Waits.Stale || c.noop(ctx) == nil {
			c.lend()
			return c, nil
		}
		c.hangUp()
	}
	c := &Conn{pool: p, relay: at.relay}
	if err := c.dial(ctx); err != nil {
		p.leave(at.relay, blame(ctx, err))
		return nil, err
	}
	c.lend()
	return c, nil
}

// blame is the relay's failure, or nil when the caller's context caused it.
func blame(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// leave frees a place. A failure sets the relay aside; several connections that
// fail together count once.
func (p *Pool) leave(r *relay, failure error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r.used--
	if now := p.config.Now(); failure != nil && !now.Before(r.until) {
		r.failures++
		r.until = now.Add(min(p.config.Waits.Aside<<min(r.failures-1, 10), time.Minute))
		r.reason = failure
	}
	p.wake()
}

// rest keeps a connection for its next use, unless the pool is closed. It
// reports whether it was kept.
func (p *Pool) rest(c *Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	c.relay.used--
	p.wake()
	if p.closed {
		return false
	}
	c.rested = p.config.Now()
	c.timer = time.AfterFunc(p.config.Waits.Idle, func() { p.retire(c) })
	c.relay.idle = append(c.relay.idle, c)
	return true
}

// retire closes a connection that has rested long enough.
func (p *Pool) retire(c *Conn) {
	p.mu.Lock()
	i := slices.Index(c.relay.idle, c)
	if i >= 0 {
		c.relay.idle = slices.Delete(c.relay.idle, i, i+1)
	}
	p.mu.Unlock()
	if i >= 0 {
		c.quit()
	}
}

// worked notes that a relay answered for a message.
func (p *Pool) worked(r *relay) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.failures > 0 {
		r.failures, r.reason, r.until = 0, nil, time.Time{}
		p.wake()
	}
}

func (p *Pool) wake() {
	close(p.changed)
	p.changed = make(chan struct{})
}

// Check reports whether mail can leave: nil when a relay answers to EHLO and
// NOOP, or is busy with our messages; a fault.Unavailable otherwise.
func (p *Pool) Check(ctx context.Context) error {
	at, err := p.reserve()
	if err != nil || at.relay == nil {
		return err
	}
	c, err := p.open(ctx, at)
	if err != nil {
		return err
	}
	defer c.Release()
	if err = c.noop(ctx); err != nil {
		c.broken, c.stopped = true, ctx.Err() != nil
	}
	return err
}

// Close ends every resting connection with QUIT. Lent ones end when they are released.
func (p *Pool) Close() error {
	p.mu.Lock()
	p.closed = true
	var resting []*Conn
	for _, r := range p.relays {
		resting, r.idle = append(resting, r.idle...), nil
	}
	p.wake()
	p.mu.Unlock()
	var quits sync.WaitGroup
	for _, c := range resting {
		c.timer.Stop()
		quits.Go(c.quit)
	}
	quits.Wait()
	return nil
}
