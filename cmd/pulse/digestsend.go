package main

import (
	"time"

	"github.com/collabpulse/weekly/internal/app"
	"github.com/collabpulse/weekly/internal/config"
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
			if err := watchDigest(sh, db, s, c.Digest); err != nil {
				return err
			}
		}
		return showNumber(sh, db, c.Digest, c.JSON)
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
