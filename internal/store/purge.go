package store

import (
	"context"

	"github.com/collabpulse/weekly/internal/outbox"
	"github.com/collabpulse/weekly/internal/subscriber"
)

// purgeChunk is how many rows one transaction looks at when it purges: few enough
// that nobody waits for the write lock of SQLite.
const purgeChunk = 500

// PurgePending forgets those who asked for the digest more than
// subscriber.PendingFor ago and never confirmed, with the evidence of it, and
// returns how many. Somebody who had been more than pending before goes back to
// having left, so that old links keep their meaning and old evidence stays.
func (s *Store) PurgePending(ctx context.Context) (int, error) {
	return s.purge(ctx, "purge pending", func(t *tx) (int, error) {
		ids, err := list(ctx, t, scanID, selectNeverConfirmed+t.store.dialect.forUpdate, millis(t.now.Add(-subscriber.PendingFor)), purgeChunk)
		for _, id := range ids {
			if err := t.unask(ctx, id); err != nil {
				return 0, err
			}
		}
		return len(ids), err
	})
}

// An imported reader who is pending did not ask; the import's time counts.
var selectNeverConfirmed = inNumbers(`SELECT id FROM subscribers WHERE state = {reader pending}
	AND (asked_at > 0 AND asked_at < $1 OR asked_at = 0 AND created_at < $1) ORDER BY id LIMIT $2`)

// unask undoes the sign-up of somebody who never confirmed it.
func (t *tx) unask(ctx context.Context, id int64) error {
	var known bool
	if err := t.QueryRowContext(ctx, selectKnownBefore, id).Scan(&known); err != nil {
		return err
	}
	if known {
		return t.setState(ctx, id, subscriber.Unsubscribed)
	}
	if _, err := t.ExecContext(ctx, "DELETE FROM consents WHERE subscriber_id = $1", id); err != nil {
		return err
	}
	_, err := t.ExecContext(ctx, "DELETE FROM subscribers WHERE id = $1", id)
	return err
}

var selectKnownBefore = inNumbers(`SELECT EXISTS (SELECT 1 FROM consents WHERE subscriber_id = $1
	AND kind NOT IN ({consent asked}, {consent imported}))`)

// PurgeOutbox deletes the letters that have been settled for more than
// outbox.KeepFor, and returns how many. It looks at the oldest alone: letters are
// settled in about the order they are written.
func (s *Store) PurgeOutbox(ctx context.Context) (int, error) {
	return s.purge(ctx, "purge outbox", func(t *tx) (int, error) {
		result, err := t.ExecContext(ctx, deleteSettled, millis(t.now.Add(-outbox.KeepFor)), purgeChunk)
		if err != nil {
			return 0, err
		}
		n, err := result.RowsAffected()
		return int(n), err
	})
}

var deleteSettled = inNumbers(`DELETE FROM outbox WHERE id IN (SELECT id FROM (SELECT id, state, changed_at FROM outbox ORDER BY id LIMIT $2) AS oldest
	WHERE state NOT IN ({queued}, {claimed}, {handing}) AND changed_at < $1)`)

// purge deletes chunk by chunk, each in a transaction of its own, until one was
// not full.
func (s *Store) purge(ctx context.Context, what string, chunk func(*tx) (int, error)) (all int, err error) {
	for n := purgeChunk; n == purgeChunk; all += n {
		err := s.update(ctx, what, func(t *tx) (err error) {
			n, err = chunk(t)
			return err
		})
		if err != nil {
			return all, err
		}
	}
	return all, nil
}
