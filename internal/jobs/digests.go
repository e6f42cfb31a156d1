package jobs

import (
	"cmp"
	"context"
	"fmt"

	"github.com/collabpulse/weekly/internal/digest"
)

// Digests is what the steps of a digest do. Each is one transaction and does
// nothing the second time.
type Digests interface {
	// ComposeDigest makes the draft for a slot, or finds the one there is.
	ComposeDigest(ctx context.Context, o digest.Order) (d digest.Digest, created bool, err error)
	// LaunchDue starts an approved digest whose time has come; fault.Conflict when it
	// is not one, or was approved with templates other than those of the bundle.
	LaunchDue(ctx context.Context, id int64, bundle string) error
	// FreezeDigest plans one chunk of the audience.
	FreezeDigest(ctx context.Context, id int64) (done bool, err error)
	// FinishDigest closes a digest of which every row is settled.
	FinishDigest(ctx context.Context, id int64) (finished bool, err error)
}

// compose makes the draft of a slot and has its editors told.
//
// Safe to run twice: a slot is a unique row, so the second run finds the first one's draft.
func (w *Workers) compose(ctx context.Context, payload []byte) error {
	p, err := decode[slotPayload](payload)
	if err != nil {
		return err
	}
	d, created, err := w.work.Digests.ComposeDigest(ctx, digest.Order{Slot: p.slot(), Limits: cmp.Or(w.work.Limits, digest.DefaultLimits)})
	if err != nil || !created {
		return err
	}
	w.Log.InfoContext(ctx, "digest composed", "digest", d.ID, "state", d.State.String())
	w.client.WakeOutbox(ctx)
	return nil
}

// launch starts a digest whose time has come.
//
// Safe to run twice: launching one that is sending changes nothing. Safe to run
// late: one that was edited, cancelled or held since the tick saw it refuses.
func (w *Workers) launch(ctx context.Context, payload []byte) error {
	p, err := decode[digestPayload](payload)
	if err != nil {
		return err
	}
	id := p.Digest
	if err := w.work.Digests.LaunchDue(ctx, id, w.work.Bundle); err != nil {
		w.client.WakeOutbox(ctx) // it may have been held, which editors are told by letter
		return err
	}
	w.Log.InfoContext(ctx, "digest launched", "digest", id)
	w.client.WakeDigest(ctx, id)
	return nil
}

// freeze plans a digest's rows chunk by chunk, and wakes the lanes after each, so
// that sending begins with the first.
//
// Safe to run twice: how far it came is kept in SQL and moves with the rows, so
// two runs share the chunks, and a run after the last finds none.
func (w *Workers) freeze(ctx context.Context, payload []byte) error {
	p, err := decode[digestPayload](payload)
	if err != nil {
		return err
	}
	id := p.Digest
	return w.gates.run(fmt.Sprint("freeze:", id), 1, func() error {
		for {
			done, err := w.work.Digests.FreezeDigest(ctx, id)
			if err != nil {
				return err
			}
			w.client.wakeLanes(ctx, id)
			if done {
				return nil
			}
			if err := ctx.Err(); err != nil {
				return err
			}
		}
	})
}
