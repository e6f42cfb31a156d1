// Package storetest gives tests a real, migrated database of their own on each
// engine: SQLite always, PostgreSQL when PULSE_TEST_POSTGRES_URL names a server.
package storetest

import (
	"context"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/collabpulse/weekly/internal/address"
	"github.com/collabpulse/weekly/internal/store"
)

// Start is when a test's clock starts: a Monday, the day before the default slot.
var Start = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

// Clock is a clock that tests move by hand.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock is a clock that stands at Start.
func NewClock() *Clock { return &Clock{now: Start} }

// Now is the time it shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves it.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Hasher is the address hasher of test databases.
func Hasher() address.Hasher { return address.NewHasher([]byte("an address key for tests only")) }

// Each runs f once per engine as a parallel subtest, on an empty migrated
// database of its own.
func Each(t *testing.T, f func(t *testing.T, s *store.Store, c *Clock)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		c, url := NewClock(), SQLiteURL(t)
		f(t, Open(t, url, c), c)
		wantQueuedRowsFound(t, url)
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		c, url := NewClock(), PostgresURL(t)
		f(t, Open(t, url, c), c)
		wantQueuedRowsFound(t, url)
	})
}

// Open opens and migrates the database at the URL and closes it with the test.
func Open(t testing.TB, databaseURL string, c *Clock) *store.Store {
	t.Helper()
	lay(t, databaseURL)
	s, err := store.Open(context.Background(), databaseURL, store.Options{Now: c.Now, Hasher: Hasher()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if err := s.Migrate(context.Background()); err != nil {
		t.Fatal(err)
	}
	return s
}

// SQLiteURL names a database file in the test's own folder.
func SQLiteURL(t testing.TB) string {
	return "sqlite:" + filepath.Join(t.TempDir(), "pulse.db")
}
