package store

import (
	"context"

	"github.com/collabpulse/weekly/internal/subscriber"
)

// exportPage is how many subscribers one read of an export takes.
const exportPage = 1000

// EachSubscriber hands every subscriber who is not erased to f, by ascending id,
// and stops at f's first error. It reads in pages, so nothing is locked and
// little held while f works; whoever signs up meanwhile comes along.
func (s *Store) EachSubscriber(ctx context.Context, f func(subscriber.Subscriber) error) error {
	var last int64
	for {
		page, err := list(ctx, s.read, scanSubscriber, selectReader+" WHERE id > $1 AND state <> $2 ORDER BY id LIMIT $3",
			last, int(subscriber.Erased), exportPage)
		if err != nil {
			return wrap("export", err)
		}
		for _, one := range page {
			if err := f(one); err != nil {
				return err
			}
			last = one.ID
		}
		if len(page) < exportPage {
			return nil
		}
	}
}
