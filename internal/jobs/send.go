package jobs

import (
	"context"
	"fmt"

	"github.com/hibiken/asynq"

	"github.com/collabpulse/weekly/internal/delivery"
)

// Sender sends mail.
type Sender interface {
	// Drain sends what is due in the scope over one connection. It ends when
	// nothing is due, or soon after the context does; rows it holds then go back.
	Drain(ctx context.Context, scope delivery.Scope) error
}

// LetterLanes is how many connections of one process carry letters at once. A
// pool of connections needs so many beside those of the digest's lanes, or letters
// wait for as long as a digest takes.
const LetterLanes = 2

// sendLetters sends what is due in the outbox.
//
// Safe to run twice: a letter is claimed by a guarded update, so whichever run
// comes first has it, and the other finds nothing. A run that fails is not
// repeated, or an outage would leave a crowd of tasks behind: a tick or the next
// letter brings another.
func (w *Workers) sendLetters(ctx context.Context, _ []byte) error {
	err := w.gates.run("outbox", LetterLanes, func() error { return w.work.Sender.Drain(ctx, delivery.Outbox) })
	if err != nil && w.stop.Err() == nil && !moot(err) {
		return fmt.Errorf("%w: %w", asynq.RevokeTask, err)
	}
	return err
}

// sendDigest is one lane of a digest. It sends until nothing is due, and the last
// one of this process sees whether that was the end of it.
//
// Safe to run twice: lanes take rows by guarded updates, so any number of them
// may run at once, here or elsewhere. The number in the name only bounds how many do.
func (w *Workers) sendDigest(ctx context.Context, payload []byte) error {
	p, err := decode[lanePayload](payload)
	if err != nil {
		return err
	}
	return w.gates.run(laneTask(p.Digest, p.Lane).name, 1, func() error {
		last, err := w.lanes.run(p.Digest, func() error { return w.work.Sender.Drain(ctx, delivery.Scope{Digest: p.Digest}) })
		if err != nil || !last {
			return err
		}
		return w.finish(ctx, p.Digest)
	})
}

// finish closes a digest of which nothing is left to send, and has the letters
// about it sent.
func (w *Workers) finish(ctx context.Context, id int64) error {
	finished, err := w.work.Digests.FinishDigest(ctx, id)
	if err == nil && finished {
		w.Log.InfoContext(ctx, "digest finished", "digest", id)
		w.client.WakeOutbox(ctx)
	}
	return err
}
