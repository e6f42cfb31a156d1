// Package faults sends digests while everything around the service breaks, and
// checks from outside that everyone got theirs once.
//
//	seed ──▶ plan ──▶ strikes, at their moments ──▶ real pulse processes ──▶ relay that records
//	                     and weather at the relay                │                    │
//	                                                          ledger ──▶ judge ◀──────┘
//
// A run has its own folder, database, queue, relay and readers. Its plan follows
// from the seed: which faults, and after how many hundredths of the readers have
// their mail. When the digest is sent, the judge holds what the relay recorded
// against the ledger. Nobody may be missing; nobody may have more copies than one
// and their doubts; doubts may be no more than what was on the wire when
// something broke, sixteen a connection; nobody who left, and nobody during a
// pause, may be mailed beyond what was in hand; and the ledger must add up.
//
// The product waits minutes where a run has seconds: for a relay that said
// "later", before it sends a doubtful mail again, for a lease to run out. The
// product has no setting that shortens these, and should have none. So the
// harness moves the time of waiting rows to now, in SQL, and, except in patient
// runs, makes the sweep's own call for a worker that it killed or froze.
//
// A harness that cannot fail proves nothing: with Control, pulse is built without
// the write that declares an intent, and then a run must fail.
package faults

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/collabpulse/weekly/internal/demo"
)

// Command is the command line of the harness.
type Command struct {
	Runs     int    `default:"6" help:"How many runs, of seeds that follow one another."`
	Seed     uint64 `help:"The first run's seed; the time when 0."`
	Engine   string `default:"both" enum:"sqlite,postgres,both" help:"sqlite, postgres or both, which take turns."`
	Readers  int    `default:"2000" help:"Readers of the digest."`
	Parallel int    `default:"2" help:"Runs at once."`
	Quick    bool   `help:"Leave out runs that wait for a lease to run out, a minute and more."`
	Control  bool   `help:"Build pulse without the intent write: at least one run must then fail."`
	Pulse    string `help:"The pulse to try; built from this module when empty."`
	Keep     bool   `help:"Keep every run's folder, not only those of runs that failed."`
	JSON     bool   `help:"Print JSON, one line a run and one for all."`
}

// errFailed is why the command fails when a promise was broken.
var errFailed = errors.New("a promise was broken: see the findings above")

// errControl is why it fails when the control did not.
var errControl = errors.New("no run failed although pulse does not write its intents: the harness sees nothing")

// lab is what all runs share.
type lab struct {
	dir     string
	pulse   string
	readers int
	feeds   []feed
	keep    bool
	clock   bool // whether the clock of this pulse can be set
	command Command
}

type feed struct{ url, topic string }

// Run plays the runs, prints what came of each, and fails when one did; with
// Control, when none did.
func (c *Command) Run(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "pulse-faults-")
	if err != nil {
		return err
	}
	os.Chmod(dir, 0o711) // PostgreSQL's user passes through
	l := &lab{dir: dir, readers: c.Readers, keep: c.Keep, clock: c.Pulse == "", command: *c}
	if c.Seed == 0 {
		c.Seed = uint64(time.Now().Unix())
	}
	if l.pulse, err = c.binary(ctx, dir); err != nil {
		return err
	}
	site, err := l.serveFeeds()
	if err != nil {
		return err
	}
	defer site.Close()
	report := c.playAll(ctx, l, os.Stdout)
	if report.Failed == 0 && !c.Keep {
		os.RemoveAll(dir)
	}
	switch {
	case c.Control && report.Failed == 0:
		return errControl
	case !c.Control && report.Failed > 0:
		return errFailed
	}
	return ctx.Err()
}

func (c *Command) binary(ctx context.Context, dir string) (string, error) {
	switch {
	case c.Pulse != "" && c.Control:
		return "", errors.New("--control builds its own pulse: leave out --pulse")
	case c.Pulse != "":
		return filepath.Abs(c.Pulse)
	case c.Control:
		return build(ctx, dir, slices.Concat(withClock, withoutIntent))
	}
	return build(ctx, dir, withClock)
}

// serveFeeds serves the demo's community as the stories of every run.
func (l *lab) serveFeeds() (io.Closer, error) {
	community, err := demo.NewCommunity(time.Now)
	if err != nil {
		return nil, err
	}
	site, err := demo.Serve(community, "http://127.0.0.1/subscribe")
	if err != nil {
		return nil, err
	}
	for _, b := range community.Blogs() {
		l.feeds = append(l.feeds, feed{site.FeedURL(b), b.Topic})
	}
	return site, nil
}

// plans draws the plan of each run. With both engines, even ones are SQLite's.
func (c *Command) plans() []Plan {
	var plans []Plan
	for n := range c.Runs {
		engine := c.Engine
		if engine == "both" {
			engine = []string{SQLite, Postgres}[n%2]
		}
		plan := Draw(c.Seed+uint64(n), engine, c.Quick)
		if c.Control {
			plan = plan.withKill()
		}
		plans = append(plans, plan)
	}
	return plans
}

func (c *Command) playAll(ctx context.Context, l *lab, out io.Writer) Report {
	report := newReport()
	var mu sync.Mutex
	var wg sync.WaitGroup
	queue := make(chan Plan)
	for range max(c.Parallel, 1) {
		wg.Go(func() {
			for plan := range queue {
				result := l.play(ctx, plan)
				mu.Lock()
				report.add(result)
				result.print(out, c.JSON)
				mu.Unlock()
			}
		})
	}
	for _, plan := range c.plans() {
		if ctx.Err() == nil {
			queue <- plan
		}
	}
	close(queue)
	wg.Wait()
	report.print(out, c.JSON)
	return *report
}

// repeat is the command that plays a plan again.
func (l *lab) repeat(p Plan) string {
	text := fmt.Sprintf("go run ./cmd/pulselab faults --runs 1 --seed %d --engine %s", p.Seed, p.Engine)
	if l.readers != 2000 {
		text += fmt.Sprintf(" --readers %d", l.readers)
	}
	if l.command.Quick {
		text += " --quick"
	}
	if l.command.Control {
		text += " --control"
	}
	return text
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }
