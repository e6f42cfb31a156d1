package store

import (
	"context"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/fault"
)

// SetDoubts changes what becomes of doubts from now on. An unknown id is a
// fault.NotFound, and a policy that there is not a fault.Invalid.
func (s *Store) SetDoubts(ctx context.Context, id int64, policy delivery.Doubts) error {
	if policy != delivery.Resend && policy != delivery.Leave {
		return fault.Field("doubts", "Doubts are resent once or left alone.")
	}
	return s.update(ctx, "set doubts", func(t *tx) error {
		return t.one(ctx, noDigest, "UPDATE digests SET doubts = $1 WHERE id = $2", int(policy), id)
	})
}

// Unsettled counts the copies of a digest that an editor may have sent once more.
func (s *Store) Unsettled(ctx context.Context, id int64) (copies int, err error) {
	err = s.read.QueryRowContext(ctx, "SELECT COUNT(*) FROM deliveries WHERE "+settleable+" AND EXISTS (SELECT 1 FROM digests g WHERE g.id = $1 AND g.sums = '')", id).Scan(&copies)
	return copies, wrap("unsettled", err)
}

// settleable are the rows of digest $1 whose fate nobody knows and that an editor
// has not sent once more: each doubt of a row is counted, and there is at most one
// more than the policy itself makes.
var settleable = inNumbers(`digest_id = $1 AND state = {unknown} AND doubts <=
	CASE (SELECT g.doubts FROM digests g WHERE g.id = $1) WHEN {policy resend} THEN 2 ELSE 1 END`)

// ResendUnknown sends the copies whose fate nobody knows once more, and returns
// how many. They are due at once and go through every check of the others; a digest
// that was sent is being sent again until they are settled. Their doubts stay
// counted, and one that ends in doubt again is not sent again by hand either. A
// digest that is not being sent or sent, and one without such a copy, are a
// fault.Conflict.
func (s *Store) ResendUnknown(ctx context.Context, id int64) (copies int, err error) {
	err = s.update(ctx, "resend unknown", func(t *tx) error {
		d, err := t.digestFor(ctx, id, digest.ResendDoubts)
		if err == nil {
			err = t.settleableStill(ctx, id)
		}
		if err != nil {
			return err
		}
		if copies, err = t.changed(ctx, resendUnknown, id, millis(t.now)); err != nil {
			return err
		}
		if copies == 0 {
			return fault.New(fault.Conflict, "No copy of this digest is in doubt that was not sent once more already.")
		}
		if d.State == digest.Sending {
			return nil
		}
		_, err = t.ExecContext(ctx, "UPDATE digests SET state = $1, finished_at = 0 WHERE id = $2", int(digest.Sending), id)
		return err
	})
	return copies, err
}

var resendUnknown = inNumbers("UPDATE deliveries SET state = {queued}, reason = 0, worker = 0, due_at = $2, changed_at = $2 WHERE ") + settleable

// AcceptUnknown counts the copies whose fate nobody knows as sent, because
// somebody looked or lets it be, and returns how many. Their doubts stay counted. A
// digest that was never launched is a fault.Conflict.
func (s *Store) AcceptUnknown(ctx context.Context, id int64) (copies int, err error) {
	err = s.update(ctx, "accept unknown", func(t *tx) error {
		d, err := t.digest(ctx, id)
		if err != nil {
			return err
		}
		if d.Launched.IsZero() {
			return fault.New(fault.Conflict, "This digest is %s; nothing of it is in doubt.", d.State)
		}
		if err := t.settleableStill(ctx, id); err != nil {
			return err
		}
		copies, err = t.changed(ctx, acceptUnknown, id, millis(t.now))
		return err
	})
	return copies, err
}

var acceptUnknown = inNumbers("UPDATE deliveries SET state = {sent}, reason = 0, changed_at = $2 WHERE digest_id = $1 AND state = {unknown}")

// changed runs a statement and returns how many rows it changed.
func (t *tx) changed(ctx context.Context, query string, args ...any) (int, error) {
	result, err := t.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	n, err := result.RowsAffected()
	return int(n), err
}
