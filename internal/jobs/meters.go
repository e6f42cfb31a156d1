package jobs

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Meters count tasks and ticks. Their labels are kinds and results, so their
// number is bounded. A nil *Meters counts nothing.
type Meters struct {
	tasks *prometheus.HistogramVec
	ticks *prometheus.HistogramVec
}

// NewMeters registers the meters. The error is the registry's, when it has them already.
func NewMeters(r prometheus.Registerer) (*Meters, error) {
	m := &Meters{
		tasks: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "pulse_task_seconds", Help: "Time a task took, by kind and result: ok, moot, failed or stopped.",
			Buckets: []float64{.005, .05, .5, 5, 50, 500, 5000},
		}, []string{"kind", "result"}),
		ticks: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "pulse_tick_seconds", Help: "Time a tick of the scheduler took, by result: ok or failed.",
			Buckets: []float64{.005, .05, .5, 5, 50},
		}, []string{"result"}),
	}
	return m, errors.Join(r.Register(m.tasks), r.Register(m.ticks))
}

func (m *Meters) task(kind, result string, took time.Duration) {
	if m != nil {
		m.tasks.WithLabelValues(kind, result).Observe(took.Seconds())
	}
}

func (m *Meters) tick(err error, took time.Duration) {
	if m == nil {
		return
	}
	result := "ok"
	if err != nil {
		result = "failed"
	}
	m.ticks.WithLabelValues(result).Observe(took.Seconds())
}
