package store

import (
	"sync"
	"time"

	"github.com/collabpulse/weekly/internal/delivery"
)

// floors remember for each digest below which place in the claim's order this
// process need not look, because it has just claimed all that was there. PostgreSQL
// keeps the index entries of claimed rows until a vacuum, and walking over those of
// a million rows takes a claim four times as long. What is put back below the
// floor is found a little later: a floor holds for floorFor only.
type floors struct {
	mu sync.Mutex
	at map[int64]floor
}

// floor is a place in the claim's order: rows behind it are due later, or at the
// same time with a higher id.
type floor struct {
	due, id int64
	until   time.Time
}

// floorFor is how long a floor spares claims the walk from the beginning.
const floorFor = 2 * time.Second

// under is the floor of a digest; the zero one has everything behind it.
func (f *floors) under(digest int64, now time.Time) floor {
	f.mu.Lock()
	defer f.mu.Unlock()
	at := f.at[digest]
	if now.Before(at.until) {
		return at
	}
	return floor{}
}

// raise takes in what a claim that started at a floor found: with as many rows as it
// may take it has left none below the last of them; with fewer there is no floor.
func (f *floors) raise(digest int64, from floor, rows []taken, limit int, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(rows) < limit {
		delete(f.at, digest)
		return
	}
	if from.until.IsZero() {
		from.until = now.Add(floorFor)
	}
	for _, r := range rows {
		if r.due > from.due || r.due == from.due && r.ID > from.id {
			from.due, from.id = r.due, r.ID
		}
	}
	if f.at == nil {
		f.at = map[int64]floor{}
	}
	f.at[digest] = from
}

// claimArgs are the values of a claim's text.
func claimArgs(scope delivery.Scope, worker, now int64, limit int, from floor) []any {
	args := []any{scope.Digest, worker, now, limit}
	if scope == delivery.Outbox {
		return args
	}
	return append(args, from.due, from.id)
}
