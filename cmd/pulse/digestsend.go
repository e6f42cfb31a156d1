package main

import (
	"context"
	"fmt"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/collabpulse/weekly/internal/app"
	"github.com/collabpulse/weekly/internal/config"
	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/jobs"
	"github.com/collabpulse/weekly/internal/store"
)

type digestSendCommand struct {
	Digest int64  `arg:"" help:"The digest's number."`
	Now    bool   `help:"Do not wait for its time." xor:"when"`
	At     string `help:"Send at this local time (2026-11-24T09:00) in PULSE_TIMEZONE. Another day takes an approval back, for the day is in the digest." xor:"when"`
	Watch  bool   `help:"Follow it to the end."`
	JSON   bool   `help:"Print JSON."`
}

// Run schedules or launches an approved digest. The work is done by a running
// server; this command writes what is wanted and, if asked, watches.
func (c digestSendCommand) Run(sh *shell) error {
	return sh.withStore(func(db *store.Store, s config.Settings) error {
		if err := c.launch(sh, db, s); err != nil {
			return err
		}
		if c.Watch {
			if err := c.watch(sh, db); err != nil {
				return err
			}
		}
		d, err := db.Digest(sh, c.Digest)
		if err != nil {
			return err
		}
		return showDigest(sh, db, d, c.JSON)
	})
}

func (c digestSendCommand) launch(sh *shell, db *store.Store, s config.Settings) error {
	d, err := db.Digest(sh, c.Digest)
	if err != nil {
		return err
	}
	if c.At != "" {
		local, err := time.Parse("2006-01-02T15:04", c.At)
		if err != nil {
			return fault.Field("at", "A time looks like 2026-11-24T09:00.")
		}
		return db.ScheduleDigest(sh, d.ID, d.Version, digest.Resolve(local, s.Zone.Location))
	}
	if c.Now {
		r, err := app.Renderer(s)
		if err != nil {
			return err
		}
		if err := db.LaunchDigest(sh, d.ID, d.Version, r.Bundle()); err != nil {
			return err
		}
		return app.Wake(s, func(q *jobs.Client) { q.WakeDigest(sh, d.ID) })
	}
	return c.check(d)
}

// check explains what still has to happen for a digest to go out by itself.
func (c digestSendCommand) check(d digest.Digest) error {
	switch {
	case d.State == digest.Draft:
		return fault.New(fault.Conflict, "This digest is a draft: approve it first, in the console or with \"pulse digest approve %d\".", d.ID)
	case d.State == digest.Approved && d.SendAt.IsZero():
		return fault.New(fault.Conflict, "This digest has no time to go out: add --now or --at.")
	}
	return nil
}

const (
	// lookEvery is modest: counting many rows is work for the database that sends them.
	lookEvery = time.Second
	// patience is how long no worker may show a sign of life.
	patience = 25 * time.Second
)

// errNobody is why a watch ends early.
var errNobody = fault.New(fault.Unavailable, "No running server is sending: start one with \"pulse serve\". The digest stays as it is and goes out then.")

// watch follows the digest with a progress bar until it is over. It ends with an
// error when nobody is there to send it, or when it stopped on the way.
func (c digestSendCommand) watch(sh *shell, db *store.Store) error {
	bar := progressbar.NewOptions(-1, progressbar.OptionSetVisibility(sh.watched()), progressbar.OptionSetWriter(sh.err), progressbar.OptionSetDescription("Sending"),
		progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString("mails"), progressbar.OptionSetWidth(32))
	defer fmt.Fprintln(sh.err)
	life := pulseOf{store: db, moved: time.Now()}
	for sh.Err() == nil {
		d, err := db.Digest(sh, c.Digest)
		if err != nil {
			return err
		}
		t, err := db.Tally(sh, c.Digest)
		if err != nil {
			return err
		}
		bar.ChangeMax(max(t.Planned, 1))
		bar.Set(t.Settled())
		if over, err := finished(d, t); over {
			return err
		}
		if alive, err := life.beats(sh, t); err != nil || !alive {
			return orElse(err, errNobody)
		}
		select {
		case <-sh.Done():
		case <-time.After(lookEvery):
		}
	}
	return sh.Err()
}

func finished(d digest.Digest, t delivery.Tally) (bool, error) {
	switch d.State {
	case digest.Sent:
		if !t.Reconciled() {
			return true, fault.New(fault.Conflict, "The ledger does not add up: %d planned, %d settled.", t.Planned, t.Settled())
		}
		return true, nil
	case digest.Sending, digest.Approved:
		return false, nil
	default:
		return true, fault.New(fault.Conflict, "The digest is %s. %s", d.State, d.Reason)
	}
}

// pulseOf feels for a sign of life: a worker whose counter moves, or a settled row.
type pulseOf struct {
	store    *store.Store
	counters int64
	settled  int
	moved    time.Time
}

func (p *pulseOf) beats(ctx context.Context, t delivery.Tally) (bool, error) {
	workers, err := p.store.Workers(ctx)
	if err != nil {
		return false, err
	}
	var sum int64
	for _, w := range workers {
		sum += w.ID + w.Beat
	}
	if sum != p.counters || t.Settled() != p.settled {
		p.counters, p.settled, p.moved = sum, t.Settled(), time.Now()
	}
	return len(workers) > 0 && time.Since(p.moved) < patience, nil
}

func orElse(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}
