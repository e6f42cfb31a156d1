package app

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"

	"github.com/collabpulse/weekly/internal/fault"
)

// openLock makes sure that one process alone serves from embedded parts, which
// cannot be shared: it holds the data folder, and the database if that is a file,
// which may lie elsewhere.
func (a *App) openLock(context.Context) error {
	if !a.Settings.Embedded() {
		return nil
	}
	dir := a.Settings.DataDir
	if err := a.lock(filepath.Join(dir, "serve.lock"), dir, "set PULSE_DATA_DIR to another folder"); err != nil || !a.Settings.OnSQLite() {
		return err
	}
	file := databasePath(a.Settings)
	if real, err := filepath.EvalSymlinks(file); err == nil {
		file = real
	}
	return a.lock(file+".lock", file, "set PULSE_DATABASE_URL to another file")
}

// lock holds a file until the app is closed. It goes with the process, however
// that ends.
func (a *App) lock(file, what, otherwise string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return fmt.Errorf("app: the folder of %s: %w", file, err)
	}
	lock := flock.New(file)
	held, err := lock.TryLock()
	if err != nil {
		return fmt.Errorf("app: locking %s: %w", file, err)
	}
	if !held {
		return fault.New(fault.Conflict, "Another pulse already serves from %s; stop it first, or %s.", what, otherwise)
	}
	a.onClose(lock.Unlock)
	return nil
}
