package main

import (
	"github.com/collabpulse/weekly/internal/app"
	"github.com/collabpulse/weekly/internal/fault"
)

type migrateCommand struct {
	Down   bool `help:"Undo every migration. All data is lost."`
	Really bool `help:"Confirm --down."`
}

// Run migrates, and says from where to where.
func (c migrateCommand) Run(sh *shell) error {
	s, err := sh.settings()
	if err != nil {
		return err
	}
	db, err := app.ConnectStore(sh, s)
	if err != nil {
		return err
	}
	defer db.Close()
	before, _, err := db.SchemaVersion(sh)
	if err != nil {
		return err
	}
	if c.Down && !c.Really {
		return fault.New(fault.Invalid, "Undoing the migrations deletes every subscriber, consent and digest. Add --really if that is what you want.")
	}
	if c.Down {
		err = db.MigrateDown(sh)
	} else {
		err = db.Migrate(sh)
	}
	if err != nil {
		return err
	}
	after, latest, err := db.SchemaVersion(sh)
	sh.printf("Schema on %s: version %d → %d of %d.\n", db.Engine(), before, after, latest)
	return err
}
