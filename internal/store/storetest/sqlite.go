package storetest

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/collabpulse/weekly/internal/store"
)

// migrated is the file of a migrated, empty SQLite database. It is made once for all
// tests of a package: under the race detector the migrations take longer than most tests.
var migrated = sync.OnceValues(func() (file []byte, err error) {
	dir, err := os.MkdirTemp("", "pulse-storetest-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "pulse.db")
	s, err := store.Open(context.Background(), "sqlite:"+path, store.Options{Hasher: Hasher()})
	if err != nil {
		return nil, err
	}
	if err := errors.Join(s.Migrate(context.Background()), s.Close()); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// lay puts a migrated database where a test is about to open one that is not there yet.
func lay(t testing.TB, databaseURL string) {
	t.Helper()
	path, ok := strings.CutPrefix(databaseURL, "sqlite:")
	if _, err := os.Stat(path); !ok || !errors.Is(err, fs.ErrNotExist) {
		return
	}
	file, err := migrated()
	if err == nil {
		err = os.WriteFile(path, file, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
