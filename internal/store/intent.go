package store

import (
	"cmp"
	"context"
	"slices"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/subscriber"
)

// intend judges rows that are about to be handed over, and returns those that may
// go. It is the last look before the wire, so leaving, pausing and cancelling act
// here: whoever is no longer to be mailed is settled as skipped with the reason, a
// digest that is not sending gets its rows back, and what is no longer the worker's
// is left alone.
func (t *tx) intend(ctx context.Context, scope delivery.Scope, worker int64, items []delivery.Item) (map[delivery.Item]delivery.Recipient, error) {
	going := make(map[delivery.Item]delivery.Recipient, len(items))
	for some := range slices.Chunk(items, largest) {
		if err := t.intendSome(ctx, scope, worker, some, going); err != nil {
			return nil, err
		}
	}
	return going, nil
}

func (t *tx) intendSome(ctx context.Context, scope delivery.Scope, worker int64, items []delivery.Item, going map[delivery.Item]delivery.Recipient) error {
	texts := t.store.ledgers.of(scope)
	text, rows := texts.intend.fit(len(items))
	judged, err := listPrepared(ctx, t.ready(ctx, text), scanJudged, withAsked(items, rows, scope.Digest, worker, millis(t.now)))
	if err != nil {
		return err
	}
	handing := handed(judged)
	readers, err := t.recipients(ctx, texts, handing)
	if err != nil {
		return err
	}
	for _, item := range handing {
		r := readers[item.ID]
		if r.Address.IsZero() {
			if _, err := t.settle(ctx, scope, item, broken()); err != nil {
				return err
			}
			continue
		}
		r.Item = item
		going[item] = r
	}
	return nil
}

// intendStep takes: $1 scope, $2 worker, $3 now, $4… the rows. It judges every row
// once and writes what it found, all under the guard of state, attempt and worker.
const intendStep = `, judged AS MATERIALIZED (SELECT item, try, {verdict} AS verdict FROM asked {causes})
	UPDATE {table} SET state = CASE verdict WHEN 0 THEN {handing} WHEN -1 THEN {queued} ELSE {skipped} END,
		reason = CASE WHEN verdict > 0 THEN verdict ELSE 0 END,
		worker = CASE verdict WHEN 0 THEN worker ELSE 0 END, changed_at = $3{wipe if skipped}
	FROM judged WHERE {scope} AND {id} = item AND attempt = try AND +state = {claimed} AND +worker = $2
	RETURNING {id}, attempt, state`

// judgement is what an intent made of a row.
type judgement struct {
	delivery.Item
	state delivery.State
}

func scanJudged(row scanner) (judgement, error) {
	var j judgement
	err := row.Scan(&j.ID, &j.Attempt, &j.state)
	return j, err
}

func handed(judged []judgement) []delivery.Item {
	var items []delivery.Item
	for _, j := range judged {
		if j.state == delivery.Handing {
			items = append(items, j.Item)
		}
	}
	return items
}

// recipients reads to whom the rows now in handing go. One whose address is none
// (damaged, or wiped meanwhile) comes with the zero address.
func (t *tx) recipients(ctx context.Context, texts ledger, handing []delivery.Item) (map[int64]delivery.Recipient, error) {
	if len(handing) == 0 {
		return nil, nil
	}
	text, rows := texts.recipients.fit(len(handing))
	all, err := listPrepared(ctx, t.ready(ctx, text), scanRecipient, withIDs(handing, rows))
	readers := make(map[int64]delivery.Recipient, len(all))
	for _, r := range all {
		readers[r.ID] = r
	}
	return readers, err
}

func scanRecipient(row scanner) (delivery.Recipient, error) {
	var r delivery.Recipient
	var to string
	var key []byte
	if err := row.Scan(&r.ID, &to, &key, &r.Moves, &r.Language); err != nil {
		return r, err
	}
	copy(r.Key[:], key)
	r.Language = cmp.Or(r.Language, subscriber.DefaultLanguage)
	if a, err := storedAddress(to); err == nil {
		r.Address = a
	}
	return r, nil
}

// broken is what becomes of a row that has no address to go to.
func broken() settlement {
	return settlement{state: delivery.Skipped, reason: delivery.Broken}
}
