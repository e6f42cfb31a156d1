package bench

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/digest"
)

// thousand is a send of a thousand messages in two seconds.
func thousand() (Command, taken) {
	at := time.UnixMilli(1_000_000)
	return Command{Subscribers: 1000, Workers: 2, Connections: 4, Database: "postgres://x", Redis: "redis://x"}, taken{
		digest:   digest.Digest{Launched: at, Frozen: at.Add(300 * time.Millisecond)},
		tally:    delivery.Tally{Planned: 1000, Sent: 1000},
		recorded: times{first: 1_000_250, tenth: 1_000_500, ninetieth: 1_001_500, last: 1_002_100},
		sink:     counts{Messages: 1000, Bytes: 25_000_000, First: 1_000_200, Last: 1_002_000}, sinkKnown: true,
		pulse: 100 * time.Millisecond, server: 50 * time.Millisecond, sinker: 20 * time.Millisecond, peak: 64 << 20,
	}
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > want*1e-9 {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

func TestTheFiguresAreWhatWasTaken(t *testing.T) {
	t.Parallel()
	c, taken := thousand()
	r := reportOf(c, taken)
	near(t, "the rate", r.PerSecond, 500)
	near(t, "the steady rate", r.Steady, 800)
	near(t, "pulse's time", r.CPU, 10)
	near(t, "the database's time", *r.DatabaseCPU, 5)
	near(t, "the sink's time", *r.SinkCPU, 2)
	near(t, "the peak", r.PeakRSS, 64)
	near(t, "the first message", r.First, 200)
	near(t, "the freeze", r.Freeze, 300)
	near(t, "the size", float64(*r.Size), 25_000)
	r.compare(c, looped{seconds: 10, cpu: time.Second, bytes: 25_100})
	near(t, "the loop's rate", r.Baseline.PerSecond, 100)
	near(t, "the loop's time", r.Baseline.CPU, 100)
	near(t, "the ratio", r.Baseline.Ratio, 5)
	near(t, "the steady ratio", r.Baseline.Steady, 8)
}

func TestWhatNobodyCanKnowIsNull(t *testing.T) {
	t.Parallel()
	c, taken := thousand()
	taken.sinkKnown, taken.sinker, taken.server = false, 0, 0
	r := reportOf(c, taken)
	near(t, "the first message, by the ledger", r.First, 250)
	if r.DatabaseCPU != nil || r.SinkCPU != nil || r.Size != nil {
		t.Errorf("%+v", r)
	}
	c.Database = ""
	if r := reportOf(c, taken); *r.DatabaseCPU != 0 {
		t.Errorf("SQLite, which is part of pulse, took %v by itself", *r.DatabaseCPU)
	}
}

func TestTheJSONHasTheKeysThatScriptsRead(t *testing.T) {
	t.Parallel()
	c, taken := thousand()
	r := reportOf(c, taken)
	r.compare(c, looped{seconds: 10, cpu: time.Second})
	var out bytes.Buffer
	if err := r.print(&out, true); err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	for _, key := range strings.Fields("messages_per_second cpu_seconds_per_100k database_cpu_seconds_per_100k peak_rss_mb first_message_ms freeze_ms baseline") {
		if got[key] == nil {
			t.Errorf("there is no %s in %s", key, out.String())
		}
	}
}

func TestARunThatDoesNotAddUpIsAnError(t *testing.T) {
	t.Parallel()
	_, whole := thousand()
	if err := whole.everyoneOnce(1000); err != nil {
		t.Fatal(err)
	}
	for what, spoil := range map[string]func(*taken){
		"somebody was not planned for": func(r *taken) { r.tally.Planned, r.tally.Sent, r.sink.Messages = 999, 999, 999 },
		"somebody was skipped":         func(r *taken) { r.tally.Sent, r.tally.Skipped = 999, 1 },
		"there is a doubt":             func(r *taken) { r.tally.Doubts = 1 },
		"the sink missed one":          func(r *taken) { r.sink.Messages-- },
		"the sink has one twice":       func(r *taken) { r.sink.Messages++ },
	} {
		_, r := thousand()
		spoil(&r)
		if err := r.everyoneOnce(1000); err == nil {
			t.Errorf("%s, and the run counts", what)
		}
	}
}

func TestACommandThatCannotMeasureIsRefused(t *testing.T) {
	t.Parallel()
	good := Command{Subscribers: 10, Stories: 3, Workers: 1, Connections: 4}
	if err := good.check(); err != nil {
		t.Fatal(err)
	}
	for what, spoil := range map[string]func(*Command){
		"nobody to send to":         func(c *Command) { c.Subscribers = 0 },
		"no story":                  func(c *Command) { c.Stories = 0 },
		"no connection":             func(c *Command) { c.Connections = 0 },
		"two workers on one SQLite": func(c *Command) { c.Workers = 2 },
		"two workers without Redis": func(c *Command) { c.Workers, c.Database = 2, "postgres://x" },
	} {
		c := good
		spoil(&c)
		if err := c.check(); err == nil {
			t.Errorf("%s, and it is measured", what)
		}
	}
}
