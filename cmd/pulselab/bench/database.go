package bench

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the "pgx" driver; the store brings "sqlite"
)

// database is one that nobody else uses, for the length of a run.
type database struct {
	url        string
	db         *sql.DB
	postmaster int // 0 on SQLite, or when the server is on another machine
	drop       func() error
}

// newDatabase makes one: a file in the folder, or a database beside the one that a
// postgres URL names. A sqlite URL names a file that must not be there yet and
// stays, to be looked at afterwards.
func newDatabase(ctx context.Context, raw, folder string) (*database, error) {
	if strings.HasPrefix(raw, "postgres") {
		return newPostgres(ctx, raw)
	}
	path, ok := strings.CutPrefix(raw, "sqlite:")
	if !ok && raw != "" {
		return nil, fmt.Errorf("bench: a database is sqlite:PATH or postgres://…")
	}
	if path == "" {
		path = filepath.Join(folder, "bench.db")
	}
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(10000)")
	if err != nil {
		return nil, err
	}
	return &database{url: "sqlite:" + path, db: db, drop: func() error { return nil }}, nil
}

func newPostgres(ctx context.Context, raw string) (*database, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("bench: the database's URL cannot be read") // err would show a password
	}
	server, err := sql.Open("pgx", raw)
	if err != nil {
		return nil, err
	}
	name := "pulselab_" + strings.ToLower(rand.Text()[:12])
	if _, err := server.ExecContext(ctx, "CREATE DATABASE "+name); err != nil {
		server.Close()
		return nil, err
	}
	u.Path = "/" + name
	own, err := sql.Open("pgx", u.String())
	if err != nil {
		return nil, err
	}
	drop := func() error {
		defer server.Close()
		_, err := server.ExecContext(context.WithoutCancel(ctx), "DROP DATABASE "+name+" WITH (FORCE)")
		return err
	}
	d := &database{url: u.String(), db: own, drop: drop}
	var backend int
	if err := server.QueryRowContext(ctx, "SELECT pg_backend_pid()").Scan(&backend); err != nil {
		return d, err
	}
	d.postmaster, _ = postmasterOf(backend) // 0 when it runs elsewhere: its processor time is not known
	return d, nil
}

// close drops the database.
func (d *database) close() error {
	d.db.Close()
	return d.drop()
}

// settle gives the planner its figures after the import, as a database that was
// filled over months has them.
func (d *database) settle(ctx context.Context) error {
	statement := "ANALYZE"
	if strings.HasPrefix(d.url, "postgres") {
		statement = "VACUUM (ANALYZE)"
	}
	_, err := d.db.ExecContext(ctx, statement)
	return err
}

// cpu is the processor time of the database's server: all of it, whoever else it
// serves. SQLite works inside of pulse and has none of its own.
func (d *database) cpu() (time.Duration, error) {
	if d.postmaster == 0 {
		return 0, nil
	}
	return cpuOfFamily(d.postmaster)
}

// times are when rows of a digest were settled, in Unix ms.
type times struct{ first, tenth, ninetieth, last int64 }

// recorded asks the ledger when the first and the last row were settled, and when a
// tenth and nine tenths were. It reads every row, so it is asked once, at the end.
func (d *database) recorded(ctx context.Context, digest int64, rows int) (t times, err error) {
	for _, place := range []struct {
		at int
		ms *int64
	}{{0, &t.first}, {rows / 10, &t.tenth}, {rows * 9 / 10, &t.ninetieth}, {rows - 1, &t.last}} {
		err = d.db.QueryRowContext(ctx, "SELECT changed_at FROM deliveries WHERE digest_id = $1 ORDER BY changed_at LIMIT 1 OFFSET $2",
			digest, place.at).Scan(place.ms)
		if err != nil {
			return t, err
		}
	}
	return t, nil
}
