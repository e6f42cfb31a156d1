package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/collabpulse/weekly/internal/progress"
)

// Relays are the relays and held back domain groups as this process sees them.
type Relays struct {
	ask                         func() progress.Report
	known                       []string
	up, connections, heldGroups *metric
	all                         []*metric
}

// NewRelays makes a collector of what a worker reports.
func NewRelays(ask func() progress.Report, known []string) *Relays {
	r := &Relays{ask: ask, known: known,
		up:          &metric{Name: "pulse_relay_up", Help: "Whether the relay worked when it was used last: 1, or 0 while it fails.", Labels: []string{"relay"}},
		connections: &metric{Name: "pulse_relay_connections", Help: "Connections of this process to the relay, by state: open or idle.", Labels: []string{"relay", "state"}},
		heldGroups:  &metric{Name: "pulse_groups_held", Help: "Domain groups that this process holds back because they said that we send too much, by group.", Labels: []string{"group"}},
	}
	r.all = described(r.up, r.connections, r.heldGroups)
	return r
}

// Describe tells what there is.
func (r *Relays) Describe(to chan<- *prometheus.Desc) { tell(to, r.all) }

func tell(to chan<- *prometheus.Desc, all []*metric) {
	for _, m := range all {
		to <- m.desc
	}
}

// Collect tells how it is.
func (r *Relays) Collect(to chan<- prometheus.Metric) {
	report := r.ask()
	for _, s := range report.Relays {
		to <- r.up.is(truth(s.Failures == 0), s.Name)
		to <- r.connections.is(float64(s.Open), s.Name, "open")
		to <- r.connections.is(float64(s.Idle), s.Name, "idle")
	}
	held := map[string]int{"other": 0}
	for _, name := range r.known {
		held[name] = 0
	}
	for _, g := range report.Groups {
		if _, known := held[g.Name]; known {
			held[g.Name]++
		} else {
			held["other"]++
		}
	}
	for name, n := range held {
		to <- r.heldGroups.is(float64(n), name)
	}
}
