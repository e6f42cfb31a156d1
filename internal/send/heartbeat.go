package send

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/fault"
)

// Register is where the ledger keeps its workers.
type Register interface {
	RegisterWorker(ctx context.Context, name string) (int64, error)
	// Beat raises the worker's counter; fault.Gone when a sweep removed the worker.
	Beat(ctx context.Context, worker int64) error
	// RetireWorker returns whatever the worker still holds and removes it.
	RetireWorker(ctx context.Context, worker int64) error
}

// Beat is how often a worker raises its counter, and beatAgain how soon it
// tries again after it failed to.
const (
	Beat      = 10 * time.Second
	beatAgain = time.Second
)

// Worker is this process's place in the ledger. It lasts for a term, from a
// registration to its end, and begins another when one ends early. Rows are
// claimed in the name of a term.
//
// A term is cut when the counter could not be raised for delivery.StopAfter, or
// when a sweep removed it: others may take its rows from then on, so its lanes
// drop their connections at once. Time is measured by the monotonic clock of
// this process alone. A term is merely over when we stop, or when something went
// wrong that leaves it with rows nobody knows of: its lanes finish what is on the
// wire. Either way it is retired when the last lane has left, and if the database
// is away then, as soon as it is back; a sweep would do it a minute later.
type Worker struct {
	register Register
	name     string
	log      *slog.Logger
	joined   func(context.Context)
	owed     []int64 // terms still to be retired, by Run alone

	mu      sync.Mutex
	place   *term         // nil between terms
	changed chan struct{} // closed and replaced when place changes
}

// NewWorker makes a worker that logs to log. The name is for people: a host and
// process. Nothing is registered before Run.
func NewWorker(register Register, name string, log *slog.Logger) *Worker {
	return &Worker{register: register, name: name, log: log, joined: func(context.Context) {}, changed: make(chan struct{})}
}

// WhenJoined has something done at the beginning of each term, beside the beats:
// usually waking the lanes of digests under way, so that whoever comes in, also after
// a crash, begins at once. It is to be called before Run.
func (w *Worker) WhenJoined(do func(context.Context)) { w.joined = do }

// Run keeps the worker registered until the context ends; then it lets the lanes
// wind down, and retires. Stop the lanes first: this only makes sure of it.
func (w *Worker) Run(ctx context.Context) {
	for ctx.Err() == nil {
		if t := w.begin(ctx); t != nil {
			w.serve(ctx, t)
		}
	}
}

// begin registers, however long that takes; nil when the context ended first.
func (w *Worker) begin(ctx context.Context) *term {
	for wait := firstWait; ; wait = min(2*wait, lastWait) {
		id, err := w.register.RegisterWorker(ctx, w.name)
		if err == nil {
			w.log.InfoContext(ctx, "worker registered", "worker", id)
			w.settleUp()
			t := newTerm(id)
			w.admit(t)
			go w.joined(t.over)
			return t
		}
		w.log.WarnContext(ctx, "worker not registered", "error", err.Error())
		sleep(ctx, around(wait))
		if ctx.Err() != nil {
			return nil
		}
	}
}

// serve beats for a term until its last lane has left.
func (w *Worker) serve(ctx context.Context, t *term) {
	defer context.AfterFunc(ctx, t.end)()
	left := make(chan struct{})
	go func() {
		<-t.over.Done()
		w.admit(nil)
		t.lanes.Wait()
		close(left)
	}()
	w.beat(t, left)
	w.retire(t.id)
}

func (w *Worker) beat(t *term, left <-chan struct{}) {
	silence := time.AfterFunc(delivery.StopAfter, t.lose)
	defer silence.Stop()
	for wait := Beat; t.cut.Err() == nil; {
		select {
		case <-left:
			return
		case <-t.cut.Done():
		case <-time.After(wait):
			asked := time.Now()
			if wait = beatAgain; w.raise(t) {
				wait = Beat
				silence.Reset(delivery.StopAfter - time.Since(asked))
			}
		}
	}
	w.log.Error("worker cut off: its lanes stop", "worker", t.id)
	<-left
}

// raise raises the counter once, and reports whether it moved.
func (w *Worker) raise(t *term) bool {
	ctx, cancel := context.WithTimeout(t.cut, Beat)
	defer cancel()
	err := w.register.Beat(ctx, t.id)
	if err == nil {
		return true
	}
	w.log.Warn("worker could not beat", "worker", t.id, "error", err.Error())
	if fault.Is(err, fault.Gone) {
		t.lose()
	}
	return false
}

// retire takes a term out of the ledger, together with whatever it still holds.
func (w *Worker) retire(id int64) {
	w.owed = append(w.owed, id)
	w.settleUp()
}

// settleUp retires the terms that are still owed.
func (w *Worker) settleUp() {
	ctx, cancel := context.WithTimeout(context.Background(), Closing/2)
	defer cancel()
	w.owed = slices.DeleteFunc(w.owed, func(id int64) bool {
		err := w.register.RetireWorker(ctx, id)
		if err != nil {
			w.log.Warn("worker not retired yet", "worker", id, "error", err.Error())
		}
		return err == nil
	})
}

// admit opens a term to lanes; nil closes the door.
func (w *Worker) admit(t *term) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.place = t
	close(w.changed)
	w.changed = make(chan struct{})
}

// join waits for a term and takes a place in it, to be given up with lanes.Done.
func (w *Worker) join(ctx context.Context) (*term, error) {
	for {
		w.mu.Lock()
		t, changed := w.place, w.changed
		ready := t != nil && t.over.Err() == nil
		if ready {
			t.lanes.Add(1)
		}
		w.mu.Unlock()
		if ready {
			return t, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// term is one registration of a worker.
type term struct {
	id    int64
	over  context.Context // done: begin nothing new
	end   func()
	cut   context.Context // done: drop everything; then it is over, too
	lose  func()
	lanes sync.WaitGroup
}

func newTerm(id int64) *term {
	cut, lose := context.WithCancel(context.Background())
	over, end := context.WithCancel(cut)
	return &term{id: id, over: over, end: end, cut: cut, lose: lose}
}

// doubt ends the term over a claim that failed, and says what the lane ends with:
// at once, as lost, when its rows were given to others, which is what a fault.Gone
// says, and else in good order.
func (t *term) doubt(err error) error {
	if fault.Is(err, fault.Gone) {
		t.lose()
		return ErrLost
	}
	t.end()
	return err
}
