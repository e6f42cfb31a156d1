package store_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/store"
	"github.com/collabpulse/weekly/internal/store/storetest"
)

// lanes are the turns of lanes that come while another's is being written.
type lanes struct {
	desk
	waiting func() int
	release func()
	all     sync.WaitGroup
}

func held(d desk) *lanes {
	l := &lanes{desk: d}
	l.waiting, l.release = d.s.HoldTurns(d.scope, d.worker)
	return l
}

// turn has one more lane wait with its turn.
func (l *lanes) turn(ctx context.Context, results []delivery.Result, next []delivery.Item, done func(delivery.Intent, error)) {
	before := l.waiting()
	l.all.Go(func() { done(l.s.Turn(ctx, l.scope, l.worker, results, next)) })
	for l.waiting() == before {
		time.Sleep(time.Millisecond)
	}
}

func (l *lanes) write() {
	l.release()
	l.all.Wait()
}

func TestTurnsWrittenTogetherAreAnsweredAsIfEachHadComeAlone(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := sending(t, s, c, 400)
		groups := slices.Collect(slices.Chunk(d.claim(176), delivery.Group))
		must(t, s.Damage(bg, "UPDATE subscribers SET state = 3 WHERE id = $1", groups[4][2].ID))
		first := taken(d.intend(groups[0]).Go)
		l := held(d)
		answers := make([]delivery.Intent, len(groups))
		for i, group := range groups[1:] {
			results := first
			if i > 0 {
				results = nil
			}
			l.turn(bg, results, group, func(in delivery.Intent, err error) {
				answers[i+1] = in
				if err != nil {
					t.Error(err)
				}
			})
		}
		l.write()
		for i, group := range groups[1:] {
			want := slices.Clone(group)
			if i+1 == 4 {
				want = slices.Delete(want, 2, 3)
			}
			got := []delivery.Item{}
			for _, r := range answers[i+1].Go {
				got = append(got, r.Item)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("lane %d may hand over (-want +got):\n%s", i+1, diff)
			}
		}
		d.wantTally(delivery.Tally{Planned: 400, Queued: 224, Handing: 159, Sent: 16, Skipped: 1})
	})
}

func TestATurnThatFailsTakesNoOtherWithIt(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := sending(t, s, c, 64)
		groups := slices.Collect(slices.Chunk(d.claim(48), delivery.Group))
		l := held(d)
		gone, cancel := context.WithCancel(bg)
		l.turn(gone, nil, groups[0], func(_ delivery.Intent, err error) {
			if err == nil {
				t.Error("a turn was written whose lane has gone")
			}
		})
		for _, group := range groups[1:] {
			l.turn(bg, nil, group, func(in delivery.Intent, err error) {
				if err != nil || len(in.Go) != len(group) {
					t.Errorf("%d of %d may go (%v)", len(in.Go), len(group), err)
				}
			})
		}
		cancel()
		l.write()
		d.wantTally(delivery.Tally{Planned: 64, Queued: 16, Claimed: 16, Handing: 32})
	})
}
