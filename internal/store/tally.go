package store

import (
	"context"

	"github.com/collabpulse/weekly/internal/delivery"
)

// Tally counts a digest's rows by state, all at one moment: while it is being
// frozen, planned is what has been planned so far. An unknown id is a
// fault.NotFound.
//
// Of a digest whose rows have moved to the history it is what it was then.
func (s *Store) Tally(ctx context.Context, id int64) (delivery.Tally, error) {
	if kept, err := sumsOf(ctx, s.read, id); err != nil || kept != nil {
		if err != nil {
			return delivery.Tally{}, wrap("tally", noRows(err, noDigest))
		}
		return kept.Tally, nil
	}
	sum, err := tally(ctx, s.read, id)
	return sum, wrap("tally", noRows(err, noDigest))
}

func tally(ctx context.Context, q querier, id int64) (n delivery.Tally, err error) {
	err = q.QueryRowContext(ctx, selectTally, id).Scan(
		&n.Planned, &n.Queued, &n.Claimed, &n.Handing, &n.Sent, &n.Failed, &n.Skipped, &n.Unknown, &n.Deferred, &n.Doubts)
	return n, err
}

var selectTally = inNumbers(`SELECT d.planned, COUNT(r.state) FILTER (WHERE r.state = {queued}),
		COUNT(r.state) FILTER (WHERE r.state = {claimed}), COUNT(r.state) FILTER (WHERE r.state = {handing}),
		COUNT(r.state) FILTER (WHERE r.state = {sent}), COUNT(r.state) FILTER (WHERE r.state = {failed}),
		COUNT(r.state) FILTER (WHERE r.state = {skipped}), COUNT(r.state) FILTER (WHERE r.state = {unknown}),
		COUNT(r.state) FILTER (WHERE r.state = {queued} AND r.tries > 0), COUNT(r.state) FILTER (WHERE r.doubts > 0)
	FROM digests d LEFT JOIN deliveries r ON r.digest_id = d.id WHERE d.id = $1 GROUP BY d.id, d.planned`)
