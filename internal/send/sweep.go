package send

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/collabpulse/weekly/internal/delivery"
)

// Roll is the ledger's list of workers, as a sweep uses it.
type Roll interface {
	Workers(ctx context.Context) ([]delivery.Worker, error)
	// Reclaim takes back all rows of a worker and removes it. Doing so twice is harmless.
	Reclaim(ctx context.Context, worker int64) (delivery.Reclaimed, error)
}

// Watch takes back the rows of workers that died. It believes nobody's clock but
// its own: a worker is dead when this watch has seen its counter stand still for
// delivery.Lease. Any number of watches may run, each patient for itself; a watch
// that begins knows nothing yet and so waits a whole lease before it acts.
type Watch struct {
	roll    Roll
	elapsed func() time.Duration
	log     *slog.Logger
	seen    map[int64]sighting
}

// sighting is a counter and since when it has stood there.
type sighting struct {
	beat  int64
	since time.Duration
}

// NewWatch makes a watch that logs to log. The function elapsed is a clock that
// never goes back, such as Monotonic gives.
func NewWatch(roll Roll, elapsed func() time.Duration, log *slog.Logger) *Watch {
	return &Watch{roll: roll, elapsed: elapsed, log: log, seen: map[int64]sighting{}}
}

// Monotonic is a clock that counts from now and is not moved by setting the time.
func Monotonic() func() time.Duration {
	start := time.Now()
	return func() time.Duration { return time.Since(start) }
}

// Sweep looks at every worker once and takes back the rows of the dead. It goes
// on after a failure and returns what it did. Call it several times per lease,
// from one goroutine.
func (w *Watch) Sweep(ctx context.Context) (delivery.Reclaimed, error) {
	workers, err := w.roll.Workers(ctx)
	if err != nil {
		return delivery.Reclaimed{}, err
	}
	var sum delivery.Reclaimed
	var failed error
	for _, id := range w.still(workers) {
		r, err := w.roll.Reclaim(ctx, id)
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		delete(w.seen, id)
		w.log.WarnContext(ctx, "worker stood still: its rows were taken back",
			"worker", id, "requeued", r.Requeued, "doubtful", r.Doubtful, "resent", r.Resent)
		sum = delivery.Reclaimed{Requeued: sum.Requeued + r.Requeued, Doubtful: sum.Doubtful + r.Doubtful, Resent: sum.Resent + r.Resent}
	}
	return sum, failed
}

// still notes where the counters stand, forgets workers that are gone, and lists
// those whose counter has not moved for a lease.
func (w *Watch) still(workers []delivery.Worker) []int64 {
	now := w.elapsed()
	seen := make(map[int64]sighting, len(workers))
	var dead []int64
	for _, worker := range workers {
		s, known := w.seen[worker.ID]
		if !known || s.beat != worker.Beat {
			s = sighting{worker.Beat, now}
		}
		if now-s.since >= delivery.Lease {
			dead = append(dead, worker.ID)
		}
		seen[worker.ID] = s
	}
	w.seen = seen
	return dead
}
