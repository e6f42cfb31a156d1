package store

import (
	"context"
	"errors"
	"sync"

	"github.com/collabpulse/weekly/internal/delivery"
)

// Turn is what a lane writes between two groups, in one transaction: what became of
// the group that was on the wire, and the intent for the next. Either may be empty.
// Only rows that the answer says may Go may be handed over; the others were settled
// as skipped, went back to the queue or are no longer the worker's. An error says
// that neither part may be relied on: the results are to be offered again, and
// nothing may be handed over.
//
// Lanes that come while another's transaction is under way wait for its end, as
// long as that one has patience, and are then written together, in one transaction
// of a few larger statements: that costs little more for four lanes than for one.
// What each is answered is the same as if it had come alone.
func (s *Store) Turn(ctx context.Context, scope delivery.Scope, worker int64, results []delivery.Result, next []delivery.Item) (delivery.Intent, error) {
	texts := s.ledgers.of(scope)
	for _, step := range []sized{texts.intend, texts.recipients, texts.accepted} {
		if err := s.prepare(ctx, step[:]...); err != nil {
			return delivery.Intent{}, wrap("turn", err)
		}
	}
	c := crew{scope, worker}
	t := &turn{results: results, next: next, leads: make(chan []*turn, 1), written: make(chan error, 1)}
	if s.turns.begin(c, t) {
		return s.lead(ctx, c, []*turn{t})
	}
	select {
	case together := <-t.leads:
		return s.lead(ctx, c, together)
	case err := <-t.written:
		if err != nil { // perhaps for somebody else's sake
			err = s.writeTurns(ctx, c, []*turn{t})
		}
		return t.intent, err
	}
}

// crew is whose turns may be written together: a worker's lanes in one scope.
type crew struct {
	scope  delivery.Scope
	worker int64
}

// turn is one lane's part of a transaction.
type turn struct {
	results []delivery.Result
	next    []delivery.Item
	intent  delivery.Intent
	leads   chan []*turn // those that this one has to write, itself first
	written chan error   // that another has written it, or could not
}

// together is how many turns one transaction takes at most.
const together = 8

// turns are those that wait for a transaction under way. A crew is in the map for
// as long as it has one.
type turns struct {
	mu      sync.Mutex
	waiting map[crew][]*turn
}

// begin reports whether a turn may be written at once; otherwise it waits.
func (q *turns) begin(c crew, t *turn) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	waiting, busy := q.waiting[c]
	if busy {
		q.waiting[c] = append(waiting, t)
		return false
	}
	if q.waiting == nil {
		q.waiting = make(map[crew][]*turn)
	}
	q.waiting[c] = nil
	return true
}

// pass lets the first that waits write for those behind it.
func (q *turns) pass(c crew) {
	q.mu.Lock()
	defer q.mu.Unlock()
	waiting := q.waiting[c]
	if len(waiting) == 0 {
		delete(q.waiting, c)
		return
	}
	n := min(len(waiting), together)
	q.waiting[c] = waiting[n:]
	waiting[0].leads <- waiting[:n:n]
}

// errUnwritten is what others are told whose leader panicked.
var errUnwritten = errors.New("store: turn: not written")

// lead writes some turns of which the first is the caller's, and tells the others,
// whatever happens: nobody may wait for ever.
func (s *Store) lead(ctx context.Context, c crew, all []*turn) (in delivery.Intent, err error) {
	err = errUnwritten
	defer func() {
		s.turns.pass(c)
		for _, t := range all[1:] {
			t.written <- err
		}
	}()
	err = s.writeTurns(ctx, c, all)
	return all[0].intent, err
}

// writeTurns puts some turns into one transaction. Every result comes before every
// intent, so that a row is never declared twice.
func (s *Store) writeTurns(ctx context.Context, c crew, all []*turn) error {
	var results []delivery.Result
	var next []delivery.Item
	for _, t := range all {
		results, next = append(results, t.results...), append(next, t.next...)
	}
	var going map[delivery.Item]delivery.Recipient
	err := s.update(ctx, "turn", func(t *tx) error {
		err := t.record(ctx, c.scope, c.worker, results)
		if err == nil {
			going, err = t.intend(ctx, c.scope, c.worker, next)
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, t := range all {
		t.intent = intentOf(t.next, going)
	}
	return nil
}

// intentOf is the part of an answer that concerns some rows, in their order.
func intentOf(rows []delivery.Item, going map[delivery.Item]delivery.Recipient) (in delivery.Intent) {
	for _, row := range rows {
		if r, goes := going[row]; goes {
			in.Go = append(in.Go, r)
		} else {
			in.Skipped = append(in.Skipped, row)
		}
	}
	return in
}
