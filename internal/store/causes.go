package store

import (
	"context"

	"github.com/collabpulse/weekly/internal/delivery"
)

// Causes counts why readers did not get a digest, the most frequent first: its
// rows that failed or were skipped, by reason and by the relay's reply code. It
// is empty for a digest that everybody got, or that nobody knows.
func (s *Store) Causes(ctx context.Context, id int64) ([]delivery.Cause, error) {
	kept, err := sumsOf(ctx, s.read, id)
	if kept != nil && err == nil {
		return kept.Causes, nil
	}
	all, err := causes(ctx, s.read, id)
	return all, wrap("causes", err)
}

func causes(ctx context.Context, q querier, id int64) ([]delivery.Cause, error) {
	return list(ctx, q, scanCause, selectCauses, id)
}

var selectCauses = inNumbers(`SELECT state, reason, code, COUNT(*) FROM deliveries
	WHERE digest_id = $1 AND state IN ({failed}, {skipped}) GROUP BY state, reason, code ORDER BY 4 DESC, 1, 2, 3`)

func scanCause(row scanner) (c delivery.Cause, err error) {
	err = row.Scan(&c.State, &c.Reason, &c.Code, &c.Count)
	return c, err
}
