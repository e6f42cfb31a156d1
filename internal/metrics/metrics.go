// Package metrics counts what the service does, for Prometheus.
//
// Three rules hold for every metric. Its labels come from short lists that are known
// beforehand or from the settings, so their number is bounded: domain groups beyond
// the large providers are "other", and what a relay says is a class and not a text. No
// label names a person. And the send loop pays next to nothing: counters are looked up
// once and counted per group of messages; what would cost a query is asked when
// somebody scrapes, at most every few seconds, however many scrape.
//
// A process counts what it does itself (meters.go). What is true of the whole
// installation, the same whoever is asked, is looked up (ledger.go, queues.go): take the
// maximum of it over the processes, never the sum. docs/watching.md lists them all.
package metrics

import (
	"context"
	"runtime/debug"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// lookEvery is how long what was looked up for a scrape is good for others.
const lookEvery = 10 * time.Second

// lookFor bounds what a scrape waits for.
const lookFor = 3 * time.Second

// lookup is something that is asked for when somebody scrapes.
type lookup[T any] struct {
	ask  func(context.Context) (T, error)
	mu   sync.Mutex
	last T
	err  error
	at   time.Time
}

// get is the last answer, or a new one when that is old. A question that fails is
// asked no more often than one that succeeds.
func (l *lookup[T]) get() (T, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.at.IsZero() || time.Since(l.at) >= lookEvery {
		ctx, cancel := context.WithTimeout(context.Background(), lookFor)
		defer cancel()
		l.last, l.err = l.ask(ctx)
		l.at = time.Now()
	}
	return l.last, l.err
}

// metric is the description of a metric that is looked up.
type metric struct {
	Name, Help string
	Labels     []string
	Counts     bool // it only grows
	desc       *prometheus.Desc
}

// described gives each metric its description.
func described(all ...*metric) []*metric {
	for _, m := range all {
		m.desc = prometheus.NewDesc(m.Name, m.Help, m.Labels, nil)
	}
	return all
}

// is a value of the metric.
func (m *metric) is(value float64, labels ...string) prometheus.Metric {
	kind := prometheus.GaugeValue
	if m.Counts {
		kind = prometheus.CounterValue
	}
	return prometheus.MustNewConstMetric(m.desc, kind, value, labels...)
}

// truth is how metrics say yes and no.
func truth(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// RegisterBuild tells which release runs.
func RegisterBuild(r prometheus.Registerer) error {
	version, revision, language := "development", "", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		language = info.GoVersion
		if v := info.Main.Version; v != "" && v != "(devel)" {
			version = v
		}
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				revision = s.Value[:min(12, len(s.Value))]
			}
		}
	}
	g := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "pulse_build_info", Help: "Always 1; the labels say which release of the service runs.",
	}, []string{"version", "revision", "go_version"})
	g.WithLabelValues(version, revision, language).Set(1)
	return r.Register(g)
}
