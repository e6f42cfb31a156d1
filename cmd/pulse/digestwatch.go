package main

import (
	"context"
	"fmt"
	"time"

	"github.com/collabpulse/weekly/internal/config"
	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/progress"
	"github.com/collabpulse/weekly/internal/store"
)

type digestWatchCommand struct {
	Digest int64 `arg:"" help:"The digest's number."`
	JSON   bool  `help:"Print JSON at the end."`
}

// Run follows a digest to its end and shows what became of it.
func (c digestWatchCommand) Run(sh *shell) error {
	return sh.withStore(func(db *store.Store, s config.Settings) error {
		if err := watchDigest(sh, db, s, c.Digest); err != nil {
			return err
		}
		return showNumber(sh, db, c.Digest, c.JSON)
	})
}

// redrawEvery is how often a terminal is redrawn; the figures come when a look does.
const redrawEvery = 500 * time.Millisecond

// patience is how long no worker may show a sign of life.
const patience = 25 * time.Second

// errNobody is why a watch ends early.
var errNobody = fault.New(fault.Unavailable, "No running server is sending: start one with \"pulse serve\". The digest stays as it is and goes out then.")

// watchDigest follows the digest until it is over, on a progress bar when somebody
// looks. It ends with an error when nobody is there to send it, or when it stopped on
// the way.
func watchDigest(sh *shell, db *store.Store, s config.Settings, id int64) error {
	watch, life, screen := progress.NewWatch(db, s.Calendar(), nil), pulseOf{store: db, moved: time.Now()}, sh.screen(s.Zone.Location)
	defer screen.close()
	for sh.Err() == nil {
		look, err := watch.Look(sh, id)
		if err != nil {
			return err
		}
		screen.show(look)
		if over, err := ended(sh, db, id, look); over || err != nil {
			return err
		}
		if alive, err := life.beats(sh, look.Tally.Settled()); err != nil || !alive {
			return orElse(err, errNobody)
		}
		select {
		case <-sh.Done():
		case <-time.After(redrawEvery):
		}
	}
	return sh.Err()
}

// ended reports whether there is nothing more to follow, and why if that is no good end.
func ended(ctx context.Context, db *store.Store, id int64, l progress.Look) (bool, error) {
	switch l.State {
	case digest.Sent:
		if !l.Tally.Reconciled() {
			return true, fault.New(fault.Conflict, "The ledger does not add up: %d planned, %d settled.", l.Tally.Planned, l.Tally.Settled())
		}
		return true, nil
	case digest.Sending, digest.Approved:
		return false, nil
	}
	d, err := db.Digest(ctx, id)
	if err != nil {
		return true, err
	}
	return true, fault.New(fault.Conflict, "The digest is %s. %s", d.State, d.Reason)
}

// pulseOf feels for a sign of life: a worker whose counter moves, or a settled row.
type pulseOf struct {
	store    *store.Store
	counters int64
	settled  int
	moved    time.Time
}

func (p *pulseOf) beats(ctx context.Context, settled int) (bool, error) {
	workers, err := p.store.Workers(ctx)
	if err != nil {
		return false, err
	}
	var sum int64
	for _, w := range workers {
		sum += w.ID + w.Beat
	}
	if sum != p.counters || settled != p.settled {
		p.counters, p.settled, p.moved = sum, settled, time.Now()
	}
	return len(workers) > 0 && time.Since(p.moved) < patience, nil
}

func orElse(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// shortly is a span of time as a line has room for it: "45 s", "12 min", "3 h 20 min".
func shortly(d time.Duration) string {
	switch d = d.Round(time.Second); {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Round(time.Minute).Minutes()))
	}
	d = d.Round(time.Minute)
	return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
}
