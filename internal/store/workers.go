package store

import (
	"context"

	"github.com/collabpulse/weekly/internal/delivery"
)

// RegisterWorker enters a process that is about to send, under a name for people
// to read, and returns the id that its claims carry.
func (s *Store) RegisterWorker(ctx context.Context, name string) (id int64, err error) {
	err = s.update(ctx, "register worker", func(t *tx) error {
		id, err = scanID(t.QueryRowContext(ctx, "INSERT INTO workers (name, started_at) VALUES ($1, $2) RETURNING id",
			clipped(name, 200), millis(t.now)))
		return err
	})
	return id, err
}

// Beat raises the worker's counter. A fault.Gone says that a sweep took its rows
// back: it must close its connections and start anew.
func (s *Store) Beat(ctx context.Context, worker int64) error {
	return s.update(ctx, "beat", func(t *tx) error {
		result, err := t.ExecContext(ctx, "UPDATE workers SET beat = beat + 1 WHERE id = $1", worker)
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		if err == nil && n == 0 {
			return workerGone()
		}
		return err
	})
}

// Workers lists everybody who is registered, with the counters as they stand. Who
// watches one stand still for delivery.Lease may Reclaim its rows.
func (s *Store) Workers(ctx context.Context) ([]delivery.Worker, error) {
	all, err := list(ctx, s.read, func(row scanner) (w delivery.Worker, err error) {
		err = row.Scan(&w.ID, &w.Name, &w.Beat)
		return w, err
	}, "SELECT id, name, beat FROM workers ORDER BY id")
	return all, wrap("workers", err)
}

// RetireWorker strikes off a worker that stops in an orderly way. Whatever it did
// not hand back or record is treated as if it had died.
func (s *Store) RetireWorker(ctx context.Context, worker int64) error {
	_, err := s.Reclaim(ctx, worker)
	return err
}

// Reclaim strikes off a worker that stopped beating and takes back its rows in
// both tables. What it had only claimed goes back to the queue; what it was
// handing over is in doubt, and is resent once where the policy says so. Doing it
// again, or for a worker nobody knows, finds nothing.
func (s *Store) Reclaim(ctx context.Context, worker int64) (back delivery.Reclaimed, err error) {
	err = s.update(ctx, "reclaim", func(t *tx) error {
		back = delivery.Reclaimed{}
		if _, err := t.ExecContext(ctx, "DELETE FROM workers WHERE id = $1", worker); err != nil {
			return err
		}
		for _, texts := range []ledger{s.ledgers.deliveries, s.ledgers.letters} {
			if err := t.reclaim(ctx, texts, worker, &back); err != nil {
				return err
			}
		}
		return nil
	})
	return back, err
}

// reclaim takes back the claimed rows first: should the worker be alive after all
// and just be declaring its intent for some, the second step finds those in handing.
func (t *tx) reclaim(ctx context.Context, texts ledger, worker int64, back *delivery.Reclaimed) error {
	claimed, err := list(ctx, t, scanID, texts.abandoned, worker, millis(t.now))
	if err != nil {
		return err
	}
	doubtful, err := list(ctx, t, scanID, texts.doubtful, worker, millis(t.now), millis(t.now.Add(resendAfter)))
	if err != nil {
		return err
	}
	back.Requeued += count(claimed, delivery.Queued)
	back.Doubtful += len(doubtful)
	back.Resent += count(doubtful, delivery.Queued)
	return nil
}

func count(states []int64, state delivery.State) (n int) {
	for _, s := range states {
		if s == int64(state) {
			n++
		}
	}
	return n
}

const (
	abandonedStep = `UPDATE {table} SET {back}, changed_at = $2
		WHERE {held by $1} AND state = {claimed} RETURNING state`
	doubtfulStep = `UPDATE {table} SET doubts = doubts + 1, worker = 0, changed_at = $2,
			state = CASE WHEN doubts = 0 AND {resent} THEN {queued} ELSE {unknown} END,
			due_at = CASE WHEN doubts = 0 AND {resent} THEN $3 ELSE due_at END
		WHERE {held by $1} AND state = {handing} RETURNING state`
)
