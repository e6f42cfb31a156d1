package jobs

import (
	"context"
	"errors"
	"time"

	"github.com/collabpulse/weekly/internal/digest"
)

// lookBack is how long after its time a slot is still composed that nobody was
// there to compose. After that the next slot takes its stories.
const lookBack = 24 * time.Hour

// compose has the drafts made of the slots that come within the lead, and of one
// that was missed.
func (s *Scheduler) compose(ctx context.Context) error {
	if s.Next == nil {
		return nil
	}
	slots, err := s.slots(ctx)
	for _, slot := range slots {
		err = errors.Join(err, s.client.Compose(ctx, slot))
	}
	return err
}

// slots are those around now. A service that has never composed anything has
// missed nothing: it begins with the slot to come.
func (s *Scheduler) slots(ctx context.Context) ([]digest.Slot, error) {
	now := s.Now()
	last, err := s.Chores.Digests(ctx, 1)
	if err != nil {
		return nil, err
	}
	from := now
	if len(last) > 0 {
		from = now.Add(-lookBack)
	}
	var slots []digest.Slot
	for slot := s.Next(from); !slot.At.After(now.Add(s.Lead)); slot = s.Next(slot.At) {
		slots = append(slots, slot)
	}
	return slots, nil
}
