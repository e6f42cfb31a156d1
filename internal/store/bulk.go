package store

import (
	"context"
	"database/sql"
	"strconv"
	"strings"

	"github.com/collabpulse/weekly/internal/address"
	"github.com/collabpulse/weekly/internal/consent"
	"github.com/collabpulse/weekly/internal/subscriber"
)

// chunk is how many rows one statement of an import carries. Every statement has
// exactly so many places, the last one filled up by repeating its last row, so
// there is one text of each to prepare. SQLite looks a $n up among all those
// before it, so that twice as many would cost it four times the preparing.
const chunk = 50

// bulk prepares a statement and runs it once per chunk of items. f binds one
// item; shared are the values of the places before.
func bulk[T, R any](ctx context.Context, t *tx, text string, shared []any, items []T, f func(T) []any, scan func(scanner) (R, error)) ([]R, error) {
	if len(items) == 0 {
		return nil, nil
	}
	statement, err := t.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	defer statement.Close()
	var all []R
	for first := 0; first < len(items); first += chunk {
		args := append(make([]any, 0, 512), shared...)
		for i := range chunk {
			args = append(args, f(items[min(first+i, len(items)-1)])...)
		}
		some, err := listPrepared(ctx, statement, scan, args)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

func listPrepared[R any](ctx context.Context, statement *sql.Stmt, scan func(scanner) (R, error), args []any) ([]R, error) {
	rows, err := statement.QueryContext(ctx, args...)
	if err != nil {
		return nil, err
	}
	return collect(rows, scan)
}

// repeated writes a row's text once per row of a chunk, numbering its ? from the
// place after the shared ones.
func repeated(row string, shared int) string {
	var b strings.Builder
	n := shared
	for i := range chunk {
		if i > 0 {
			b.WriteString(", ")
		}
		for _, r := range row {
			if r != '?' {
				b.WriteRune(r)
				continue
			}
			n++
			b.WriteString("$" + strconv.Itoa(n))
		}
	}
	return b.String()
}

// lookUp finds out what is known of each address of a batch, and holds the rows
// of known readers until the transaction ends.
func (t *tx) lookUp(ctx context.Context, b *batch) error {
	hashOf := func(a *arrival) []any { return []any{a.hash[:]} }
	known, err := bulk(ctx, t, selectReader+" WHERE address_hash IN ("+repeated("?", 0)+") ORDER BY id"+t.store.dialect.forUpdate,
		nil, b.arrivals, hashOf, scanReader)
	if err != nil {
		return err
	}
	for _, r := range known {
		b.by[r.hash].meet(r.Subscriber)
	}
	held, err := bulk(ctx, t, selectSuppression+" WHERE (until_at = 0 OR until_at > $1) AND address_hash IN ("+repeated("?", 1)+")",
		[]any{millis(t.now)}, b.arrivals, hashOf, scanSuppression)
	for _, e := range held {
		b.by[e.Address].banned = true
	}
	return err
}

// insertArrivals adds readers and returns the ids of those whom nobody else added
// in the meantime.
func (t *tx) insertArrivals(ctx context.Context, arrivals []*arrival) ([]int64, error) {
	return bulk(ctx, t, `INSERT INTO subscribers (created_at, changed_at, folding, address, address_hash, domain_group, state, topics,
			language, timezone, hour, cadence, link_key, leave_digest)
		VALUES `+repeated("($1, $1, $2, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", 2)+" ON CONFLICT (address_hash) DO NOTHING RETURNING id",
		[]any{millis(t.now), address.FoldingVersion}, arrivals, func(a *arrival) []any {
			key, leaveDigest := proofs()
			return []any{a.Address.String(), a.hash[:], a.Address.Group(), int(a.State), int64(a.Topics),
				a.Language, a.Timezone, a.WishedHour(), int(a.cadence()), key, leaveDigest}
		}, scanID)
}

// updateArrivals writes what a file changes in known readers and returns their ids.
func (t *tx) updateArrivals(ctx context.Context, arrivals []*arrival) ([]int64, error) {
	return bulk(ctx, t, `UPDATE subscribers SET state = v.column2, topics = v.column3, language = v.column4, timezone = v.column5, hour = v.column6, cadence = v.column7,
			changed_at = CASE WHEN state = v.column2 THEN changed_at ELSE $1 END
		FROM (VALUES `+repeated("(CAST(? AS BIGINT), CAST(? AS SMALLINT), CAST(? AS BIGINT), CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS SMALLINT), CAST(? AS SMALLINT))", 1)+`) AS v
		WHERE id = v.column1 RETURNING id`,
		[]any{millis(t.now)}, arrivals, func(a *arrival) []any {
			return []any{a.known.ID, int(a.State), int64(a.Topics), a.Language, a.Timezone, a.WishedHour(), int(a.cadence())}
		}, scanID)
}

// consents writes the same evidence for many readers.
func (t *tx) consents(ctx context.Context, ids []int64, kind consent.Kind, ev subscriber.Evidence) error {
	if len(ids) == 0 {
		return nil
	}
	wording, err := t.wording(ctx, ev.Wording)
	if err != nil {
		return err
	}
	ev = kept(ev)
	_, err = bulk(ctx, t, `INSERT INTO consents (subscriber_id, address_hash, kind, at, network, user_agent, page, wording_id)
		SELECT id, address_hash, CAST($1 AS SMALLINT), CAST($2 AS BIGINT), CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS TEXT), CAST($6 AS BIGINT)
		FROM subscribers WHERE id IN (`+repeated("?", 6)+") RETURNING id",
		[]any{int(kind), millis(t.now), ev.Network, ev.UserAgent, ev.Page, wording}, ids,
		func(id int64) []any { return []any{id} }, scanID)
	return err
}
