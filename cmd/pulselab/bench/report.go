package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// Report is what a run found. Its JSON is read by scripts. A figure that nobody can
// know, such as the processor time of a server elsewhere, is null.
type Report struct {
	Subscribers int    `json:"subscribers"`
	Database    string `json:"database"` // "sqlite" or "postgres"
	Queue       string `json:"queue"`    // "embedded" or "redis"
	Sink        string `json:"sink"`     // "built-in" or "external"
	Workers     int    `json:"workers"`
	Connections int    `json:"connections"` // in all

	PerSecond   float64  `json:"messages_per_second"`        // from launch to the last message accepted
	Steady      float64  `json:"steady_messages_per_second"` // over the middle eight tenths
	CPU         float64  `json:"cpu_seconds_per_100k"`
	DatabaseCPU *float64 `json:"database_cpu_seconds_per_100k"` // of the whole server; 0 on SQLite, which is part of pulse
	SinkCPU     *float64 `json:"sink_cpu_seconds_per_100k"`
	PeakRSS     float64  `json:"peak_rss_mb"`      // MiB, of the largest pulse process
	First       float64  `json:"first_message_ms"` // from launch to the first message at the sink, or in the ledger
	Freeze      float64  `json:"freeze_ms"`        // from launch to a complete audience
	Size        *int64   `json:"message_bytes"`    // a message on the wire

	Baseline *Baseline `json:"baseline,omitempty"`
}

// Baseline is what the plain loop did in the same run.
type Baseline struct {
	PerSecond float64 `json:"messages_per_second"`
	CPU       float64 `json:"cpu_seconds_per_100k"`
	Size      *int64  `json:"message_bytes"`
	Ratio     float64 `json:"ratio"`        // of our rate to its rate
	Steady    float64 `json:"steady_ratio"` // of our steady rate to its rate
}

// reportOf works the figures out.
func reportOf(c Command, t taken) Report {
	launched := t.digest.Launched.UnixMilli()
	first, last := t.recorded.first, t.recorded.last
	r := Report{Subscribers: c.Subscribers, Database: "sqlite", Queue: "embedded", Sink: "external", Workers: c.Workers, Connections: c.lanes()}
	if t.sinkKnown {
		first, last = t.sink.First, t.sink.Last
		r.Sink, r.Size = "built-in", new(t.sink.Bytes/t.sink.Messages)
	}
	if c.Redis != "" {
		r.Queue = "redis"
	}
	r.DatabaseCPU = new(0.0)
	if c.onPostgres() {
		r.Database, r.DatabaseCPU = "postgres", per100k(t.server, c.Subscribers)
	}
	r.PerSecond = rate(c.Subscribers, last-launched)
	r.Steady = rate(c.Subscribers*9/10-c.Subscribers/10, t.recorded.ninetieth-t.recorded.tenth)
	r.CPU, r.SinkCPU = *per100k(max(t.pulse, tick), c.Subscribers), per100k(t.sinker, c.Subscribers)
	r.PeakRSS = float64(t.peak) / (1 << 20)
	r.First, r.Freeze = float64(first-launched), float64(t.digest.Frozen.UnixMilli()-launched)
	return r
}

// compare adds the plain loop.
func (r *Report) compare(c Command, l looped) {
	b := &Baseline{PerSecond: float64(c.Subscribers) / l.seconds, CPU: *per100k(max(l.cpu, tick), c.Subscribers)}
	if l.bytes > 0 {
		b.Size = &l.bytes
	}
	b.Ratio, b.Steady = r.PerSecond/b.PerSecond, r.Steady/b.PerSecond
	r.Baseline = b
}

// rate is messages a second; none took less than a millisecond.
func rate(messages int, ms int64) float64 { return float64(messages) * 1000 / float64(max(ms, 1)) }

// per100k is processor seconds for 100,000 messages, nil when none were counted:
// a process that worked took some.
func per100k(cpu time.Duration, messages int) *float64 {
	if cpu <= 0 {
		return nil
	}
	return new(cpu.Seconds() * 100_000 / float64(messages))
}

// print writes the report as JSON or for people.
func (r Report) print(w io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(r)
	}
	fmt.Fprintf(w, "%d readers, %s, %s queue, %d worker(s) with %d connections, %s sink\n", r.Subscribers, r.Database, r.Queue, r.Workers, r.Connections, r.Sink)
	line := func(what, unit string, value float64) { fmt.Fprintf(w, "  %-28s %10.1f %s\n", what, value, unit) }
	perhaps := func(what string, value *float64) {
		if value != nil {
			line(what, "CPU-s per 100,000", *value)
		} else {
			fmt.Fprintf(w, "  %-28s    unknown\n", what)
		}
	}
	line("rate from launch", "messages/s", r.PerSecond)
	line("rate in the middle", "messages/s", r.Steady)
	line("pulse", "CPU-s per 100,000", r.CPU)
	perhaps("database", r.DatabaseCPU)
	perhaps("sink", r.SinkCPU)
	line("peak memory", "MiB", r.PeakRSS)
	line("first message", "ms", r.First)
	line("freeze", "ms", r.Freeze)
	if r.Size != nil {
		line("message", "KB", float64(*r.Size)/1000)
	}
	if b := r.Baseline; b != nil {
		line("plain loop", "messages/s", b.PerSecond)
		line("plain loop", "CPU-s per 100,000", b.CPU)
		if b.Size != nil {
			line("plain loop's message", "KB", float64(*b.Size)/1000)
		}
		line("ratio from launch", "x", b.Ratio)
		line("ratio in the middle", "x", b.Steady)
	}
	return nil
}
