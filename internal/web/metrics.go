package web

import (
	"errors"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// meters are the server's own metrics. Their labels are route patterns, methods
// and states, so their number is bounded and none of them names a person.
type meters struct {
	requests  *prometheus.HistogramVec
	badLeaves prometheus.Counter
}

// newMeters registers the metrics; a nil registry keeps them to themselves.
func newMeters(r prometheus.Registerer) (*meters, error) {
	m := &meters{
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "pulse_http_request_seconds", Help: "Time to answer an HTTP request.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5},
		}, []string{"method", "route", "status"}),
		badLeaves: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "pulse_leave_unverified_total", Help: "Leave links that could not be verified.",
		}),
	}
	if r == nil {
		return m, nil
	}
	return m, errors.Join(r.Register(m.requests), r.Register(m.badLeaves))
}

var knownMethods = map[string]bool{"GET": true, "POST": true, "PUT": true, "PATCH": true, "DELETE": true, "OPTIONS": true}

func (m *meters) request(method, route string, status int, took time.Duration) {
	if !knownMethods[method] {
		method = "other"
	}
	m.requests.WithLabelValues(method, route, strconv.Itoa(status)).Observe(took.Seconds())
}
