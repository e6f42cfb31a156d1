package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/outbox"
)

// ApproveDigest freezes what the digest says, as rendered by the templates of that
// bundle, into a snapshot with its hash. From then on that is what is sent. Who
// approves is noted as given, and the version goes up, so that nobody voids the
// approval from a page that does not show it. A digest with no subject or nothing
// in it is a fault.Invalid; one that moved on or changed since the version given,
// or that shares a story or a spotlight with another that is approved or out, is a
// fault.Conflict.
func (s *Store) ApproveDigest(ctx context.Context, id int64, version int, by string, bundle string) (d digest.Digest, err error) {
	topics, err := s.Topics(ctx)
	if err != nil {
		return d, err
	}
	err = s.update(ctx, "approve digest", func(t *tx) error {
		if d, err = t.digestToApprove(ctx, id, version); err != nil {
			return err
		}
		snapshot, err := d.Freeze(topics, d.Day(t.now), bundle)
		if err != nil {
			return err
		}
		if err := t.approve(ctx, d, snapshot, by); err != nil {
			return err
		}
		d, err = digestWithLineUp(ctx, t, selectDigest+" WHERE id = $1", id)
		return err
	})
	return d, err
}

func (t *tx) digestToApprove(ctx context.Context, id int64, version int) (digest.Digest, error) {
	if err := t.approveAlone(ctx); err != nil {
		return digest.Digest{}, err
	}
	d, err := t.digestFor(ctx, id, digest.Approve)
	if err != nil {
		return d, err
	}
	if d.Version != version {
		return d, stale()
	}
	if err := t.sharesNothing(ctx, id); err != nil {
		return d, err
	}
	d.LineUp, err = lineUp(ctx, t, id)
	return d, err
}

func (t *tx) approve(ctx context.Context, d digest.Digest, snapshot digest.Snapshot, by string) error {
	encoded := snapshot.Encode()
	_, err := t.ExecContext(ctx, `UPDATE digests SET state = $1, reason = '', approved_at = $2, approved_by = $3,
		snapshot = $4, snapshot_hash = $5, send_at = $6, version = version + 1 WHERE id = $7`,
		int(digest.Approved), millis(t.now), clipped(by, 254), string(encoded), digest.HashOf(encoded), millis(stillAhead(d)), d.ID)
	return err
}

// Snapshot reads what was approved and its hash. A digest without approval is a
// fault.NotFound; one whose snapshot is not what its hash says, a fault.Conflict.
func (s *Store) Snapshot(ctx context.Context, id int64) (digest.Snapshot, string, error) {
	snapshot, hash, err := snapshotOf(ctx, s.read, id)
	return snapshot, hash, wrap("snapshot", err)
}

func snapshotOf(ctx context.Context, q querier, id int64) (snapshot digest.Snapshot, hash string, err error) {
	var encoded []byte
	err = q.QueryRowContext(ctx, "SELECT snapshot, snapshot_hash FROM digests WHERE id = $1", id).Scan(&encoded, &hash)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return snapshot, "", fault.New(fault.NotFound, noDigest)
	case err != nil:
		return snapshot, "", err
	case hash == "":
		return snapshot, "", fault.New(fault.NotFound, "This digest is not approved.")
	}
	snapshot, err = digest.DecodeSnapshot(encoded, hash)
	return snapshot, hash, err
}

// DueDigests lists the approved digests whose time has come and is not more than
// digest.LateAfter past.
func (s *Store) DueDigests(ctx context.Context) ([]int64, error) {
	now := s.now()
	ids, err := list(ctx, s.read, scanID, "SELECT id FROM digests WHERE state = $1 AND send_at > 0 AND send_at <= $2 AND send_at >= $3 AND NOT "+braked+" ORDER BY send_at, id",
		int(digest.Approved), millis(now), millis(now.Add(-digest.LateAfter)))
	return ids, wrap("due digests", err)
}

// HoldLate holds the digests whose time is more than digest.LateAfter past, tells
// the editors, and returns which. A held digest goes nowhere by itself.
func (s *Store) HoldLate(ctx context.Context) (held []int64, err error) {
	err = s.update(ctx, "hold late digests", func(t *tx) error {
		late, err := list(ctx, t, scanDigest, selectDigest+` WHERE state IN ($1, $2) AND send_at > 0 AND send_at < $3 ORDER BY id`+t.store.dialect.forUpdate,
			int(digest.Draft), int(digest.Approved), millis(t.now.Add(-digest.LateAfter)))
		held = nil
		for _, d := range late {
			if err := t.hold(ctx, d); err != nil {
				return err
			}
			held = append(held, d.ID)
		}
		return err
	})
	return held, err
}

// Why a digest is held.
const (
	heldUnapproved = "Nobody approved it by its time."
	heldLate       = "Its time had passed by more than six hours before it could be sent."
)

func (t *tx) hold(ctx context.Context, d digest.Digest) error {
	reason := heldLate
	if d.State == digest.Draft {
		reason = heldUnapproved
	}
	_, err := t.ExecContext(ctx, "UPDATE digests SET state = $1, reason = $2 WHERE id = $3", int(digest.Held), reason, d.ID)
	if err != nil {
		return err
	}
	return t.letterToEditors(ctx, outbox.Held, d.ID)
}
