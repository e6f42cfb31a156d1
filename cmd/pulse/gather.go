package main

import (
	"github.com/collabpulse/weekly/internal/app"
	"github.com/collabpulse/weekly/internal/config"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/store"
)

type gatherCommand struct {
	Due  bool `help:"Only the sources whose turn it is."`
	JSON bool `help:"Print JSON, one object a source."`
}

// Run looks at every active source, one after another, and says what it found.
// A source that fails keeps the others going; the exit status then says so.
func (c gatherCommand) Run(sh *shell) error {
	return sh.withStore(func(db *store.Store, s config.Settings) error {
		ids, err := c.choose(sh, db)
		if err != nil {
			return err
		}
		gatherer := app.Gatherer(s, db, app.Quiet())
		failed := 0
		for _, id := range ids {
			if _, err := gatherer.Gather(sh, id); err != nil {
				return err
			}
			src, err := db.Source(sh, id)
			if err != nil {
				return err
			}
			if src.Error != "" {
				failed++
			}
			if err := (sourceListCommand{JSON: c.JSON}).line(sh, src); err != nil {
				return err
			}
		}
		if failed > 0 {
			return fault.New(fault.Unavailable, "%d of %d sources failed; they are tried again by and by.", failed, len(ids))
		}
		return nil
	})
}

func (c gatherCommand) choose(sh *shell, db *store.Store) ([]int64, error) {
	if c.Due {
		return db.DueSources(sh)
	}
	all, err := db.Sources(sh)
	if err != nil {
		return nil, err
	}
	var ids []int64
	for _, s := range all {
		if s.Active {
			ids = append(ids, s.ID)
		}
	}
	return ids, nil
}
