package store

import (
	"context"

	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/fault"
)

// LaunchDigest starts to send an approved digest, its time or not: from here on
// readers are planned for and mailed. It is sent to whoever is a subscriber now,
// and its spotlights count as carried. Launching again is nil. A digest in any
// other state, without approval, or whose snapshot is not what was approved, is a
// fault.Conflict.
func (s *Store) LaunchDigest(ctx context.Context, id int64) error {
	return s.update(ctx, "launch digest", func(t *tx) error {
		d, err := t.digest(ctx, id)
		if err != nil || d.State == digest.Sending {
			return err
		}
		if err := digest.Check(d.State, digest.Launch); err != nil {
			return err
		}
		if d.Hash == "" {
			return fault.New(fault.Conflict, "Approve this digest before sending it.")
		}
		snapshot, _, err := snapshotOf(ctx, t, id)
		if err != nil {
			return err
		}
		if err := t.carry(ctx, snapshot); err != nil {
			return err
		}
		_, err = t.ExecContext(ctx, `UPDATE digests SET state = $1, reason = '', launched_at = $2, freeze_cursor = 0,
			freeze_end = (SELECT COALESCE(MAX(id), 0) FROM subscribers) WHERE id = $3`,
			int(digest.Sending), millis(t.now), id)
		return err
	})
}

// carry marks a digest's spotlights, so that none is offered again.
func (t *tx) carry(ctx context.Context, snapshot digest.Snapshot) error {
	for _, p := range snapshot.Spotlights {
		if _, err := t.ExecContext(ctx, "UPDATE spotlights SET carried_by = $1 WHERE id = $2 AND carried_by IS NULL", snapshot.Digest, p.ID); err != nil {
			return err
		}
	}
	return nil
}
