package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"github.com/collabpulse/weekly/internal/address"
	"github.com/collabpulse/weekly/internal/link"
	"github.com/collabpulse/weekly/internal/subscriber"
)

// Subscriber reads one reader, erased ones too. An unknown id is a fault.NotFound.
func (s *Store) Subscriber(ctx context.Context, id int64) (subscriber.Subscriber, error) {
	one, err := scanSubscriber(s.read.QueryRowContext(ctx, selectReader+" WHERE id = $1", id))
	return one, wrap("subscriber", noRows(err, noSubscriber))
}

// Subscribers lists a page, the newest first. Search text finds the address it
// names, however it is spelled, and the addresses it begins.
func (s *Store) Subscribers(ctx context.Context, search subscriber.Search) ([]subscriber.Subscriber, error) {
	var w where
	if search.State != nil {
		w.and("state = ?", int(*search.State))
	}
	if search.Before > 0 {
		w.and("id < ?", search.Before)
	}
	if text := strings.TrimSpace(search.Text); text != "" {
		w.or("address "+s.dialect.like+` ? ESCAPE '\'`, searched(text)+"%")
		if a, err := address.Parse(text); err == nil {
			hash := s.hasher.Hash(a)
			w.or("address_hash = ?", hash[:])
		}
	}
	all, err := list(ctx, s.read, scanSubscriber, selectReader+w.sql()+" ORDER BY id DESC LIMIT "+w.bind(pageOf(search.Limit)), w.args...)
	return all, wrap("subscribers", err)
}

// CountSubscribers counts them by state; a state nobody is in is missing.
func (s *Store) CountSubscribers(ctx context.Context) (map[subscriber.State]int, error) {
	type count struct {
		state subscriber.State
		n     int
	}
	counts, err := list(ctx, s.read, func(row scanner) (c count, err error) {
		err = row.Scan(&c.state, &c.n)
		return c, err
	}, "SELECT state, COUNT(*) FROM subscribers GROUP BY state")
	by := make(map[subscriber.State]int, len(counts))
	for _, c := range counts {
		by[c.state] = c.n
	}
	return by, wrap("count subscribers", err)
}

const noSubscriber = "There is no such subscriber."

// reader is a subscriber with the two digests that never leave the store.
type reader struct {
	subscriber.Subscriber
	hash        address.Hash // zero once erased
	leaveDigest []byte
}

const selectReader = `SELECT id, address, state, topics, language, timezone, hour, plain, cadence, paused_until, moves, link_key,
	asked_at, created_at, changed_at, address_hash, leave_digest FROM subscribers`

func scanReader(row scanner) (reader, error) {
	var r reader
	var to string
	var key, hash []byte
	var paused, asked, created, changed int64
	err := row.Scan(&r.ID, &to, &r.State, &r.Topics, &r.Language, &r.Timezone, &r.Hour, &r.Plain, &r.Cadence, &paused, &r.Moves, &key,
		&asked, &created, &changed, &hash, &r.leaveDigest)
	if err != nil {
		return r, err
	}
	copy(r.Key[:], key)
	copy(r.hash[:], hash)
	r.PausedUntil, r.AskedAt, r.Created, r.Changed = instant(paused), instant(asked), instant(created), instant(changed)
	r.Address, err = storedAddress(to)
	return r, err
}

func scanSubscriber(row scanner) (subscriber.Subscriber, error) {
	r, err := scanReader(row)
	return r.Subscriber, err
}

// reader reads a subscriber who is about to change and holds the row until the
// transaction ends; sql.ErrNoRows when there is none.
func (t *tx) reader(ctx context.Context, id int64) (reader, error) {
	return scanReader(t.QueryRowContext(ctx, selectReader+" WHERE id = $1"+t.store.dialect.forUpdate, id))
}

// readerAt is reader by address; found is false when nobody has it.
func (t *tx) readerAt(ctx context.Context, hash address.Hash) (r reader, found bool, err error) {
	r, err = scanReader(t.QueryRowContext(ctx, selectReader+" WHERE address_hash = $1"+t.store.dialect.forUpdate, hash[:]))
	if errors.Is(err, sql.ErrNoRows) {
		return reader{}, false, nil
	}
	return r, err == nil, err
}

// setState moves a subscriber on. Who stops reading keeps the end of their pause, in
// case they come back; see comeBack.
func (t *tx) setState(ctx context.Context, id int64, to subscriber.State) error {
	_, err := t.ExecContext(ctx, moveOn, int(to), millis(t.now), id)
	return err
}

var moveOn = inNumbers(`UPDATE subscribers SET state = CAST($1 AS SMALLINT), changed_at = $2,
	paused_until = CASE WHEN CAST($1 AS SMALLINT) IN ({reader paused}, {reader unsubscribed}, {reader suppressed}) THEN paused_until ELSE 0 END WHERE id = $3`)

// comeBack has a subscriber read again as before: on a pause, if its end is to come.
func (t *tx) comeBack(ctx context.Context, r reader) error {
	if r.PausedUntil.After(t.now) {
		return t.setState(ctx, r.ID, subscriber.Paused)
	}
	return t.setState(ctx, r.ID, subscriber.Active)
}

// proofs are a new subscriber's link key and the digest that outlives it.
func proofs() (key, leaveDigest []byte) {
	k := link.NewKey()
	digest := k.Tag(link.Leave).Digest()
	return k[:], digest[:]
}
