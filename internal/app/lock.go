package app

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"

	"github.com/collabpulse/weekly/internal/fault"
)

// lockDataDir makes sure that one process alone serves from the folder: the
// embedded parts cannot be shared. The lock goes with the process, however it ends.
func lockDataDir(dir string) (unlock func() error, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("app: the data folder: %w", err)
	}
	lock := flock.New(filepath.Join(dir, "serve.lock"))
	held, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("app: locking the data folder: %w", err)
	}
	if !held {
		return nil, fault.New(fault.Conflict, "Another pulse already serves from %s; stop it first, or set PULSE_DATA_DIR to another folder.", dir)
	}
	return lock.Unlock, nil
}
