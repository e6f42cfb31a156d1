package store

import (
	"context"
	"slices"
	"time"

	"github.com/collabpulse/weekly/internal/delivery"
)

// record writes what became of rows that were handed over. Every change is guarded
// by state and attempt, so results that come late, after the rows were taken back,
// change nothing, but for one kind: an acceptance still turns a doubt into sent, and
// withdraws a resend that nobody has claimed.
//
// A refusal for good settles the row as failed. The address of a digest's reader is
// suppressed with it when the mailbox does not exist, or has refused
// delivery.MaxRefusals digests in a row; one letter refused proves too little. A
// refusal that blames the sender is no reader's fault: the row waits, as after a
// temporary refusal, and one that the digest is paused for goes back as it was. A
// refusal without a relay's code says that no relay could have taken the message. A
// temporary refusal waits longer each time, and fails after delivery.MaxTries. A
// doubt is resent once, unless the digest's policy is to leave doubts alone.
func (t *tx) record(ctx context.Context, scope delivery.Scope, worker int64, results []delivery.Result) error {
	accepted := make(map[reply][]delivery.Item, 1)
	var untried []delivery.Item
	var others []delivery.Result
	for _, r := range results {
		switch r.Verdict {
		case delivery.Accepted:
			accepted[replyOf(r)] = append(accepted[replyOf(r)], r.Item)
		case delivery.NotTried:
			untried = append(untried, r.Item)
		default:
			others = append(others, r)
		}
	}
	for said, items := range accepted {
		if err := t.accept(ctx, scope, items, said); err != nil {
			return err
		}
	}
	if err := t.handBack(ctx, scope, worker, untried, time.Time{}); err != nil {
		return err
	}
	return t.refuse(ctx, scope, others)
}

// reply is what a relay said, for the ledger.
type reply struct {
	code     int
	enhanced string
	relay    string
}

func replyOf(r delivery.Result) reply {
	return reply{code: r.Code, enhanced: clipped(r.Enhanced, 16), relay: clipped(r.Relay, 255)}
}

// accept settles as sent the rows that a relay took with the same reply.
func (t *tx) accept(ctx context.Context, scope delivery.Scope, items []delivery.Item, said reply) error {
	for some := range slices.Chunk(items, largest) {
		text, rows := t.store.ledgers.of(scope).accepted.fit(len(some))
		_, err := t.ready(ctx, text).ExecContext(ctx, withAsked(some, rows, scope.Digest, millis(t.now), said.code, said.enhanced, said.relay)...)
		if err != nil {
			return err
		}
	}
	return nil
}

// acceptedStep takes: $1 scope, $2 now, $3 code, $4 enhanced code, $5 relay, $6… the
// rows. The worker stays in the row: to take it out would touch an index.
const acceptedStep = ` UPDATE {table} SET state = {sent}, reason = 0,
		code = $3, enhanced = $4, relay = $5, changed_at = $2{wipe if sent}
	FROM asked WHERE {scope} AND {id} = item AND attempt = try
		AND (+state = {handing} OR +state = {unknown} OR +state = {queued} AND doubts > 0)`

// refuse settles or requeues the rows that a relay did not take, each by what
// it has been through.
func (t *tx) refuse(ctx context.Context, scope delivery.Scope, results []delivery.Result) error {
	if len(results) == 0 {
		return nil
	}
	charges, err := t.chargesAgainst(ctx, scope)
	for some := range slices.Chunk(results, delivery.Group) {
		if err == nil {
			err = t.refuseSome(ctx, scope, charges, some)
		}
	}
	return err
}

func (t *tx) refuseSome(ctx context.Context, scope delivery.Scope, charges []string, results []delivery.Result) error {
	said := make(map[delivery.Item]delivery.Result, len(results))
	items := make([]delivery.Item, len(results))
	for i, r := range results {
		said[r.Item], items[i] = r, r.Item
	}
	rows, err := list(ctx, t, scanHeld, t.store.ledgers.of(scope).handing, withAsked(items, delivery.Group, scope.Digest)...)
	if err != nil {
		return err
	}
	for _, row := range rows {
		r := said[row.Item]
		if slices.Contains(charges, r.Charge()) {
			r.Verdict = delivery.NotTried
		}
		reader, err := t.settle(ctx, scope, row.Item, row.after(r, t.now))
		if err == nil && reader != 0 && scope != delivery.Outbox {
			err = t.giveUp(ctx, scope.Digest, reader, r.Outcome)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// handingStep takes: $1 scope, $2… the rows.
const handingStep = ` SELECT {id}, attempt, tries, doubts, due_at, {resent}, {over}
	FROM asked JOIN {table} ON {scope} AND {id} = item AND attempt = try AND +state = {handing}`
