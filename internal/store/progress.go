package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/progress"
)

// Count counts a digest's rows in one pass, for progress.Sum. Domain groups that are
// not named are counted as one; of the names only the first progress.Named count. An
// unknown id is a fault.NotFound.
func (s *Store) Count(ctx context.Context, id int64, named []string) (progress.Count, error) {
	c := progress.Count{At: s.now()}
	var state, launched, frozen, finished int64
	err := s.read.QueryRowContext(ctx, "SELECT state, launched_at, frozen_at, finished_at FROM digests WHERE id = $1", id).
		Scan(&state, &launched, &frozen, &finished)
	if err != nil {
		return c, wrap("count", noRows(err, noDigest))
	}
	c.State, c.Launched, c.Frozen, c.Finished = digest.State(state), instant(launched), instant(frozen), instant(finished)
	groups := [progress.Named]string{}
	copy(groups[:], named)
	args := []any{id, millis(c.At), millis(c.At.Add(-progress.Beats * progress.Beat))}
	for _, g := range groups {
		args = append(args, g)
	}
	c.Cells, err = list(ctx, s.read, func(row scanner) (progress.Cell, error) { return scanCell(row, groups[:]) }, countCells, args...)
	return c, wrap("count", err)
}

// countCells takes: $1 digest, $2 now, $3 the beginning of the history, $4… the named
// groups. All that tells rows apart is packed into one number and one text, behind a
// limit that limits nothing: then PostgreSQL has no statistics to conclude from that
// there are a million kinds of row, and hashes a few hundred instead of sorting a
// million. That is three times as fast.
var countCells = inNumbers(`SELECT kind, said, COUNT(*), MAX(due_at) FROM (SELECT
		((((CASE domain_group ` + groupNumbers(4) + ` ELSE 0 END * 16 + state) * 64 + reason) * 8
		+ CASE WHEN state <> {queued} THEN 0 WHEN tries > 0 THEN 2 WHEN due_at <= $2 OR doubts > 0 THEN 1 WHEN attempt > 0 THEN 3 ELSE 4 END) * 2
		+ CASE WHEN doubts > 0 THEN 1 ELSE 0 END) * 64
		+ CASE WHEN state NOT IN ({sent}, {failed}) OR changed_at <= $3 THEN 0 WHEN changed_at > $2 THEN 1
			ELSE 1 + ($2 - changed_at) / ` + strconv.FormatInt(progress.Beat.Milliseconds(), 10) + ` END AS kind,
		CASE WHEN state = {queued} AND tries > 0 THEN relay || '|' || code || '|' || enhanced ELSE relay END AS said, due_at
	FROM deliveries WHERE digest_id = $1 LIMIT 9223372036854775807) AS r GROUP BY kind, said`)

// groupNumbers numbers the named groups from 1 on; their names stand from place $n on.
func groupNumbers(n int) string {
	var b strings.Builder
	for i := range progress.Named {
		fmt.Fprintf(&b, "WHEN $%d THEN %d ", n+i, i+1)
	}
	return b.String()
}

// scanCell unpacks a cell.
func scanCell(row scanner, groups []string) (c progress.Cell, err error) {
	var kind, due int64
	var said string
	if err := row.Scan(&kind, &said, &c.Count, &due); err != nil {
		return c, err
	}
	next := func(n int64) int64 {
		digit := kind % n
		kind /= n
		return digit
	}
	c.Ago = int(next(64))
	c.Doubtful = next(2) == 1
	c.Wait = progress.Wait(next(8))
	c.Reason = delivery.Reason(next(64))
	c.State = delivery.State(next(16))
	if kind > 0 {
		c.Group = groups[kind-1]
	}
	c.LastDue = instant(due)
	var code string
	c.Relay, code, _ = strings.Cut(said, "|")
	code, c.Enhanced, _ = strings.Cut(code, "|")
	c.Code, _ = strconv.Atoi(code) // 0 when nothing was said
	return c, nil
}

// LargestGroups names up to so many domain groups of a digest, the one with most rows
// first. One with less than a hundredth of the rows is not worth a line of its own.
func (s *Store) LargestGroups(ctx context.Context, id int64, atMost int) ([]string, error) {
	names, err := list(ctx, s.read, func(row scanner) (name string, err error) {
		err = row.Scan(&name)
		return name, err
	}, "SELECT domain_group FROM deliveries WHERE digest_id = $1 GROUP BY domain_group "+
		"HAVING COUNT(*) * 100 >= (SELECT COUNT(*) FROM deliveries WHERE digest_id = $1) ORDER BY COUNT(*) DESC, domain_group LIMIT $2", id, atMost)
	return names, wrap("largest groups", err)
}

// BeatWith is Beat with what the worker has to say of itself.
func (s *Store) BeatWith(ctx context.Context, worker int64, report progress.Report) error {
	text, err := json.Marshal(report)
	if err != nil {
		return wrap("beat", err)
	}
	return s.update(ctx, "beat", func(t *tx) error {
		n, err := t.changed(ctx, "UPDATE workers SET beat = beat + 1, report = $2 WHERE id = $1", worker, string(text))
		if err == nil && n == 0 {
			return workerGone()
		}
		return err
	})
}

// Reports are what the workers said with their last heartbeat. One that a later
// release wrote differently, and one of a worker that has said nothing, is left out.
func (s *Store) Reports(ctx context.Context) ([]progress.Report, error) {
	var all []progress.Report
	texts, err := list(ctx, s.read, func(row scanner) (text []byte, err error) {
		err = row.Scan(&text)
		return text, err
	}, "SELECT report FROM workers WHERE report <> '' ORDER BY id")
	for _, text := range texts {
		var r progress.Report
		if json.Unmarshal(text, &r) == nil {
			all = append(all, r)
		}
	}
	return all, wrap("reports", err)
}
