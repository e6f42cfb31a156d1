package store

import (
	"context"

	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/outbox"
)

// LaunchDigest starts to send an approved digest because somebody says so, its
// time or not: from here on readers are planned for and mailed. It is sent to
// whoever is a subscriber now, and its spotlights count as carried. Launching
// again is nil.
//
// Who says so looked at a version, 0 for whatever it is, and has templates that
// print this bundle, "" for no matter which. Another version, a digest in any
// other state, without approval, or whose snapshot is not what was approved, are a
// fault.Conflict. So are templates other than those it was approved with, and
// then the digest is held for an editor to approve anew.
func (s *Store) LaunchDigest(ctx context.Context, id int64, version int, bundle string) error {
	return s.launch(ctx, id, bundle, func(_ *tx, d digest.Digest) error {
		if version != 0 && version != d.Version {
			return stale()
		}
		return nil
	})
}

// LaunchDue starts to send a digest because its time has come. Whoever found that
// may have done so hours ago, so it is asked again: one that is not approved, or
// whose time has not come or is more than digest.LateAfter past, is a
// fault.Conflict. Otherwise as LaunchDigest.
func (s *Store) LaunchDue(ctx context.Context, id int64, bundle string) error {
	return s.launch(ctx, id, bundle, func(t *tx, d digest.Digest) error {
		if !d.Due(t.now) {
			return fault.New(fault.Conflict, "This digest is %s, and its time to be sent is not now.", d.State)
		}
		return nil
	})
}

// launch starts a digest that is ready, or holds it when the templates are not
// those it was approved with.
func (s *Store) launch(ctx context.Context, id int64, bundle string, ready func(*tx, digest.Digest) error) error {
	outdated := false
	err := s.update(ctx, "launch digest", func(t *tx) error {
		outdated = false
		d, err := t.digest(ctx, id)
		if err != nil || d.State == digest.Sending {
			return err
		}
		snapshot, err := t.launchable(ctx, d)
		if err != nil {
			return err
		}
		if err := ready(t, d); err != nil {
			return err
		}
		if outdated = bundle != "" && bundle != snapshot.Bundle; outdated {
			return t.holdOutdated(ctx, id)
		}
		return t.launch(ctx, snapshot)
	})
	if err == nil && outdated {
		return wrap("launch digest", fault.New(fault.Conflict, heldOutdated))
	}
	return err
}

// launchable is what a digest was approved as, when its state lets it go.
func (t *tx) launchable(ctx context.Context, d digest.Digest) (digest.Snapshot, error) {
	if err := digest.Check(d.State, digest.Launch); err != nil {
		return digest.Snapshot{}, err
	}
	if b, err := brake(ctx, t); err != nil {
		return digest.Snapshot{}, err
	} else if b.On() {
		return digest.Snapshot{}, digest.Braked()
	}
	if d.Hash == "" {
		return digest.Snapshot{}, fault.New(fault.Conflict, "Approve this digest before sending it.")
	}
	if err := t.rememberedCorrected(ctx, d); err != nil {
		return digest.Snapshot{}, err
	}
	if err := t.sharesNothing(ctx, d.ID); err != nil { // a held one speaks for nothing
		return digest.Snapshot{}, err
	}
	snapshot, _, err := snapshotOf(ctx, t, d.ID)
	return snapshot, err
}

func (t *tx) launch(ctx context.Context, snapshot digest.Snapshot) error {
	if err := t.carry(ctx, snapshot); err != nil {
		return err
	}
	_, err := t.ExecContext(ctx, `UPDATE digests SET state = $1, reason = '', launched_at = $2, freeze_cursor = 0,
		freeze_end = (SELECT COALESCE(MAX(id), 0) FROM subscribers) WHERE id = $3`,
		int(digest.Sending), millis(t.now), snapshot.Digest)
	return err
}

const heldOutdated = "The mail templates changed since this digest was approved; look at it and approve it again."

// holdOutdated voids an approval given for other templates, and tells the editors.
func (t *tx) holdOutdated(ctx context.Context, id int64) error {
	_, err := t.ExecContext(ctx, "UPDATE digests SET state = $1, reason = $2, "+unapproved+", version = version + 1 WHERE id = $3",
		int(digest.Held), heldOutdated, id)
	if err != nil {
		return err
	}
	return t.letterToEditors(ctx, outbox.Held, id)
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

// uncarry frees the spotlights of a digest that nobody has, or can have, got.
func (t *tx) uncarry(ctx context.Context, id int64) error {
	_, err := t.ExecContext(ctx, uncarrySpotlights, id)
	return err
}

var uncarrySpotlights = inNumbers(`UPDATE spotlights SET carried_by = NULL WHERE carried_by = $1
	AND NOT EXISTS (SELECT 1 FROM deliveries WHERE digest_id = $1 AND (state IN ({handing}, {sent}, {unknown}) OR doubts > 0))`)
