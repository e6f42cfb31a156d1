package faults

import (
	"context"
	"database/sql"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "modernc.org/sqlite"             // the driver "sqlite"

	"github.com/collabpulse/weekly/internal/address"
	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/link"
	"github.com/collabpulse/weekly/internal/store"
)

// books is the installation's database as the harness reads it: with its own SQL,
// so that an error in the product's cannot hide itself.
type books struct {
	url string
	db  *sql.DB
}

func openBooks(g *ground) (*books, error) {
	driver, source := "pgx", g.database
	if path, ok := strings.CutPrefix(g.database, "sqlite:"); ok {
		driver, source = "sqlite", "file:"+path+"?_pragma=busy_timeout(10000)"
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(2)
	return &books{url: g.database, db: db}, nil
}

// Close closes the database.
func (b *books) Close() { b.db.Close() }

// reader is an imported reader with what their leave link is made of.
type reader struct {
	id      int64
	address string
	key     link.Key
}

func (b *books) readers(ctx context.Context) (all []reader, err error) {
	rows, err := b.db.QueryContext(ctx, "SELECT id, address, link_key FROM subscribers WHERE state = 1 ORDER BY id")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var r reader
		var key []byte
		if err := rows.Scan(&r.id, &r.address, &key); err != nil {
			return nil, err
		}
		copy(r.key[:], key)
		all = append(all, r)
	}
	return all, rows.Err()
}

// rows are the deliveries of a digest by reader; strays belong to nobody known.
func (b *books) rows(ctx context.Context, digest string, readers []reader) (byReader map[string]Row, strays int, err error) {
	names := make(map[int64]string, len(readers))
	for _, r := range readers {
		names[r.id] = r.address
	}
	rows, err := b.db.QueryContext(ctx, "SELECT subscriber_id, state, reason, doubts FROM deliveries WHERE digest_id = "+digest)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	byReader = map[string]Row{}
	for rows.Next() {
		var id int64
		var r Row
		if err := rows.Scan(&id, &r.State, &r.Reason, &r.Doubts); err != nil {
			return nil, 0, err
		}
		if names[id] == "" {
			strays++
		}
		byReader[names[id]] = r
	}
	return byReader, strays, rows.Err()
}

// progress is what is left to do: rows that wait for their time, and rows that
// are due or in somebody's hands.
func (b *books) progress(ctx context.Context, digest string, now time.Time) (waiting, busy int, err error) {
	err = b.db.QueryRowContext(ctx, `SELECT COUNT(CASE WHEN state = 0 AND due_at > $1 THEN 1 END),
		COUNT(CASE WHEN state IN (1, 2) OR state = 0 AND due_at <= $1 THEN 1 END) FROM deliveries WHERE digest_id = `+digest,
		now.UnixMilli()).Scan(&waiting, &busy)
	return waiting, busy, err
}

// hurry makes every row due now that was put off, so that a run need not last the
// minutes that the product grants a relay. What is due since the launch is left as
// it is, even where the clock says that the launch is still to come.
func (b *books) hurry(ctx context.Context, digest string, now time.Time) error {
	_, err := b.db.ExecContext(ctx, "UPDATE deliveries SET due_at = $1 WHERE state = 0 AND due_at > $1 AND digest_id = "+digest+
		" AND due_at <> (SELECT launched_at FROM digests WHERE id = "+digest+")", now.UnixMilli())
	return err
}

func (b *books) workers(ctx context.Context) (ids []int64, err error) {
	rows, err := b.db.QueryContext(ctx, "SELECT id FROM workers ORDER BY id")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// busiest is the worker that holds most of a digest's rows, 0 when nobody holds any.
func (b *books) busiest(ctx context.Context, digest string) (id int64) {
	b.db.QueryRowContext(ctx, `SELECT worker FROM deliveries WHERE state IN (1, 2) AND digest_id = `+digest+`
		GROUP BY worker ORDER BY COUNT(*) DESC LIMIT 1`).Scan(&id)
	return id
}

// sweep takes back what the workers held by the call that the product's sweep
// makes once a lease has run out.
func (b *books) sweep(ctx context.Context, workers ...int64) error {
	s, err := store.Open(ctx, b.url, store.Options{Now: time.Now, Hasher: address.NewHasher(nil)})
	if err != nil {
		return err
	}
	defer s.Close()
	for _, id := range workers {
		if _, err := s.Reclaim(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// counts are the states of a digest in the product's own words.
func counts(shown map[string]any) map[delivery.State]int {
	n := map[delivery.State]int{}
	for _, state := range []delivery.State{delivery.Sent, delivery.Failed, delivery.Skipped, delivery.Unknown} {
		f, _ := shown[state.String()].(float64)
		n[state] = int(f)
	}
	return n
}
