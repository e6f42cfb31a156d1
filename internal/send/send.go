// Package send is the loop that puts mail into inboxes: claim, intend, compose,
// hand over, record.
//
//	          ┌───────────────── a batch ─────────────────┐
//	claim ──▶ │ intend ─▶ compose ─▶ hand over ─▶ record  │ ──▶ claim again, until
//	          └── one group at a time, at most 16 rows ───┘     nothing is left
//
// The record of one group and the intent of the next are one transaction, a turn.
// A lane is one run of that loop over one connection to a relay; a digest is
// sent by a few lanes side by side, and letters by the same code. The package
// keeps no list of what is left to do: the ledger does, and a lane that is killed
// leaves rows behind that say how far it came. So the loop may be started twice,
// on two machines, or again after a crash; what is at stake each time is at most
// one group per connection, whose fate then is a counted doubt.
//
// What can go wrong has a place each. The relay is away: the lane holds no rows
// and waits, from a second to half a minute, until it is back. The database is
// away: results that are already known are kept and offered again for as long as
// this process may believe its claim on the rows, because a lost result makes a
// doubt. The process must stop: the group on the wire is finished and recorded,
// the other rows go back. Our own beats no longer reach the ledger: the
// connection is dropped at once, since another worker may own the rows by now
// (see Worker). One mail cannot be made: its row is settled as broken. A whole
// edition cannot be made: that is our fault and no reader's, so the digest pauses.
// A domain group says that we send too much, or is given a rate: its rows wait, and the
// others go on. Relays refuse us, and not single readers: a jury hears every answer,
// and when it finds the fault with us the digest pauses and nobody is given up for it.
//
// The package imports the domain only. What it needs of the database, the relay
// and the renderer it names in small interfaces beside their use.
package send

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/message"
)

// Ledger is the part of the ledger that a lane writes. Every call is one
// transaction, and every change is guarded by the attempt in the item, so a call
// repeated after an unclear error does no harm.
type Ledger interface {
	// Claim takes up to limit rows that are due. None does not mean none are left.
	Claim(ctx context.Context, scope delivery.Scope, worker int64, limit int) ([]delivery.Claim, error)
	// Turn writes what became of rows that were handed over, and declares that the
	// next rows may be on the wire from now on; either may be none. NotTried puts a
	// row back without holding anything against it. After an error neither is sure.
	Turn(ctx context.Context, scope delivery.Scope, worker int64, results []delivery.Result, next []delivery.Item) (delivery.Intent, error)
	// HandBack returns rows that never reached the wire.
	HandBack(ctx context.Context, scope delivery.Scope, worker int64, back ...delivery.Return) error
}

// Backlog is what else a lane asks of the ledger.
type Backlog interface {
	// Waiting counts the rows that are due, and says when the next one becomes due.
	Waiting(ctx context.Context, scope delivery.Scope) (due int, next time.Time, err error)
	// PauseDigest stops a digest for an editor to look at, and says why.
	PauseDigest(ctx context.Context, id int64, reason string) error
	// SuspendDigest pauses a digest for an answer of the relays that is our own
	// fault, and undoes what that answer did to readers since the time given. It is
	// false when an editor tolerates the answer, or the digest is over.
	SuspendDigest(ctx context.Context, id int64, charge, reason string, since time.Time) (suspended bool, err error)
	// Allot takes up to n mails out of a day's allowance, which all processes share,
	// and says how many there were left.
	Allot(ctx context.Context, a delivery.Allowance, n int) (int, error)
}

// Wire connects to a relay.
type Wire interface {
	// Connect gives a connection for one lane; an error means that no relay takes mail now.
	Connect(ctx context.Context) (Conn, error)
}

// Conn is a connection that one lane holds.
type Conn interface {
	// Deliver hands over up to delivery.Group messages and answers for each, in order.
	Deliver(ctx context.Context, messages []message.Message) []delivery.Outcome
	// Relay is the relay's name, as the ledger keeps it.
	Relay() string
	// Broken reports whether the connection is of no further use.
	Broken() bool
	// Release gives the connection back.
	Release()
}

// Options are what a Sender can be told; the zero value is ready for use.
type Options struct {
	// Now is the clock by which rows are put off; time.Now when nil.
	Now func() time.Time
	// Grace is how long the group on the wire may take to finish once the lane is
	// told to stop; 20 s when zero. Stopping takes at most Grace and Closing.
	Grace time.Duration
	// Rest is how long a domain group that throttles us is left alone; 10 min when zero.
	Rest time.Duration
	// Log gets ids only, never an address; slog.Default when nil.
	Log *slog.Logger
	// Rates are how many mails a second domain groups may have from all processes
	// together (see Sender.ShareAmong); a group without one has what there is.
	Rates map[string]delivery.Rate
	// WarmUp limits how many mails of digests go out on a day; none when zero.
	WarmUp delivery.WarmUp
	// Observe is called with what became of each group of rows that was handed over,
	// and with the rows' domain groups in the same order, to be counted.
	Observe func(scope delivery.Scope, results []delivery.Result, groups []string)
}

// Closing bounds, together with Grace, how long a lane that was told to stop offers
// the ledger what became of its last group, and how long its worker takes to retire.
const Closing = 10 * time.Second

// Sender runs lanes. It is safe for use by many goroutines, each of which is a
// lane with a connection of its own.
type Sender struct {
	ledger     Ledger
	backlog    Backlog
	relays     Wire
	composer   Composer
	worker     *Worker
	jury       *jury
	brakes     *brakes
	rates      *rates
	warmUp     *warmUp
	attendants attendants
	Options
}

// New makes a Sender. The ledger is usually the store in both its parts; the
// worker must be running, for a lane begins only while it is registered.
func New(ledger Ledger, backlog Backlog, wire Wire, composer Composer, worker *Worker, o Options) *Sender {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Grace == 0 {
		o.Grace = 20 * time.Second
	}
	if o.Rest == 0 {
		o.Rest = 10 * time.Minute
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Observe == nil {
		o.Observe = func(delivery.Scope, []delivery.Result, []string) {}
	}
	return &Sender{ledger: ledger, backlog: backlog, relays: wire, composer: composer, worker: worker, jury: newJury(),
		brakes: newBrakes(o.Rest), rates: newRates(o.Rates), warmUp: &warmUp{calendar: o.WarmUp}, Options: o}
}

// ErrLost is why a lane ends when the worker's place in the ledger does. The
// worker registers anew as soon as it can, so trying again later is right.
var ErrLost = errors.New("send: this worker lost its place in the ledger")

// Drain is one lane: it sends the scope's mail until nothing of it is due. It
// returns nil then, the context's error when told to stop, ErrLost when the
// worker had to, and a fault.Conflict when it paused the digest. Rows that are
// locked by other claimers at the end are theirs; rows that become due later
// wait for the next wake.
func (s *Sender) Drain(ctx context.Context, scope delivery.Scope) error {
	place, err := s.worker.join(ctx)
	if err != nil {
		return err
	}
	defer place.lanes.Done()
	l := s.lane(ctx, scope, place)
	defer l.close()
	for {
		claims, err := l.claim()
		if err != nil || len(claims) == 0 {
			return err
		}
		if l.overBudget() {
			err = l.untilTomorrow(claims)
		} else if claims, err = l.ration(claims); err == nil {
			err = l.work(claims)
		}
		if err != nil {
			return err
		}
	}
}
