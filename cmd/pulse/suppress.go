package main

import (
	"time"

	"github.com/collabpulse/weekly/internal/address"
	"github.com/collabpulse/weekly/internal/config"
	"github.com/collabpulse/weekly/internal/store"
	"github.com/collabpulse/weekly/internal/suppression"
)

type suppressCommand struct {
	Add    suppressAddCommand    `cmd:"" help:"Never mail an address again."`
	List   suppressListCommand   `cmd:"" help:"List suppressions; addresses are kept as hashes only."`
	Remove suppressRemoveCommand `cmd:"" help:"Allow an address to be mailed again."`
}

type suppressAddCommand struct {
	Address string `arg:"" help:"The address."`
	Reason  string `default:"manual" help:"manual, complaint, hard-bounce, not-me, unsubscribed or erased."`
	Note    string `help:"A remark for later, without personal data."`
}

// Run adds a suppression.
func (c suppressAddCommand) Run(sh *shell) error {
	to, err := address.Parse(c.Address)
	if err != nil {
		return err
	}
	reason, err := suppression.ParseReason(c.Reason)
	if err != nil {
		return err
	}
	return sh.withStore(func(db *store.Store, _ config.Settings) error {
		if err := db.Suppress(sh, to, reason, c.Note); err != nil {
			return err
		}
		sh.printf("Suppressed (%s). It will not be mailed.\n", reason)
		return nil
	})
}

type suppressListCommand struct {
	JSON  bool `help:"Print JSON, one object a line."`
	Limit int  `default:"1000" help:"At most so many, newest first."`
}

// Run lists suppressions.
func (c suppressListCommand) Run(sh *shell) error {
	return sh.withStore(func(db *store.Store, _ config.Settings) error {
		all, err := db.Suppressions(sh, c.Limit)
		if err != nil {
			return err
		}
		for _, s := range all {
			until := "for good"
			if !s.Until.IsZero() {
				until = "until " + s.Until.Format(time.DateOnly)
			}
			if !c.JSON {
				sh.printf("%s  %-12s since %s, %s  %s\n", s.Address.String()[:16], s.Reason, s.Since.Format(time.DateOnly), until, s.Note)
				continue
			}
			row := map[string]any{"address_hash": s.Address.String(), "reason": s.Reason.String(), "since": s.Since, "until": s.Until, "note": s.Note}
			if err := sh.json(row); err != nil {
				return err
			}
		}
		return nil
	})
}

type suppressRemoveCommand struct {
	Address string `arg:"" help:"The address."`
}

// Run lifts every suppression of an address.
func (c suppressRemoveCommand) Run(sh *shell) error {
	to, err := address.Parse(c.Address)
	if err != nil {
		return err
	}
	return sh.withStore(func(db *store.Store, _ config.Settings) error {
		if err := db.Unsuppress(sh, to); err != nil {
			return err
		}
		sh.printf("It may be mailed again: whoever had confirmed gets digests from now on, anybody else once they confirm.\n")
		return nil
	})
}
