package store

import (
	"context"
	"time"

	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/progress"
)

// Backlog counts what waits. It is a few short questions to indexes, whatever the
// number of readers.
func (s *Store) Backlog(ctx context.Context) (progress.Backlog, error) {
	b := progress.Backlog{At: s.now(), Digests: map[digest.State]int{}}
	for state := digest.Draft; state <= digest.Cancelled; state++ {
		b.Digests[state] = 0
	}
	states, err := list(ctx, s.read, func(row scanner) (p [2]int, err error) {
		err = row.Scan(&p[0], &p[1])
		return p, err
	}, "SELECT state, COUNT(*) FROM digests GROUP BY state")
	if err != nil {
		return b, wrap("backlog", err)
	}
	for _, p := range states {
		b.Digests[digest.State(p[0])] = p[1]
	}
	var letter, row, late int64
	if err := s.read.QueryRowContext(ctx, waitingLetters, millis(b.At)).Scan(&b.Letters, &letter); err != nil {
		return b, wrap("backlog", err)
	}
	if err := s.read.QueryRowContext(ctx, oldestRow, millis(b.At)).Scan(&row, &b.Workers, &late); err != nil {
		return b, wrap("backlog", err)
	}
	b.OldestLetter, b.OldestRow, b.Late = instant(letter), instant(row), time.Duration(late)*time.Millisecond
	return b, nil
}

var (
	// waitingLetters takes: $1 now.
	waitingLetters = inNumbers("SELECT COUNT(*), COALESCE(MIN(CASE WHEN due_at <= $1 THEN due_at END), 0) FROM outbox WHERE state = {queued}")
	// oldestRow takes: $1 now. Each digest that is being sent is asked for its earliest
	// row, which stands first in the index of what may be claimed.
	oldestRow = inNumbers(`SELECT
		COALESCE((SELECT MIN((SELECT MIN(r.due_at) FROM deliveries r WHERE r.digest_id = d.id AND r.due_at <= $1 AND ` + queuedRows + `))
			FROM digests d WHERE d.state = {digest sending}), 0),
		(SELECT COUNT(*) FROM workers),
		COALESCE((SELECT CASE WHEN launched_at > send_at THEN launched_at - send_at ELSE 0 END FROM digests
			WHERE launched_at > 0 AND send_at > 0 ORDER BY launched_at DESC LIMIT 1), 0)`)
)
