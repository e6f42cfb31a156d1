// Package store is the only package that knows SQL. It keeps the service's
// nouns in SQLite or PostgreSQL, with one hand-written text for both.
//
// Its methods are the verbs of the domain (sign up, confirm, leave, compose,
// approve, claim, record), and each is one transaction: what belongs together is
// written together, such as a consent with the change it is evidence for and the
// letter that tells of it. No method reaches the network inside a transaction.
//
// The clock is injected and read once per transaction; SQL never asks the server
// for the time. Times are Unix milliseconds in UTC, 0 for none. Failures that a
// person can do something about come back as faults; every other error is
// internal and names the step that failed.
package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/collabpulse/weekly/internal/address"
)

// Store is an open database. It is safe for use by many goroutines.
type Store struct {
	write   *sql.DB // SQLite: one connection; PostgreSQL: the same pool as read
	read    *sql.DB
	dialect dialect
	dsn     string // what the driver opened; on SQLite the path
	now     func() time.Time
	zone    *time.Location
	hasher  address.Hasher
	ledgers ledgers
	turns   turns
	floors  floors
}

// Options are what Open needs besides the address of the database.
type Options struct {
	Now    func() time.Time // the clock; time.Now when nil
	Zone   *time.Location   // whose calendar tells a digest's day; UTC when nil
	Hasher address.Hasher
}

// Open connects to "sqlite:PATH" or "postgres://…". It changes nothing: call
// Migrate before anything else. A URL it cannot use is a fault.Invalid on the
// field "PULSE_DATABASE_URL".
func Open(ctx context.Context, url string, o Options) (*Store, error) {
	d, dsn, err := dialectOf(url)
	if err != nil {
		return nil, err
	}
	write, read, err := d.open(ctx, dsn)
	if err != nil {
		return nil, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	return &Store{write: write, read: read, dialect: d, dsn: dsn, now: o.Now, zone: o.Zone, hasher: o.Hasher, ledgers: newLedgers(d)}, nil
}

// Close releases every connection.
func (s *Store) Close() error {
	err := s.read.Close()
	if s.write == s.read {
		return err
	}
	if werr := s.write.Close(); werr != nil {
		return werr
	}
	return err
}

// Engine is "sqlite" or "postgres".
func (s *Store) Engine() string { return s.dialect.name }

// Ping asks the database a question, to see whether it answers.
func (s *Store) Ping(ctx context.Context) error {
	var one int
	return s.read.QueryRowContext(ctx, "SELECT 1").Scan(&one)
}

// tx is one write transaction with its one reading of the clock.
type tx struct {
	*sql.Tx
	store *Store
	now   time.Time
}

// update runs f in a write transaction: the one way to open one. It commits when
// f returns nil and rolls back otherwise. On SQLite the transaction takes the
// write lock at once (_txlock=immediate), so f never fails half way for want of
// it. On PostgreSQL a transaction that the server undid for serialization or
// deadlock is run once more.
func (s *Store) update(ctx context.Context, what string, f func(*tx) error) error {
	err := s.attempt(ctx, f)
	if err != nil && s.dialect.retryable(err) {
		err = s.attempt(ctx, f)
	}
	return wrap(what, err)
}

func (s *Store) attempt(ctx context.Context, f func(*tx) error) error {
	t, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer t.Rollback() // does nothing after a commit
	if err := f(&tx{Tx: t, store: s, now: s.now()}); err != nil {
		return err
	}
	return t.Commit()
}

// querier is what reads need: the read pool, or a transaction under way.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// scanner is one row, of a query for one or for many.
type scanner interface{ Scan(dest ...any) error }

// list runs a query and reads each row with scan.
func list[T any](ctx context.Context, q querier, scan func(scanner) (T, error), query string, args ...any) ([]T, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return collect(rows, scan)
}

// collect reads and closes the rows of a query.
func collect[T any](rows *sql.Rows, scan func(scanner) (T, error)) ([]T, error) {
	defer rows.Close()
	var all []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// wider is a row with further columns after those that a scan function knows.
type wider struct {
	row     scanner
	further []any
}

// Scan reads the columns that are known and the further ones.
func (w wider) Scan(dest ...any) error { return w.row.Scan(append(dest, w.further...)...) }

// scanID reads a row of one number.
func scanID(row scanner) (int64, error) {
	var id int64
	err := row.Scan(&id)
	return id, err
}

// wrap names the step that failed. Faults pass through with their kind.
func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("store: %s: %w", what, err)
}

// millis is how a time is stored.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// instant is how a stored time is read.
func instant(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
