package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"strings"
	"time"

	"github.com/gofrs/flock"
	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // the "pgx" driver
	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/migrations"
)

// dialect is all that differs between the two engines.
type dialect struct {
	name       string
	goose      goose.Dialect
	migrations func() fs.FS
	skipLocked string                    // ends the inner SELECT of a claim
	forUpdate  string                    // ends a SELECT whose row is about to change
	keyShare   string                    // ends a SELECT whose row must not be deleted meanwhile
	forShare   string                    // ends a SELECT whose row must not change meanwhile
	analyze    string                    // counts tables anew; "" where plans do not hang on it
	among      func(query string) string // equal to one of the values that a query finds, which runs once
	like       string                    // the case-insensitive match operator
	open       func(ctx context.Context, dsn string) (write, read *sql.DB, err error)
	// alone waits until no other process readies the database or changes its schema.
	alone     func(ctx context.Context, dsn string) (release func() error, err error)
	unique    func(error) bool // a UNIQUE or PRIMARY KEY constraint refused it
	retryable func(error) bool // running the transaction again may work
}

var sqliteDialect = dialect{
	name:       "sqlite",
	goose:      goose.DialectSQLite3,
	migrations: migrations.SQLite,
	among:      func(query string) string { return "IN (" + query + ")" },
	like:       "LIKE",
	open:       openSQLite,
	alone:      lockFile,
	unique: func(err error) bool {
		e, ok := errors.AsType[*sqlite.Error](err)
		return ok && (e.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || e.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
	},
	retryable: func(error) bool { return false },
}

var postgresDialect = dialect{
	name:       "postgres",
	goose:      goose.DialectPostgres,
	migrations: migrations.Postgres,
	skipLocked: " FOR UPDATE SKIP LOCKED",
	forUpdate:  " FOR UPDATE",
	keyShare:   " FOR KEY SHARE",
	forShare:   " FOR SHARE",
	analyze:    "ANALYZE ",
	among:      func(query string) string { return "= ANY (ARRAY(" + query + "))" },
	like:       "ILIKE",
	open:       openPostgres,
	alone:      func(context.Context, string) (func() error, error) { return func() error { return nil }, nil }, // goose locks the session
	unique:     func(err error) bool { return pgCode(err) == "23505" },
	retryable:  func(err error) bool { c := pgCode(err); return c == "40001" || c == "40P01" },
}

func pgCode(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return ""
}

func dialectOf(url string) (dialect, string, error) {
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok && path != "" {
		return sqliteDialect, path, nil
	}
	if strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://") {
		return postgresDialect, url, nil
	}
	return dialect{}, "", fault.Field("PULSE_DATABASE_URL", "PULSE_DATABASE_URL must be sqlite:PATH or postgres://user@host/database.")
}

// openSQLite opens one connection that writes and a few that read. A connection
// waits ten seconds for the lock, which a command beside a running server may hold.
// Only the one that writes keeps many pages: another forgets all it knows whenever
// something was written, which in the middle of a send is always.
func openSQLite(ctx context.Context, path string) (write, read *sql.DB, err error) {
	dsn := func(cacheKiB int, extra string) string {
		q := url.Values{"_pragma": {
			"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)",
			"foreign_keys(ON)", fmt.Sprintf("cache_size(-%d)", cacheKiB), "temp_store(MEMORY)",
		}}
		return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode() + extra
	}
	if write, err = sql.Open("sqlite", dsn(16_000, "&_txlock=immediate")); err != nil {
		return nil, nil, wrap("open", err)
	}
	write.SetMaxOpenConns(1)
	if err := firstUse(ctx, write, path); err != nil {
		write.Close()
		return nil, nil, wrap("open", err)
	}
	if read, err = sql.Open("sqlite", dsn(1000, "&mode=ro")); err != nil {
		write.Close()
		return nil, nil, wrap("open", err)
	}
	read.SetMaxOpenConns(4)
	return write, read, nil
}

// firstUse makes a connection, which turns a new file's journal to WAL. SQLite does
// not wait while another process does that too, whatever the busy timeout.
func firstUse(ctx context.Context, write *sql.DB, path string) error {
	release, err := lockFile(ctx, path)
	if err != nil {
		return err
	}
	return errors.Join(write.PingContext(ctx), release())
}

// lockFile holds a file beside the database. It stays there: a lock whose file is
// removed is no lock to whoever has it open already.
func lockFile(ctx context.Context, path string) (release func() error, err error) {
	lock := flock.New(path + ".migrate.lock")
	if _, err := lock.TryLockContext(ctx, 20*time.Millisecond); err != nil {
		return nil, err
	}
	return lock.Unlock, nil
}

func openPostgres(ctx context.Context, dsn string) (write, read *sql.DB, err error) {
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		return nil, nil, fault.Wrap(fault.Invalid, err, "PULSE_DATABASE_URL is not a PostgreSQL address.")
	}
	db.SetMaxOpenConns(16)
	db.SetMaxIdleConns(16)
	db.SetConnMaxLifetime(time.Hour)
	if err := db.PingContext(ctx); err != nil {
		db.Close()
		return nil, nil, fault.Wrap(fault.Unavailable, err, "PostgreSQL does not answer; check PULSE_DATABASE_URL and that the server runs.")
	}
	return db, db, nil
}
