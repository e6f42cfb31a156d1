package metrics

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/progress"
)

// values are the samples of a registry, by name and labels.
func values(t *testing.T, r *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]float64{}
	for _, f := range families {
		for _, m := range f.Metric {
			name := f.GetName()
			for _, l := range m.Label {
				name += fmt.Sprintf(" %s=%s", l.GetName(), l.GetValue())
			}
			switch {
			case m.Counter != nil:
				all[name] = m.Counter.GetValue()
			case m.Gauge != nil:
				all[name] = m.Gauge.GetValue()
			default:
				all[name] = float64(m.Histogram.GetSampleCount())
			}
		}
	}
	return all
}

func want(t *testing.T, r *prometheus.Registry, want map[string]float64) {
	t.Helper()
	got := values(t, r)
	for name, n := range want {
		if v, there := got[name]; !there || v != n {
			t.Errorf("%s is %v (%t), want %v", name, v, there, n)
		}
	}
}

var known = []string{"gmail", "yahoo"}

func meters(t *testing.T) (*Meters, *prometheus.Registry) {
	t.Helper()
	r := prometheus.NewRegistry()
	m, err := NewMeters(r, known)
	if err != nil {
		t.Fatal(err)
	}
	return m, r
}

// answers is a group of results with their domain groups.
func answers(outcomes ...delivery.Outcome) (results []delivery.Result) {
	for _, o := range outcomes {
		results = append(results, delivery.Result{Outcome: o, Relay: "a:25"})
	}
	return results
}

func TestMessagesAreCountedByWhatBecameOfThem(t *testing.T) {
	t.Parallel()
	m, r := meters(t)
	results := answers(delivery.Outcome{}, delivery.Outcome{}, delivery.Outcome{}, delivery.Outcome{Verdict: delivery.RefusedForGood},
		delivery.Outcome{Verdict: delivery.Deferred, Enhanced: "4.7.28"}, delivery.Outcome{Verdict: delivery.Deferred}, delivery.Outcome{Verdict: delivery.InDoubt})
	groups := []string{"gmail", "gmail", "yahoo", "gmail", "gmail", "one.example", "two.example"}
	m.Handed(delivery.Scope{Digest: 7}, results, groups)
	m.Handed(delivery.Outbox, results[:1], groups[:1])
	want(t, r, map[string]float64{
		"pulse_messages_total group=gmail mail=digest relay=a:25 verdict=accepted": 2,
		"pulse_messages_total group=yahoo mail=digest relay=a:25 verdict=accepted": 1,
		"pulse_messages_total group=gmail mail=digest relay=a:25 verdict=refused":  1,
		"pulse_messages_total group=gmail mail=digest relay=a:25 verdict=deferred": 1,
		"pulse_messages_total group=other mail=digest relay=a:25 verdict=deferred": 1,
		"pulse_messages_total group=other mail=digest relay=a:25 verdict=in doubt": 1,
		"pulse_messages_total group=gmail mail=letter relay=a:25 verdict=accepted": 1,
		"pulse_deferrals_total class=4.7":                                          1, "pulse_deferrals_total class=none": 1,
		"pulse_doubts_total cause=no answer": 1, "pulse_doubts_total cause=lost worker": 0,
	})
}

func TestNoNumberOfDomainsAndCodesMakesMoreMetrics(t *testing.T) {
	t.Parallel()
	m, r := meters(t)
	for i := range 1000 {
		m.Handed(delivery.Scope{Digest: int64(i)}, answers(delivery.Outcome{Verdict: delivery.Deferred, Enhanced: fmt.Sprintf("4.%d.%d", i, i)},
			delivery.Outcome{Verdict: delivery.Deferred, Enhanced: "4.7x" + fmt.Sprint(i)}), []string{fmt.Sprint(i, ".example"), "gmail"})
	}
	if n := len(values(t, r)); n > 20 {
		t.Errorf("%d samples", n)
	}
}

func TestLanesStepsAndBeatsAreCounted(t *testing.T) {
	t.Parallel()
	m, r := meters(t)
	m.Ledger("claim")()
	m.HandOver("a:25")()
	m.Beat(nil)
	m.Beat(errors.New("away"))
	m.TakenBack(delivery.Reclaimed{Requeued: 9, Doubtful: 4})
	m.Lane(delivery.Scope{Digest: 7})()
	leave := m.Lane(delivery.Scope{Digest: 7})
	m.Lane(delivery.Outbox)
	want(t, r, map[string]float64{
		"pulse_ledger_seconds step=claim": 1, "pulse_handover_seconds relay=a:25": 1, "pulse_heartbeats_total result=ok": 1,
		"pulse_heartbeats_total result=failed": 1, "pulse_doubts_total cause=lost worker": 4,
		"pulse_lanes_busy mail=digest": 1, "pulse_lanes_busy mail=letter": 1,
	})
	leave()
	want(t, r, map[string]float64{"pulse_lanes_busy mail=digest": 0})
}

// everything is a registry with each collector in it.
func everything(t *testing.T) *prometheus.Registry {
	t.Helper()
	m, r := meters(t)
	m.Handed(delivery.Outbox, answers(delivery.Outcome{Verdict: delivery.Deferred}), []string{"gmail"})
	m.Ledger("turn")()
	m.HandOver("a:25")()
	m.Beat(nil)
	now := time.Now()
	r.MustRegister(
		NewRelays(func() progress.Report {
			return progress.Report{Relays: []progress.RelayState{{Name: "a:25", Open: 2, Idle: 1}, {Name: "b:25", Failures: 3}},
				Groups: []progress.GroupState{{Name: "gmail"}, {Name: "one.example"}, {Name: "two.example"}}}
		}, known),
		NewQueues(func(context.Context) (progress.Board, error) {
			return progress.Board{Queues: []progress.Queue{{Name: "send", Pending: 3, Waited: 1500 * time.Millisecond, ProcessedEver: 9, FailedEver: 2}}, Hands: make([]progress.Hand, 3)}, nil
		}),
		NewLedger(func(context.Context) (progress.Backlog, error) {
			return progress.Backlog{At: now, Digests: map[digest.State]int{digest.Sending: 1}, Letters: 5, OldestRow: now.Add(-time.Minute), Workers: 2, Late: time.Second}, nil
		}))
	if err := RegisterBuild(r); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestWhatIsTrueOfTheInstallationIsLookedUp(t *testing.T) {
	t.Parallel()
	want(t, everything(t), map[string]float64{
		"pulse_relay_up relay=a:25": 1, "pulse_relay_up relay=b:25": 0, "pulse_relay_connections relay=a:25 state=open": 2,
		"pulse_groups_held group=gmail": 1, "pulse_groups_held group=yahoo": 0, "pulse_groups_held group=other": 2,
		"pulse_queue_up": 1, "pulse_queue_tasks queue=send state=pending": 3, "pulse_queue_latency_seconds queue=send": 1.5,
		"pulse_queue_processed_total queue=send": 9, "pulse_queue_failed_total queue=send": 2, "pulse_queue_servers": 3,
		"pulse_ledger_up": 1, "pulse_digests state=sending": 1, "pulse_outbox_waiting": 5, "pulse_due_oldest_seconds mail=digest": 60,
		"pulse_due_oldest_seconds mail=letter": 0, "pulse_workers": 2, "pulse_slot_lateness_seconds": 1,
	})
}

func TestTheMetricsKeepToTheCustoms(t *testing.T) {
	t.Parallel()
	families, err := everything(t).Gather()
	if err != nil {
		t.Fatal(err)
	}
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
}

func TestScrapesShareWhatIsLookedUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int32
		r := prometheus.NewRegistry()
		r.MustRegister(NewLedger(func(context.Context) (progress.Backlog, error) {
			asked.Add(1)
			return progress.Backlog{}, errors.New("away")
		}))
		for range 5 {
			if diff := cmp.Diff(map[string]float64{"pulse_ledger_up": 0}, values(t, r)); diff != "" {
				t.Error(diff)
			}
		}
		if asked.Load() != 1 {
			t.Errorf("asked %d times", asked.Load())
		}
		time.Sleep(lookEvery)
		if values(t, r); asked.Load() != 2 {
			t.Errorf("asked %d times after a while", asked.Load())
		}
	})
}
