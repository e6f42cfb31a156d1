package store_test

import (
	"sync"
	"testing"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/store"
	"github.com/collabpulse/weekly/internal/store/storetest"
)

func TestATallyNamesEveryStateAndWhatIsDeferredOrDoubtful(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := sending(t, s, c, 9)
		items := d.handing(6)
		d.claim(1)
		d.record(items[:1], accepted)
		d.record(items[1:2], refused)
		d.record(items[2:3], deferred)
		d.record(items[3:4], inDoubt)
		must(t, s.SetDoubts(bg, d.digest, delivery.Leave))
		d.record(items[4:5], inDoubt)
		d.wantTally(delivery.Tally{Planned: 9, Queued: 4, Claimed: 1, Handing: 1, Sent: 1, Failed: 1, Unknown: 1, Deferred: 1, Doubts: 2})
	})
}

// Whoever looks while a digest goes out sees each row in one state.
func TestATallyAddsUpWhileTheDigestIsSent(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := sending(t, s, c, 400)
		stop := make(chan struct{})
		var watcher sync.WaitGroup
		watcher.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				n, err := s.Tally(bg, d.digest)
				if sum := n.Settled() + n.Queued + n.Claimed + n.Handing; err != nil || sum != 400 {
					t.Errorf("%d of 400 rows: %+v, %v", sum, n, err)
					return
				}
			}
		})
		for items := d.claim(50); len(items) > 0; items = d.claim(50) {
			d.intend(items)
			d.record(items, accepted)
		}
		close(stop)
		watcher.Wait()
		d.wantTally(delivery.Tally{Planned: 400, Sent: 400})
	})
}
