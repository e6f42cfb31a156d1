package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/fault"
)

// Claim takes up to limit rows that are due for a worker, those of one edition
// side by side. It gives none while the digest is in any state but sending, and a
// fault.Gone to a worker whose rows were taken back: what it claimed now nobody
// would ever take back again. Getting none does not mean that none are left.
func (s *Store) Claim(ctx context.Context, scope delivery.Scope, worker int64, limit int) (claims []delivery.Claim, err error) {
	text := s.ledgers.of(scope).claim
	if err := s.prepare(ctx, text); err != nil {
		return nil, wrap("claim", err)
	}
	err = s.update(ctx, "claim", func(t *tx) error {
		if err := t.holdWorker(ctx, worker); err != nil {
			return err
		}
		rows, err := t.claim(ctx, scope, worker, limit)
		claims = ours(rows)
		return err
	})
	if err == nil && scope == delivery.Outbox && s.ledgers.outbox.outgrown(len(claims)) {
		s.recount(ctx, "subscribers, suppressions, outbox")
	}
	return claims, err
}

// claim takes rows from the floor on, and when those do not do from the beginning.
// When even those do not, it looks whether the clock says that the digest is still to
// be launched: then it was set back, and what is due since the launch is due.
func (t *tx) claim(ctx context.Context, scope delivery.Scope, worker int64, limit int) ([]taken, error) {
	now := millis(t.now)
	if scope == delivery.Outbox {
		return t.claimFrom(ctx, scope, worker, limit, now, floor{})
	}
	from := t.store.floors.under(scope.Digest, t.now)
	rows, err := t.claimFrom(ctx, scope, worker, limit, now, from)
	if err == nil && len(rows) < limit && from != (floor{}) {
		from = floor{}
		rows, err = t.claimMore(ctx, scope, worker, limit, now, from, rows)
	}
	if err == nil && len(rows) < limit {
		var launched int64
		err = t.QueryRowContext(ctx, "SELECT COALESCE(MAX(launched_at), 0) FROM digests WHERE id = $1", scope.Digest).Scan(&launched)
		if err == nil && launched > now {
			rows, err = t.claimMore(ctx, scope, worker, limit, launched, floor{due: launched - 1, id: math.MaxInt64}, rows)
		}
	}
	if err == nil {
		t.store.floors.raise(scope.Digest, from, rows, limit, t.now)
	}
	return rows, err
}

func (t *tx) claimMore(ctx context.Context, scope delivery.Scope, worker int64, limit int, due int64, from floor, rows []taken) ([]taken, error) {
	more, err := t.claimFrom(ctx, scope, worker, limit-len(rows), due, from)
	return append(rows, more...), err
}

func (t *tx) claimFrom(ctx context.Context, scope delivery.Scope, worker int64, limit int, due int64, from floor) ([]taken, error) {
	text := t.store.ledgers.of(scope).claim
	return listPrepared(ctx, t.ready(ctx, text), scanClaim, claimArgs(scope, worker, due, limit, from))
}

// claimStep takes: $1 scope, $2 worker, $3 now, $4 limit, and of a digest's rows $5
// due and $6 id of the floor. The guard stands twice.
// The inner one finds rows through the index of what is queued, leaving out what
// others are claiming; the outer one is checked on the row as it is once its lock
// is had, whatever a planner makes of the query inside. (As a plain IN, PostgreSQL
// may run that again for every row, and then it takes more than the limit and rows
// of others.) Outside, a plus before state keeps the planner off that index: the
// key finds each row, where without statistics it would read all that is queued.
func claimStep(d dialect) string {
	return `UPDATE {table} SET {take}, attempt = attempt + 1, changed_at = $3
		WHERE {scope} AND +state = {queued} AND due_at <= $3 AND {id} ` + d.among(`SELECT {id} FROM {table}
			WHERE {scope} AND {waits} AND due_at <= $3 AND {above} AND {open} ORDER BY {order} LIMIT $4`+d.skipLocked) + `
		RETURNING {id}, attempt, edition, domain_group, due_at, state`
}

// taken is a claimed row with the state the claim gave it.
type taken struct {
	delivery.Claim
	due   int64
	state delivery.State
}

func scanClaim(row scanner) (taken, error) {
	var c taken
	err := row.Scan(&c.ID, &c.Attempt, &c.Edition, &c.Group, &c.due, &c.state)
	return c, err
}

// ours leaves out what expired instead, and sorts by edition and id.
func ours(rows []taken) []delivery.Claim {
	claims := make([]delivery.Claim, 0, len(rows))
	for _, c := range rows {
		if c.state == delivery.Claimed {
			claims = append(claims, c.Claim)
		}
	}
	slices.SortFunc(claims, func(a, b delivery.Claim) int {
		return cmp.Or(cmp.Compare(a.Edition, b.Edition), cmp.Compare(a.ID, b.ID))
	})
	return claims
}

// holdWorker keeps the worker's row until the transaction ends, so that the sweep
// that takes back its rows comes either before the claim, which then fails, or
// after it, and then finds what it claimed.
func (t *tx) holdWorker(ctx context.Context, worker int64) error {
	var one int
	err := t.QueryRowContext(ctx, "SELECT 1 FROM workers WHERE id = $1"+t.store.dialect.keyShare, worker).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return workerGone()
	}
	return err
}

func workerGone() error {
	return fault.New(fault.Gone, "This worker stopped beating and its work was given to others; it has to start anew.")
}

// countedAt most are the rows that Waiting counts; more is as good as many.
const countedAtMost = 1000

// Waiting counts the rows of the scope that could be claimed now, up to 1,000,
// and says when the next one after them becomes due: the zero time for never.
func (s *Store) Waiting(ctx context.Context, scope delivery.Scope) (due int, next time.Time, err error) {
	texts, now := s.ledgers.of(scope), millis(s.now())
	if err := s.read.QueryRowContext(ctx, texts.waiting, scope.Digest, now, countedAtMost).Scan(&due); err != nil {
		return 0, next, wrap("waiting", err)
	}
	var at int64
	err = s.read.QueryRowContext(ctx, texts.next, scope.Digest, now).Scan(&at)
	return due, instant(at), wrap("waiting", err)
}

const (
	waitingStep = `SELECT COUNT(*) FROM (SELECT 1 FROM {table}
		WHERE {scope} AND {waits} AND due_at <= $2 AND {open} LIMIT $3) AS due`
	nextStep = "SELECT COALESCE(MIN(due_at), 0) FROM {table} WHERE {scope} AND {waits} AND due_at > $2 AND {open}"
)

// HandBack returns rows to the queue that this worker claimed, or declared an
// intent for, and that never were on the wire: nothing is counted against them.
// Rows that are no longer the worker's are left alone.
func (s *Store) HandBack(ctx context.Context, scope delivery.Scope, worker int64, back ...delivery.Return) error {
	return s.update(ctx, "hand back", func(t *tx) error {
		for _, r := range back {
			if err := t.handBack(ctx, scope, worker, r.Items, r.Due); err != nil {
				return err
			}
		}
		return nil
	})
}

func (t *tx) handBack(ctx context.Context, scope delivery.Scope, worker int64, items []delivery.Item, due time.Time) error {
	for some := range slices.Chunk(items, delivery.Group) {
		_, err := t.ExecContext(ctx, t.store.ledgers.of(scope).handBack, withAsked(some, delivery.Group, scope.Digest, worker, millis(t.now), millis(due))...)
		if err != nil {
			return err
		}
	}
	return nil
}

// handBackStep takes: $1 scope, $2 worker, $3 now, $4 due or 0, $5… the rows.
const handBackStep = ` UPDATE {table} SET {back}, due_at = CASE WHEN CAST($4 AS BIGINT) = 0 THEN due_at ELSE $4 END, changed_at = $3
	FROM asked WHERE {scope} AND {id} = item AND attempt = try AND +worker = $2
		AND (+state = {claimed} OR +state = {handing})`
