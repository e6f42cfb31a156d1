package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/collabpulse/weekly/internal/delivery"
)

// resendAfter is how long a doubtful message waits before it goes out once more.
const resendAfter = time.Minute

// held is a row in handing with what decides its fate.
type held struct {
	delivery.Item
	tries, doubts int
	due           int64
	resent        bool // a first doubt goes out once more
	over          bool // the digest was cancelled: nothing may wait
}

func scanHeld(row scanner) (held, error) {
	var h held
	err := row.Scan(&h.ID, &h.Attempt, &h.tries, &h.doubts, &h.due, &h.resent, &h.over)
	return h, err
}

// settlement is what a row becomes.
type settlement struct {
	reply
	state         delivery.State
	reason        delivery.Reason
	tries, doubts int
	due           int64
}

// after is what becomes of a row that the relay did not take.
func (h held) after(r delivery.Result, now time.Time) settlement {
	n := settlement{reply: replyOf(r), state: delivery.Queued, tries: h.tries, doubts: h.doubts, due: h.due}
	switch {
	case r.Verdict == delivery.RefusedForGood && r.Blame() != delivery.TheSender:
		return n.failed()
	case r.Verdict == delivery.RefusedForGood, r.Verdict == delivery.Deferred:
		if n.tries++; n.tries >= delivery.MaxTries {
			return n.failed()
		}
		n.due = millis(now.Add(delivery.BackOff(n.tries)))
	case r.Verdict == delivery.InDoubt:
		if n.doubts++; h.doubts > 0 || !h.resent {
			n.state = delivery.Unknown
			return n
		}
		n.due = millis(now.Add(resendAfter))
	}
	if h.over {
		n.state, n.reason = delivery.Skipped, delivery.Cancelled
	}
	return n
}

// failed is a refusal for good; without a code no relay was to blame.
func (n settlement) failed() settlement {
	n.state, n.reason = delivery.Failed, delivery.Refused
	if n.code == 0 {
		n.reason = delivery.Broken
	}
	return n
}

// settle writes what becomes of one row in handing and returns its subscriber, 0
// for a letter to somebody else and when the row has moved on.
func (t *tx) settle(ctx context.Context, scope delivery.Scope, item delivery.Item, n settlement) (int64, error) {
	subscriber, err := scanID(t.QueryRowContext(ctx, t.store.ledgers.of(scope).settle, scope.Digest, item.ID, item.Attempt,
		int(n.state), int(n.reason), n.tries, n.doubts, n.due, n.code, n.enhanced, n.relay, millis(t.now)))
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return subscriber, err
}

// settleStep takes: $1 scope, $2 id, $3 attempt, $4… all that a settlement holds, $12 now.
const settleStep = `UPDATE {table} SET state = $4, reason = $5, tries = $6, doubts = $7, due_at = $8,
		code = $9, enhanced = $10, relay = $11, worker = 0, changed_at = $12{wipe if settled}
	WHERE {scope} AND {id} = $2 AND attempt = $3 AND +state = {handing} RETURNING subscriber_id`
