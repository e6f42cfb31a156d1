package jobs

import (
	"context"
	"time"
)

// Gatherer looks at sources.
type Gatherer interface {
	// Gather looks at one source and keeps what is new. That the source itself
	// fails is noted with it and is no error.
	Gather(ctx context.Context, source int64) error
}

// gatherFor is how long one look may take; a host that is slower is left alone.
const gatherFor = 2 * time.Minute

// gather looks at a source.
//
// Safe to run twice: a story is known by its canonical link, so a second look
// finds nothing new, and mostly costs the source one answer of 304.
func (w *Workers) gather(ctx context.Context, payload []byte) error {
	p, err := decode[sourcePayload](payload)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, gatherFor)
	defer cancel()
	return w.work.Gatherer.Gather(ctx, p.Source)
}
