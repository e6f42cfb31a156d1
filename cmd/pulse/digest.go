package main

import (
	"fmt"
	"time"

	"github.com/collabpulse/weekly/internal/app"
	"github.com/collabpulse/weekly/internal/config"
	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/jobs"
	"github.com/collabpulse/weekly/internal/store"
)

type digestCommand struct {
	Compose digestComposeCommand `cmd:"" help:"Compose a digest from what is new."`
	List    digestListCommand    `cmd:"" help:"List digests, newest first."`
	Show    digestShowCommand    `cmd:"" help:"Show one digest: its line-up and how far it has gone out."`
	Approve digestApproveCommand `cmd:"" help:"Approve a draft as it is."`
	Send    digestSendCommand    `cmd:"" help:"Send an approved digest at its time, or now."`
	Watch   digestWatchCommand   `cmd:"" help:"Follow a digest that is going out to its end."`
	Pause   digestPauseCommand   `cmd:"" help:"Stop a digest that is going out, or all of them with --all; nothing is lost."`
	Resume  digestResumeCommand  `cmd:"" help:"Go on with a paused digest, or release the emergency brake with --all."`
	Cancel  digestCancelCommand  `cmd:"" help:"Give a digest up; who has not got it will not."`
	Doubts  digestDoubtsCommand  `cmd:"" help:"Choose what becomes of messages that may or may not have arrived."`
	Correct digestCorrectCommand `cmd:"" help:"Make a corrected draft of a digest that went out, for those who got it or those who did not."`
	Settle  digestSettleCommand  `cmd:"" help:"Settle the copies of which nobody knows whether they arrived."`
}

type digestComposeCommand struct {
	Since string `help:"Take stories that appeared after this date (2026-11-01) instead of since the last digest."`
	JSON  bool   `help:"Print JSON."`
}

// Run composes a digest by hand.
func (c digestComposeCommand) Run(sh *shell) error {
	return sh.withStore(func(db *store.Store, s config.Settings) error {
		order := digest.Order{Limits: app.Limits(s)}
		if c.Since != "" {
			since, err := time.ParseInLocation(time.DateOnly, c.Since, s.Zone.Location)
			if err != nil {
				return fault.Field("since", "A date looks like 2026-11-01.")
			}
			order.Since = since
		}
		d, _, err := db.ComposeDigest(sh, order)
		if err != nil {
			return err
		}
		return showDigest(sh, db, d, c.JSON)
	})
}

type digestListCommand struct {
	JSON  bool `help:"Print JSON, one object a line."`
	Limit int  `default:"20" help:"At most so many."`
}

// Run lists digests.
func (c digestListCommand) Run(sh *shell) error {
	return sh.withStore(func(db *store.Store, s config.Settings) error {
		all, err := db.Digests(sh, c.Limit)
		if err != nil {
			return err
		}
		for _, d := range all {
			if !c.JSON {
				sh.printf("%4d  %-9s  %s  %s %s\n", d.ID, d.State, d.Composed.In(s.Zone.Location).Format(time.DateOnly), d.Subject, d.Reason)
				continue
			}
			if err := sh.json(digestRow(d, nil)); err != nil {
				return err
			}
		}
		return nil
	})
}

type digestShowCommand struct {
	Digest int64 `arg:"" help:"The digest's number."`
	JSON   bool  `help:"Print JSON."`
}

// Run shows a digest.
func (c digestShowCommand) Run(sh *shell) error {
	return sh.withStore(func(db *store.Store, s config.Settings) error {
		return showNumber(sh, db, c.Digest, c.JSON)
	})
}

// showNumber shows the digest of that number as it is now.
func showNumber(sh *shell, db *store.Store, id int64, asJSON bool) error {
	d, err := db.Digest(sh, id)
	if err != nil {
		return err
	}
	return showDigest(sh, db, d, asJSON)
}

func showDigest(sh *shell, db *store.Store, d digest.Digest, asJSON bool) error {
	t, err := db.Tally(sh, d.ID)
	if err != nil {
		return err
	}
	if asJSON {
		return sh.json(digestRow(d, &t))
	}
	sh.printf("Digest %d is %s. %s\n", d.ID, d.State, d.Reason)
	if d.State == digest.Skipped {
		return nil
	}
	sh.printf("  subject    %s\n  stories    %d included of %d offered\n", d.Subject, len(d.LineUp.Included()), len(d.LineUp.Places))
	if d.Corrects != 0 {
		sh.printf("  corrects   digest %d, for those who %s it\n", d.Corrects, d.Audience)
	}
	if !d.SendAt.IsZero() {
		sh.printf("  sent at    %s\n", d.SendAt.UTC().Format(time.DateTime+" MST"))
	}
	if d.Hash != "" {
		sh.printf("  approved   by %s, as %s\n", d.ApprovedBy, d.Hash[:12])
	}
	sh.printf("%s", ledgerLines(t))
	return nil
}

// ledgerLines are a digest's deliveries as a person reads them.
func ledgerLines(t delivery.Tally) string {
	if t.Planned == 0 {
		return ""
	}
	lines := fmt.Sprintf("  planned %d = sent %d + failed %d + skipped %d + unknown %d + still to go %d\n",
		t.Planned, t.Sent, t.Failed, t.Skipped, t.Unknown, t.Planned-t.Settled())
	if t.Doubts > 0 {
		lines += fmt.Sprintf("  doubts     %d of them had an outcome that never became known; those sent again may have arrived twice\n", t.Doubts)
	}
	return lines
}

// digestRow is a digest as scripts read it. A list knows no line-up and no
// deliveries: without a tally their keys are left out.
func digestRow(d digest.Digest, t *delivery.Tally) map[string]any {
	row := map[string]any{"id": d.ID, "state": d.State.String(), "reason": d.Reason, "subject": d.Subject, "send_at": d.SendAt,
		"composed_at": d.Composed, "hash": d.Hash, "version": d.Version, "doubt_policy": d.Doubts.String(),
		"corrects": d.Corrects, "audience": d.Audience.String()}
	if t != nil {
		row["stories"] = len(d.LineUp.Included())
		row["planned"], row["sent"], row["failed"], row["skipped"], row["unknown"] = t.Planned, t.Sent, t.Failed, t.Skipped, t.Unknown
		row["queued"], row["claimed"], row["handing"], row["deferred"] = t.Queued, t.Claimed, t.Handing, t.Deferred
		row["doubts"] = t.Doubts
	}
	return row
}

type digestApproveCommand struct {
	Digest int64  `arg:"" help:"The digest's number."`
	By     string `default:"the command line" help:"Who approves it."`
	JSON   bool   `help:"Print JSON."`
}

// Run approves the digest as it stands.
func (c digestApproveCommand) Run(sh *shell) error {
	return sh.withStore(func(db *store.Store, s config.Settings) error {
		d, err := db.Digest(sh, c.Digest)
		if err != nil {
			return err
		}
		r, err := app.Renderer(s)
		if err != nil {
			return err
		}
		d, err = db.ApproveDigest(sh, d.ID, d.Version, c.By, r.Bundle())
		if err != nil {
			return err
		}
		return showDigest(sh, db, d, c.JSON)
	})
}

type digestPauseCommand struct {
	whichDigest
}

// Run pauses a digest, or pulls the emergency brake.
func (c digestPauseCommand) Run(sh *shell) error {
	all, err := c.all()
	switch {
	case err != nil:
		return err
	case all:
		return sh.pullBrake()
	}
	return sh.act(c.Digest, func(db *store.Store) error { return db.PauseDigest(sh, c.Digest, "Paused from the command line.") })
}

type digestResumeCommand struct {
	whichDigest
	Yes            bool `help:"Also after a pause of more than 24 hours."`
	AcceptRefusals bool `help:"Take the answer it paused for as the readers' own: give up those who get it, and pause for it no more."`
}

// Run resumes a digest, or releases the emergency brake.
func (c digestResumeCommand) Run(sh *shell) error {
	all, err := c.all()
	switch {
	case err != nil:
		return err
	case all:
		return sh.releaseBrake()
	}
	if err := sh.act(c.Digest, c.resume(sh)); err != nil {
		return err
	}
	s, err := sh.settings()
	if err != nil {
		return err
	}
	return app.Wake(s, func(q *jobs.Client) { q.WakeDigest(sh, c.Digest) })
}

func (c digestResumeCommand) resume(sh *shell) func(*store.Store) error {
	return func(db *store.Store) error {
		if c.AcceptRefusals {
			if err := db.Tolerate(sh, c.Digest); err != nil {
				return err
			}
		}
		if c.Yes {
			return db.ResumeLate(sh, c.Digest)
		}
		return db.ResumeDigest(sh, c.Digest)
	}
}

type digestCancelCommand struct {
	Digest int64 `arg:"" help:"The digest's number."`
}

// Run cancels a digest.
func (c digestCancelCommand) Run(sh *shell) error {
	return sh.act(c.Digest, func(db *store.Store) error { return db.CancelDigest(sh, c.Digest, "Cancelled from the command line.") })
}

// act changes a digest and shows what it is now.
func (sh *shell) act(id int64, change func(*store.Store) error) error {
	return sh.withStore(func(db *store.Store, _ config.Settings) error {
		if err := change(db); err != nil {
			return err
		}
		return showNumber(sh, db, id, false)
	})
}
