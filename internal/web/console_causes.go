package web

import (
	"context"
	"fmt"
	"time"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/digest"
)

// Causes says why readers did not get a digest, the most frequent cause first.
type Causes interface {
	Causes(ctx context.Context, id int64) ([]delivery.Cause, error)
}

// cause is one reason why readers did not get a digest.
type cause struct{ delivery.Cause }

// causes finds out why, for a digest of which somebody did not get it.
func (c console) causes(ctx context.Context, l listed) ([]cause, error) {
	if l.Tally.Failed+l.Tally.Skipped == 0 {
		return nil, nil
	}
	found, err := c.store.Causes(ctx, l.ID)
	if err != nil {
		return nil, err
	}
	list := make([]cause, len(found))
	for i, one := range found {
		list[i] = cause{one}
	}
	return list, nil
}

// Words say the cause in a sentence.
func (c cause) Words() string {
	words, ok := reasons[c.Reason]
	if !ok {
		words = "No reason was given"
	}
	if c.Code > 0 {
		words += fmt.Sprintf(" (reply code %d)", c.Code)
	}
	return words + "."
}

var reasons = map[delivery.Reason]string{
	delivery.Inactive:   "They left or paused before it reached them",
	delivery.Suppressed: "Their address is not to be mailed",
	delivery.Erased:     "They asked to be forgotten",
	delivery.Cancelled:  "The digest was cancelled first",
	delivery.Expired:    "It waited for too long",
	delivery.Refused:    "Their mailbox refused it",
	delivery.Broken:     "It could not be written for them",
}

// settledFor is how long a digest has been over before its figures are kept in
// memory: a worker's late result may still change them until then.
const settledFor = time.Hour

// tally counts a digest's deliveries. Counting takes long with many readers, so
// those of a digest under way are counted for all who look at once, and those of a
// digest that is over for good are counted once.
func (c console) tally(ctx context.Context, d digest.Digest) (delivery.Tally, error) {
	if underWay(d.State) {
		look, err := c.watcher.Look(ctx, d.ID)
		return look.Tally, err
	}
	if known, ok := c.counted.Load(d.ID); ok {
		return known.(delivery.Tally), nil
	}
	t, err := c.store.Tally(ctx, d.ID)
	if err == nil && c.over(d, t) {
		c.counted.Store(d.ID, t)
	}
	return t, err
}

// over reports whether the figures can no longer change: the digest was finished
// long ago, or it was cancelled and nothing that was on the wire is still open. A
// copy in doubt is never settled for good: an editor may send it once more.
func (c console) over(d digest.Digest, t delivery.Tally) bool {
	if d.State == digest.Cancelled {
		return t.Reconciled() && t.Unknown == 0
	}
	return !d.Finished.IsZero() && t.Unknown == 0 && c.Now().Sub(d.Finished) > settledFor
}
