package metrics

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/collabpulse/weekly/internal/progress"
)

// Queues are the queues as Redis has them.
type Queues struct {
	board                          lookup[progress.Board]
	up, tasks, waited, done, hands *metric
	failed                         *metric
	all                            []*metric
}

// NewQueues makes a collector of what the question brings, usually jobs.Client.Board.
func NewQueues(ask func(context.Context) (progress.Board, error)) *Queues {
	queue := []string{"queue"}
	q := &Queues{board: lookup[progress.Board]{ask: ask},
		up:     &metric{Name: "pulse_queue_up", Help: "Whether Redis answered: 1 or 0."},
		tasks:  &metric{Name: "pulse_queue_tasks", Help: "Tasks in the queue, by state.", Labels: []string{"queue", "state"}},
		waited: &metric{Name: "pulse_queue_latency_seconds", Help: "How long the queue's oldest pending task has waited.", Labels: queue},
		done:   &metric{Name: "pulse_queue_processed_total", Help: "Tasks of the queue that were run, failures included.", Labels: queue, Counts: true},
		failed: &metric{Name: "pulse_queue_failed_total", Help: "Tasks of the queue that failed, to be tried again.", Labels: queue, Counts: true},
		hands:  &metric{Name: "pulse_queue_servers", Help: "Parts of processes that take tasks."},
	}
	q.all = described(q.up, q.tasks, q.waited, q.done, q.failed, q.hands)
	return q
}

// Describe tells what there is.
func (q *Queues) Describe(to chan<- *prometheus.Desc) { tell(to, q.all) }

// Collect tells how it is; without Redis only that it is away.
func (q *Queues) Collect(to chan<- prometheus.Metric) {
	board, err := q.board.get()
	to <- q.up.is(truth(err == nil))
	if err != nil {
		return
	}
	to <- q.hands.is(float64(len(board.Hands)))
	for _, one := range board.Queues {
		for state, n := range map[string]int{"pending": one.Pending, "active": one.Active, "scheduled": one.Scheduled, "retry": one.Retry, "archived": one.Archived} {
			to <- q.tasks.is(float64(n), one.Name, state)
		}
		to <- q.waited.is(one.Waited.Seconds(), one.Name)
		to <- q.done.is(float64(one.ProcessedEver), one.Name)
		to <- q.failed.is(float64(one.FailedEver), one.Name)
	}
}
