package metrics

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/collabpulse/weekly/internal/delivery"
)

// Meters count what this process sends. They are safe for use by many lanes.
type Meters struct {
	known     []string // domain groups with a label of their own
	messages  *prometheus.CounterVec
	deferrals *prometheus.CounterVec
	doubts    *prometheus.CounterVec
	handover  *prometheus.HistogramVec
	ledger    *prometheus.HistogramVec
	lanes     *prometheus.GaugeVec
	beats     *prometheus.CounterVec

	mu       sync.RWMutex
	counters map[answer]prometheus.Counter
}

// answer is what tells counted messages apart.
type answer struct {
	letter  bool
	verdict delivery.Verdict
	group   string // a known one, or "other"
	relay   string
}

// NewMeters registers the meters. Groups beyond those known are counted as "other".
// The error is the registry's, when it has them already.
func NewMeters(r prometheus.Registerer, known []string) (*Meters, error) {
	m := &Meters{
		known: known, counters: map[answer]prometheus.Counter{},
		messages: counters("pulse_messages_total", "Messages handed to relays, by what they were, what was answered, domain group and relay.",
			"mail", "verdict", "group", "relay"),
		deferrals: counters("pulse_deferrals_total", "Messages put off for now, by the class of the answer's status code (RFC 3463).", "class"),
		doubts:    counters("pulse_doubts_total", "Messages whose outcome became unknown, by how: no answer to the final dot, or a worker that died.", "cause"),
		handover:  histograms("pulse_handover_seconds", "Time a relay took for one group of up to 16 messages.", "relay"),
		ledger:    histograms("pulse_ledger_seconds", "Time a lane waited for the ledger, by step: claim, turn (results and the next intent) or hand_back.", "step"),
		lanes: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "pulse_lanes_busy", Help: "Lanes that send at the moment, by what they send.",
		}, []string{"mail"}),
		beats: counters("pulse_heartbeats_total", "Heartbeats of this process's worker, by result: ok or failed.", "result"),
	}
	for _, mail := range []string{"digest", "letter"} { // so that they are there before the first
		m.lanes.WithLabelValues(mail)
	}
	for _, cause := range []string{noAnswer, lostWorker} {
		m.doubts.WithLabelValues(cause)
	}
	var err error
	for _, c := range []prometheus.Collector{m.messages, m.deferrals, m.doubts, m.handover, m.ledger, m.lanes, m.beats} {
		err = errors.Join(err, r.Register(c))
	}
	return m, err
}

// The causes of doubts.
const (
	noAnswer   = "no answer"
	lostWorker = "lost worker"
)

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

func histograms(name, help string, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help,
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 15, 60}}, labels)
}

// Handed counts what relays answered to a group of messages; groups are the domain
// groups of the results, in order.
func (m *Meters) Handed(scope delivery.Scope, results []delivery.Result, groups []string) {
	counts := make(map[answer]int, 4)
	for i, r := range results {
		counts[answer{scope == delivery.Outbox, r.Verdict, m.groupOf(groups[i]), r.Relay}]++
		switch r.Verdict {
		case delivery.Deferred:
			m.deferrals.WithLabelValues(classOf(r.Outcome)).Inc()
		case delivery.InDoubt:
			m.doubts.WithLabelValues(noAnswer).Inc()
		}
	}
	for a, n := range counts {
		m.counter(a).Add(float64(n))
	}
}

func (m *Meters) groupOf(group string) string {
	if slices.Contains(m.known, group) {
		return group
	}
	return "other"
}

// counter is an answer's, looked up by name the first time only.
func (m *Meters) counter(a answer) prometheus.Counter {
	m.mu.RLock()
	c := m.counters[a]
	m.mu.RUnlock()
	if c != nil {
		return c
	}
	c = m.messages.WithLabelValues(mailOf(a.letter), a.verdict.String(), a.group, a.relay)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.counters[a] = c
	return c
}

func mailOf(letter bool) string {
	if letter {
		return "letter"
	}
	return "digest"
}

// classOf is the class and subject of a temporary refusal, "4.7"; "none" when the
// relay gave no status code or the connection broke.
func classOf(o delivery.Outcome) string {
	if class, rest, ok := strings.Cut(o.Enhanced, "."); ok && class == "4" && len(rest) > 1 && rest[0] >= '0' && rest[0] <= '7' && rest[1] == '.' {
		return class + "." + rest[:1]
	}
	return "none"
}

// HandOver times what a relay takes for one group; call what it returns at the end.
func (m *Meters) HandOver(relay string) func() {
	return timing(m.handover.WithLabelValues(relay))
}

// Ledger times a step of a lane; call what it returns at the end.
func (m *Meters) Ledger(step string) func() {
	return timing(m.ledger.WithLabelValues(step))
}

func timing(o prometheus.Observer) func() {
	begun := time.Now()
	return func() { o.Observe(time.Since(begun).Seconds()) }
}

// Lane counts a lane that begins; call what it returns when it ends.
func (m *Meters) Lane(scope delivery.Scope) func() {
	g := m.lanes.WithLabelValues(mailOf(scope == delivery.Outbox))
	g.Inc()
	return g.Dec
}

// Beat counts a heartbeat.
func (m *Meters) Beat(err error) {
	result := "ok"
	if err != nil {
		result = "failed"
	}
	m.beats.WithLabelValues(result).Inc()
}

// TakenBack counts what was taken back from a worker that died.
func (m *Meters) TakenBack(r delivery.Reclaimed) {
	m.doubts.WithLabelValues(lostWorker).Add(float64(r.Doubtful))
}
