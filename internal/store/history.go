package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/fault"
)

// historyChunk is how many rows of a digest one transaction moves or deletes.
const historyChunk = 2000

// sums are what is kept of a digest's rows when they move.
type sums struct {
	Tally  delivery.Tally   `json:"tally"`
	Causes []delivery.Cause `json:"causes"`
}

// MoveDeliveries moves the next rows of a digest that is over for longer than so
// long to the history, and returns how many. Each row moves in the transaction that
// takes it away, so it is always in one place; and the digest's sums are kept with
// the first, so what is shown of it does not change. None means that there is
// nothing to move now.
func (s *Store) MoveDeliveries(ctx context.Context, after time.Duration) (moved int, err error) {
	return s.withOldest(ctx, "move deliveries", inLedger, after, func(t *tx, id int64) (int, error) {
		if err := t.keepSums(ctx, id); err != nil {
			return 0, err
		}
		return t.clear(ctx, id, selectLedgerChunk, inHistory, moveChunk, deleteMoved)
	})
}

// PurgeHistory deletes the next rows from the history of a digest that is over for
// longer than so long, and returns how many.
func (s *Store) PurgeHistory(ctx context.Context, after time.Duration) (deleted int, err error) {
	return s.withOldest(ctx, "purge history", inHistory, after, func(t *tx, id int64) (int, error) {
		return t.clear(ctx, id, selectHistoryChunk, inNowhere, deleteHistory)
	})
}

// Where a digest's rows are.
const (
	inLedger  = 0
	inHistory = 1
	inNowhere = 2
)

// withOldest does something to the rows of the digest that is over for longest,
// among those whose rows are in a place, while its own row is held: so two who do
// that at once take turns.
func (s *Store) withOldest(ctx context.Context, what string, place int, after time.Duration, do func(*tx, int64) (int, error)) (rows int, err error) {
	err = s.update(ctx, what, func(t *tx) error {
		id, err := scanID(t.QueryRowContext(ctx, selectOver+t.store.dialect.forUpdate, place, millis(t.now.Add(-after))))
		if errors.Is(err, sql.ErrNoRows) {
			rows = 0
			return nil
		}
		if err != nil {
			return err
		}
		rows, err = do(t, id)
		return err
	})
	return rows, err
}

// selectOver takes: $1 where the rows are, $2 since when the digest must be over. A
// digest that was cancelled counts from its launch, and waits while something of it
// is still on the wire.
var selectOver = inNumbers(`SELECT id FROM digests d WHERE rows_in = $1 AND launched_at > 0
	AND (state = {digest sent} AND finished_at < $2 OR state = {digest cancelled} AND launched_at < $2
		AND NOT EXISTS (SELECT 1 FROM deliveries r WHERE r.digest_id = d.id AND r.state IN ({queued}, {claimed}, {handing})))
	ORDER BY id LIMIT 1`)

// keepSums keeps a digest's sums before its first row moves.
func (t *tx) keepSums(ctx context.Context, id int64) error {
	kept, err := sumsOf(ctx, t, id)
	if err != nil || kept != nil {
		return err
	}
	var n sums
	if n.Tally, err = tally(ctx, t, id); err != nil {
		return err
	}
	if n.Causes, err = causes(ctx, t, id); err != nil {
		return err
	}
	text, err := json.Marshal(n)
	if err != nil {
		return err
	}
	_, err = t.ExecContext(ctx, "UPDATE digests SET sums = $1 WHERE id = $2", string(text), id)
	return err
}

// settleableStill is a fault.Conflict once a digest's rows have begun to move: its
// sums are final then, and a copy sent once more would never be counted.
func (t *tx) settleableStill(ctx context.Context, id int64) error {
	kept, err := sumsOf(ctx, t, id)
	if err == nil && kept != nil {
		return fault.New(fault.Conflict, "This digest is over for so long that its copies in doubt stay as they are.")
	}
	return err
}

// sumsOf are the sums that were kept of a digest, nil while its rows have them.
func sumsOf(ctx context.Context, q querier, id int64) (*sums, error) {
	var text string
	err := q.QueryRowContext(ctx, "SELECT sums FROM digests WHERE id = $1", id).Scan(&text)
	if err != nil || text == "" {
		return nil, err
	}
	kept := new(sums)
	return kept, json.Unmarshal([]byte(text), kept)
}

// clear runs some texts over the next rows of a digest, up to the last that chunk
// names, and notes where its rows are once there are none left.
func (t *tx) clear(ctx context.Context, id int64, chunk string, then int, texts ...string) (rows int, err error) {
	upTo, err := scanID(t.QueryRowContext(ctx, chunk, id, historyChunk))
	if err != nil {
		return 0, err
	}
	if upTo == 0 {
		_, err = t.ExecContext(ctx, "UPDATE digests SET rows_in = $1 WHERE id = $2", then, id)
		return 1, err // so that whoever asks for the next one asks again
	}
	for _, text := range texts {
		if rows, err = t.changed(ctx, text, id, upTo); err != nil {
			return 0, err
		}
	}
	return rows, nil
}

// The texts take: $1 digest, and the chunks $2 how many rows, the others $2 the last.
const (
	selectLedgerChunk  = "SELECT COALESCE(MAX(subscriber_id), 0) FROM (SELECT subscriber_id FROM deliveries WHERE digest_id = $1 ORDER BY subscriber_id LIMIT $2) AS chunk"
	selectHistoryChunk = "SELECT COALESCE(MAX(subscriber_id), 0) FROM (SELECT subscriber_id FROM delivery_history WHERE digest_id = $1 ORDER BY subscriber_id LIMIT $2) AS chunk"
	moveChunk          = `INSERT INTO delivery_history (digest_id, subscriber_id, state, reason, code, doubts)
		SELECT digest_id, subscriber_id, state, reason, code, doubts FROM deliveries WHERE digest_id = $1 AND subscriber_id <= $2`
	deleteMoved   = "DELETE FROM deliveries WHERE digest_id = $1 AND subscriber_id <= $2"
	deleteHistory = "DELETE FROM delivery_history WHERE digest_id = $1 AND subscriber_id <= $2"
)

// remembered is a fault.Conflict when nobody knows any more who had a digest: then a
// correction of it would go to the wrong people.
func (t *tx) remembered(ctx context.Context, id int64) error {
	place, err := scanID(t.QueryRowContext(ctx, "SELECT rows_in FROM digests WHERE id = $1", id))
	if err == nil && place == inNowhere {
		return fault.New(fault.Conflict, "Who received that digest has been deleted for its age, so it cannot be corrected any more.")
	}
	return err
}

// rememberedCorrected is remembered of the digest that another one corrects.
func (t *tx) rememberedCorrected(ctx context.Context, d digest.Digest) error {
	if d.Corrects == 0 {
		return nil
	}
	return t.remembered(ctx, d.Corrects)
}
