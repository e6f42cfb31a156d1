// Package bench measures what it takes to send a digest, from outside: it fills a
// database of its own, starts real pulse processes, launches, and watches until the
// ledger is settled.
//
//	pulselab ──fills──▶ database ◀──── pulse (one process, or workers and a scheduler)
//	   │                                  │
//	   └──── asks for counts ──▶ sink ◀───┘  mail
//
// Every part is a process of its own, so that the kernel's accounts say what each
// of them took. Readers come in through the import, stories through the store, and
// the digest is launched by `pulse digest send --now`: what is measured is the
// product, and nothing in it knows that it is measured. A run counts only when
// everybody got the digest once, by the sink's count and by the ledger's; otherwise
// it is an error and no figure.
//
// The plain loop is what somebody would write in an afternoon: for each reader two
// templates are executed and a go-mail message is built and sent, over as many kept
// connections, with no ledger. It runs in the same run to the same relay, for only
// figures of one machine in one hour may be divided by each other.
package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/collabpulse/weekly/internal/app"
	"github.com/collabpulse/weekly/internal/config"
	"github.com/collabpulse/weekly/internal/store"
)

// Command is what to measure.
type Command struct {
	Subscribers int           `default:"10000" help:"How many readers get the digest."`
	Stories     int           `default:"3" help:"How many stories it has, 1 to 40; a mail of three weighs about 25 KB."`
	Database    string        `placeholder:"URL" help:"sqlite:PATH, or postgres://… of a server on which a database is made and dropped; a temporary SQLite file when empty."`
	Redis       string        `placeholder:"URL" help:"The queue; embedded when empty."`
	SMTP        string        `placeholder:"URL" help:"Where the mail goes; a sink of this program when empty."`
	SinkPID     int           `name:"sink-pid" help:"The process of the server at --smtp, to count its processor time."`
	SinkDelay   time.Duration `help:"How long this program's sink waits before it answers for a message."`
	Baseline    bool          `help:"Also run a plain loop to the same relay, and print the ratio."`
	Workers     int           `default:"1" help:"Worker processes; more than one needs PostgreSQL and Redis."`
	Connections int           `default:"8" help:"Connections of each worker process to the relay."`
	Pulse       string        `placeholder:"PATH" help:"The pulse to measure; built from this module when empty."`
	JSON        bool          `help:"Print JSON."`
}

// onPostgres reports whether there is a database server.
func (c Command) onPostgres() bool { return strings.HasPrefix(c.Database, "postgres") }

// split reports whether workers run apart from the scheduler.
func (c Command) split() bool { return c.Redis != "" && c.onPostgres() }

// lanes is how many connections there are in all.
func (c Command) lanes() int { return c.Workers * c.Connections }

func (c Command) check() error {
	switch {
	case c.Subscribers < 10:
		return errors.New("bench: fewer than ten readers measure nothing")
	case c.Stories < 1 || c.Stories > 40:
		return errors.New("bench: a digest has 1 to 40 stories")
	case c.Connections < 1 || c.Workers < 1:
		return errors.New("bench: at least one worker with one connection is needed")
	case c.Workers > 1 && !c.split():
		return errors.New("bench: more than one worker needs --database postgres://… and --redis")
	}
	return nil
}

// Run measures and prints. It fails when anybody was left out or got it twice.
func (c Command) Run(ctx context.Context) (err error) {
	if err := c.check(); err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "pulselab-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	r, err := newRelay(ctx, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	d, err := newDatabase(ctx, c.Database, folder)
	if d != nil {
		defer func() { err = errors.Join(err, d.close()) }()
	}
	if err != nil {
		return err
	}
	report, err := c.measure(ctx, d, r, folder)
	if err != nil {
		return err
	}
	return report.print(os.Stdout, c.JSON)
}

// measure is one run on parts that stand ready.
func (c Command) measure(ctx context.Context, d *database, r *relay, folder string) (report Report, err error) {
	program, err := build(ctx, c.Pulse, folder)
	if err != nil {
		return report, err
	}
	s := &service{program: program, environ: environment(c, d.url, r.url, folder), folder: folder}
	settings, err := config.Load(s.environ)
	if err != nil {
		return report, err
	}
	db, err := app.OpenStore(ctx, settings)
	if err != nil {
		return report, err
	}
	defer db.Close()
	m, err := c.prepare(ctx, db, d, settings)
	if err != nil {
		return report, err
	}
	defer forgetSpace(settings)
	t, err := c.send(ctx, trial{db: db, database: d, relay: r, service: s, digest: m.ID, readers: c.Subscribers})
	if err != nil {
		return report, err
	}
	report = reportOf(c, t)
	if c.Baseline {
		l, err := loop(ctx, c, r, m, folder)
		if err != nil {
			return report, err
		}
		report.compare(c, l)
	}
	return report, nil
}

// prepare fills the database and has a digest ready to go.
func (c Command) prepare(ctx context.Context, db *store.Store, d *database, s config.Settings) (m material, err error) {
	begun := time.Now()
	if err := fill(ctx, db, c.Subscribers); err != nil {
		return m, err
	}
	c.say("%d readers imported in %.1f s", c.Subscribers, time.Since(begun).Seconds())
	if err := d.settle(ctx); err != nil {
		return m, err
	}
	return write(ctx, db, s, c.Stories)
}

// say tells whoever looks on how far it is.
func (c Command) say(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
