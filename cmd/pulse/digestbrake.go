package main

import (
	"github.com/collabpulse/weekly/internal/app"
	"github.com/collabpulse/weekly/internal/config"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/jobs"
	"github.com/collabpulse/weekly/internal/store"
)

// whichDigest is one digest, or all of them by the emergency brake.
type whichDigest struct {
	Digest int64 `arg:"" optional:"" help:"The digest's number."`
	All    bool  `help:"The emergency brake: every digest, and none starts until it is released."`
}

// all reports whether every digest is meant; an error when neither it nor one is, or
// both are.
func (w whichDigest) all() (bool, error) {
	if w.All == (w.Digest != 0) {
		return false, fault.Field("digest", "Name one digest by its number, or say --all.")
	}
	return w.All, nil
}

// pullBrake stops every digest.
func (sh *shell) pullBrake() error {
	return sh.withStore(func(db *store.Store, _ config.Settings) error {
		if err := db.PullBrake(sh, "the command line"); err != nil {
			return err
		}
		sh.printf("The emergency brake is on: no digest goes out and none starts.\nRelease it with \"pulse digest resume --all\".\n")
		return nil
	})
}

// releaseBrake lets digests go out again.
func (sh *shell) releaseBrake() error {
	return sh.withStore(func(db *store.Store, s config.Settings) error {
		resumed, err := db.ReleaseBrake(sh)
		if err != nil {
			return err
		}
		sh.printf("The emergency brake is off. Digests that go on: %d.\n", len(resumed))
		return app.Wake(s, func(q *jobs.Client) {
			for _, id := range resumed {
				q.WakeDigest(sh, id)
			}
		})
	})
}
