package store

import (
	"context"
	"slices"
	"strings"

	"github.com/collabpulse/weekly/internal/delivery"
)

// ClaimText is the SQL of a claim.
func (s *Store) ClaimText(scope delivery.Scope) string { return s.ledgers.of(scope).claim }

// IntendText is the SQL of an intent.
func (s *Store) IntendText(scope delivery.Scope) string { return s.ledgers.of(scope).intend[0] }

// AcceptText is the SQL that records what a relay took.
func (s *Store) AcceptText(scope delivery.Scope) string { return s.ledgers.of(scope).accepted[0] }

// Texts are all steps of one table.
func (s *Store) Texts(scope delivery.Scope) []string {
	l := s.ledgers.of(scope)
	all := []string{l.claim, l.handing, l.settle, l.handBack, l.abandoned, l.doubtful, l.waiting, l.next}
	return slices.Concat(all, l.intend[:], l.recipients[:], l.accepted[:])
}

// GroupArgs are the arguments of a step that names a group of rows.
func GroupArgs(items []delivery.Item, args ...any) []any {
	return withAsked(items, delivery.Group, args...)
}

// WhileClaiming runs f in the middle of a worker's claim.
func (s *Store) WhileClaiming(ctx context.Context, worker int64, f func()) error {
	return s.update(ctx, "claim", func(t *tx) error {
		err := t.holdWorker(ctx, worker)
		f()
		return err
	})
}

// Plan is how the engine would run a query.
func (s *Store) Plan(ctx context.Context, query string, args ...any) (string, error) {
	explain := "EXPLAIN "
	if s.dialect.name == sqliteDialect.name {
		explain = "EXPLAIN QUERY PLAN "
	}
	lines, err := list(ctx, s.write, func(row scanner) (line string, err error) {
		if s.dialect.name == sqliteDialect.name {
			var id, parent, unused int
			err = row.Scan(&id, &parent, &unused, &line)
		} else {
			err = row.Scan(&line)
		}
		return line, err
	}, explain+query, args...)
	return strings.Join(lines, "\n"), err
}

// Outgrown says after which of several claims the tables are counted anew.
func Outgrown(claims ...int) []bool {
	var g growth
	var said []bool
	for _, rows := range claims {
		said = append(said, g.outgrown(rows))
	}
	return said
}

// HoldTurns has the turns of a worker in a scope wait until it is released, as
// while a transaction is under way; waiting says how many do.
func (s *Store) HoldTurns(scope delivery.Scope, worker int64) (waiting func() int, release func()) {
	c := crew{scope, worker}
	s.turns.begin(c, nil)
	waiting = func() int {
		s.turns.mu.Lock()
		defer s.turns.mu.Unlock()
		return len(s.turns.waiting[c])
	}
	return waiting, func() { s.turns.pass(c) }
}
