package send

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/collabpulse/weekly/internal/delivery"
)

// lane is one run of the loop: one connection, at most one batch of claimed rows.
type lane struct {
	*Sender
	scope delivery.Scope
	place *term
	conn  Conn                      // nil until the first rows are claimed, and after it broke
	batch int                       // how many rows it claims next
	news  []delivery.Result         // what became of the last group, not yet recorded
	noted map[delivery.Outcome]bool // the kinds of answer that were logged

	stop context.Context // done: wind down; we were told to, or the term is over
	cut  context.Context // done: drop the connection; the term is cut, or Grace has passed since stop
	last context.Context // done: offer the ledger nothing more; Grace and half of Closing have passed since we were told
	end  func()          // frees all three
}

func (s *Sender) lane(ctx context.Context, scope delivery.Scope, place *term) *lane {
	stop, halt := context.WithCancel(ctx)
	cut, drop := context.WithCancel(place.cut)
	last, give := context.WithCancel(context.WithoutCancel(ctx))
	wind := context.AfterFunc(place.over, halt)
	grace := context.AfterFunc(stop, func() { time.AfterFunc(s.Grace, drop) })
	parting := context.AfterFunc(ctx, func() { time.AfterFunc(s.Grace+Closing/2, give) })
	end := func() {
		wind()
		grace()
		parting()
		give()
		drop()
		halt()
	}
	return &lane{Sender: s, scope: scope, place: place, stop: stop, cut: lent{cut, ctx}, last: last, end: end, batch: firstBatch, noted: make(map[delivery.Outcome]bool)}
}

// lent is a context that ends as one does and carries the values of another,
// such as the task's id for the log.
type lent struct {
	context.Context
	values context.Context
}

// Value asks the one whose values it carries.
func (c lent) Value(key any) any { return c.values.Value(key) }

func (l *lane) close() {
	l.brakes.leave(l)
	l.release()
	l.end()
}

// stopped is why the lane must wind down, nil while it need not.
func (l *lane) stopped() error {
	if l.place.over.Err() != nil {
		return ErrLost
	}
	return l.stop.Err()
}

// The pauses of a claim that came back empty although rows are due: other
// claimers have them locked for the moment.
const (
	firstPause = 20 * time.Millisecond
	lastPause  = 320 * time.Millisecond
)

// firstBatch is how many rows a lane claims first. It takes twice as many each time,
// up to delivery.Batch: so lanes share a small digest evenly, and one that is killed
// early holds up few of its readers.
const firstBatch = 2 * delivery.Group

// claim takes a batch; none when nothing is due. A claim that fails may have
// been committed all the same, and then nobody knows which rows it took: the
// worker's term ends, so that whatever it still holds is taken back with it.
func (l *lane) claim() ([]delivery.Claim, error) {
	for pause := firstPause; ; pause *= 2 {
		if err := l.stopped(); err != nil {
			return nil, err
		}
		claims, err := l.ledger.Claim(l.cut, l.scope, l.place.id, l.batch)
		if err != nil {
			return nil, l.place.doubt(err)
		}
		if len(claims) > 0 {
			l.batch = min(2*l.batch, delivery.Batch)
			return claims, nil
		}
		due, next, err := l.backlog.Waiting(l.cut, l.scope)
		switch {
		case err != nil || due > 0 && pause > lastPause:
			return nil, err
		case due > 0:
			sleep(l.stop, pause)
		case l.await(next):
			pause = firstPause / 2 // what comes next is a first look
		default:
			return nil, nil
		}
	}
}

// work takes a batch to the relay group by group, and hands back what it does
// not get to. Rows are claimed before a connection is made, so that a wake with
// nothing to do costs two queries; while the relay is away none are held.
//
// What became of a group is recorded with the intent of the next one, and before
// anything that may take time: news waits for a transaction, never for a relay.
func (l *lane) work(claims []delivery.Claim) (err error) {
	defer func() { err = errors.Join(err, l.record()) }()
	for len(claims) > 0 {
		if err := l.stopped(); err != nil {
			return errors.Join(err, l.record(), l.handBack(items(claims)))
		}
		if claims, err = l.yield(claims); err != nil || len(claims) == 0 {
			return errors.Join(err, l.handBack(items(claims)))
		}
		if !l.connected() {
			if err := l.record(); err != nil {
				return errors.Join(err, l.handBack(items(claims)))
			}
		}
		if !l.connect() {
			return l.retreat(claims)
		}
		n, after := l.allowed(min(len(claims), delivery.Group))
		if n == 0 {
			if err := l.record(); err != nil {
				return errors.Join(err, l.handBack(items(claims)))
			}
			if after > patience {
				return l.standBack(claims, after)
			}
			l.release() // the next connection may be to a relay that has leave
			sleep(l.stop, after)
			continue
		}
		if n, err = l.allot(n); err != nil {
			return errors.Join(err, l.record(), l.handBack(items(claims)))
		}
		if n == 0 {
			return errors.Join(l.record(), l.untilTomorrow(claims))
		}
		group := claims[:n]
		claims = claims[len(group):]
		switch err := l.group(group); {
		case err == errStalled:
			return l.retreat(claims)
		case err != nil:
			return errors.Join(err, l.handBack(items(claims)))
		}
	}
	l.release() // so that each batch goes by the relay whose turn it is
	return nil
}

// retreat lets go of every row and waits until a relay takes mail again.
func (l *lane) retreat(claims []delivery.Claim) error {
	if err := errors.Join(l.record(), l.handBack(items(claims))); err != nil {
		return err
	}
	return l.awaitRelay()
}

// The waits for a relay, doubled from the first to the last.
const (
	firstWait = time.Second
	lastWait  = 30 * time.Second
)

// awaitRelay returns once there is a connection, or nothing left to send over
// one, because the digest was paused or another worker has a way out.
func (l *lane) awaitRelay() error {
	for wait := firstWait; ; wait = min(2*wait, lastWait) {
		sleep(l.stop, around(wait))
		if err := l.stopped(); err != nil {
			return err
		}
		if due, _, err := l.backlog.Waiting(l.cut, l.scope); err != nil || due == 0 {
			return err
		}
		if l.connect() {
			return nil
		}
	}
}

// connectFor is how long a lane waits for a connection, or for one to be free,
// while it may hold rows that others could send.
const connectFor = time.Minute

// connect makes sure of a connection, and reports whether there is one.
func (l *lane) connect() bool {
	if l.connected() {
		return true
	}
	l.release()
	ctx, cancel := context.WithTimeout(l.stop, connectFor)
	defer cancel()
	conn, err := l.relays.Connect(ctx)
	if err == nil {
		l.conn = conn
	} else if l.stopped() == nil {
		l.Log.WarnContext(l.stop, "no relay takes mail", "digest", l.scope.Digest, "error", err.Error())
	}
	return err == nil
}

func (l *lane) connected() bool { return l.conn != nil && !l.conn.Broken() }

func (l *lane) release() {
	if l.conn != nil {
		l.conn.Release()
		l.conn = nil
	}
}

// sleep waits, or returns early when the context ends.
func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// around is d give or take a fifth, so that lanes do not knock all at once.
func around(d time.Duration) time.Duration {
	return d*4/5 + rand.N(d*2/5)
}
