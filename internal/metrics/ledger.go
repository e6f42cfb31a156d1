package metrics

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/collabpulse/weekly/internal/progress"
)

// Ledger is what stands in the database.
type Ledger struct {
	backlog                                     lookup[progress.Backlog]
	up, digests, waiting, oldest, workers, late *metric
	all                                         []*metric
}

// NewLedger makes a collector of what the question brings, usually store.Backlog.
func NewLedger(ask func(context.Context) (progress.Backlog, error)) *Ledger {
	l := &Ledger{backlog: lookup[progress.Backlog]{ask: ask},
		up:      &metric{Name: "pulse_ledger_up", Help: "Whether the database answered: 1 or 0."},
		digests: &metric{Name: "pulse_digests", Help: "Digests, by state.", Labels: []string{"state"}},
		waiting: &metric{Name: "pulse_outbox_waiting", Help: "Letters that wait to be sent, those put off included."},
		oldest:  &metric{Name: "pulse_due_oldest_seconds", Help: "How long the longest waiting row is due; 0 when none is.", Labels: []string{"mail"}},
		workers: &metric{Name: "pulse_workers", Help: "Workers that are registered in the ledger."},
		late:    &metric{Name: "pulse_slot_lateness_seconds", Help: "How long after its time the digest that was launched last went out."},
	}
	l.all = described(l.up, l.digests, l.waiting, l.oldest, l.workers, l.late)
	return l
}

// Describe tells what there is.
func (l *Ledger) Describe(to chan<- *prometheus.Desc) { tell(to, l.all) }

// Collect tells how it is; without a database only that it is away.
func (l *Ledger) Collect(to chan<- prometheus.Metric) {
	b, err := l.backlog.get()
	to <- l.up.is(truth(err == nil))
	if err != nil {
		return
	}
	for state, n := range b.Digests {
		to <- l.digests.is(float64(n), state.String())
	}
	to <- l.waiting.is(float64(b.Letters))
	to <- l.oldest.is(age(b.At, b.OldestRow), "digest")
	to <- l.oldest.is(age(b.At, b.OldestLetter), "letter")
	to <- l.workers.is(float64(b.Workers))
	to <- l.late.is(b.Late.Seconds())
}

// age is how long something has been so, in seconds; 0 for never.
func age(now, since time.Time) float64 {
	if since.IsZero() {
		return 0
	}
	return max(now.Sub(since), 0).Seconds()
}
