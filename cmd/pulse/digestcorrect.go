package main

import (
	"github.com/collabpulse/weekly/internal/config"
	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/store"
)

type digestCorrectCommand struct {
	Digest int64  `arg:"" help:"The number of the digest that was wrong."`
	To     string `required:"" enum:"received,missed" help:"For whom: those who received it, or may have, or those who missed it."`
	JSON   bool   `help:"Print JSON."`
}

// Run makes a draft that corrects the digest.
func (c digestCorrectCommand) Run(sh *shell) error {
	to, err := digest.ParseAudience(c.To)
	if err != nil {
		return err
	}
	return sh.withStore(func(db *store.Store, _ config.Settings) error {
		d, err := db.CorrectDigest(sh, c.Digest, to, "")
		if err != nil {
			return err
		}
		return showDigest(sh, db, d, c.JSON)
	})
}
