package store_test

import (
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/store"
	"github.com/collabpulse/weekly/internal/store/storetest"
)

func TestAWorkersBeatIsSeenUntilItRetires(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		one, two := newWorker(t, s), newWorker(t, s)
		must(t, s.Beat(bg, one))
		must(t, s.Beat(bg, one))
		all, err := s.Workers(bg)
		must(t, err)
		want := []delivery.Worker{{ID: one, Name: "test", Beat: 2}, {ID: two, Name: "test"}}
		if diff := cmp.Diff(want, all); diff != "" {
			t.Fatal(diff)
		}
		must(t, s.RetireWorker(bg, one))
		must(t, s.RetireWorker(bg, one))
		wantKind(t, s.Beat(bg, one), fault.Gone)
		if all, err = s.Workers(bg); err != nil || len(all) != 1 {
			t.Fatalf("%d workers are left, %v", len(all), err)
		}
	})
}

func TestTheRowsOfADeadWorkerAreTakenBack(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := sending(t, s, c, 20)
		letter := withLetter(t, s, c)
		letter.worker = d.worker
		letter.handing(1)
		handing := d.handing(5)
		d.claim(6)
		survivor := deskOf(t, s, c, d.scope)
		survivor.claim(4)

		back, err := s.Reclaim(bg, d.worker)
		must(t, err)
		if diff := cmp.Diff(delivery.Reclaimed{Requeued: 6, Doubtful: 6, Resent: 6}, back); diff != "" {
			t.Fatal(diff)
		}
		d.wantTally(delivery.Tally{Planned: 20, Queued: 16, Claimed: 4, Doubts: 5})
		d.wantEntry(handing[0].ID, entry{State: delivery.Queued, Attempt: 1, Doubts: 1})
		wantKind(t, s.Beat(bg, d.worker), fault.Gone)
		if back, err = s.Reclaim(bg, d.worker); err != nil || back != (delivery.Reclaimed{}) {
			t.Fatalf("taken back twice: %+v, %v", back, err)
		}
	})
}

func TestADeadWorkersDoubtsFollowThePolicy(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := sending(t, s, c, 3)
		d.handing(3)
		must(t, s.SetDoubts(bg, d.digest, delivery.Leave))
		back, err := s.Reclaim(bg, d.worker)
		must(t, err)
		if diff := cmp.Diff(delivery.Reclaimed{Doubtful: 3}, back); diff != "" {
			t.Fatal(diff)
		}
		d.wantTally(delivery.Tally{Planned: 3, Unknown: 3, Doubts: 3})
	})
}

func TestWhatADeadWorkerHeldOfACancelledDigestDoesNotWait(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := sending(t, s, c, 4)
		d.handing(2)
		d.claim(2)
		must(t, s.Damage(bg, "UPDATE digests SET state = 7"))
		back, err := s.Reclaim(bg, d.worker)
		must(t, err)
		if diff := cmp.Diff(delivery.Reclaimed{Doubtful: 2}, back); diff != "" {
			t.Fatal(diff)
		}
		d.wantTally(delivery.Tally{Planned: 4, Skipped: 2, Unknown: 2, Doubts: 2})
	})
}

// A worker is killed between intent and result. Its rows are resent once by
// another, and when it turns out to be alive, what it says late is only heard
// where it cannot do harm.
func TestAWorkerThatWakesUpLateDoesNoHarm(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := sending(t, s, c, 4)
		items := d.handing(4)
		_, err := s.Reclaim(bg, d.worker)
		must(t, err)

		if in := d.intend(items); len(in.Go) != 0 {
			t.Fatal("it may go on with what was taken back")
		}
		d.record(items[:1], accepted) // nobody has claimed the resend
		c.Advance(time.Minute)
		other := deskOf(t, s, c, d.scope)
		again := other.handing(10)
		if len(again) != 3 {
			t.Fatalf("%d rows are resent, want 3", len(again))
		}
		d.record(items, accepted)
		d.record(items, refused)
		must(t, s.HandBack(bg, d.scope, d.worker, delivery.Return{Items: items}))
		d.wantTally(delivery.Tally{Planned: 4, Handing: 3, Sent: 1, Doubts: 4})
		other.record(again, accepted)
		d.wantTally(delivery.Tally{Planned: 4, Sent: 4, Doubts: 4})
	})
}

// Should a sweep strike a worker off while it claims, it must find what is claimed.
func TestASweepWaitsForAClaimUnderWay(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		worker := newWorker(t, s)
		swept := make(chan error, 1)
		must(t, s.WhileClaiming(bg, worker, func() {
			go func() {
				_, err := s.Reclaim(bg, worker)
				swept <- err
			}()
			select {
			case err := <-swept:
				t.Error("the worker was struck off in the middle of its claim")
				swept <- err
			case <-time.After(200 * time.Millisecond):
			}
		}))
		must(t, <-swept)
	})
}

// Workers die without a word while a digest is sent, and a sweep that is too eager
// strikes off others that are alive. Nobody is lost, and nobody is handed over more
// than once but for doubts, of which each row is resent one at most.
func TestEverybodyIsSettledHoweverOftenWorkersDie(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		const rows = 1500
		d := sending(t, s, c, rows)
		wire := &wire{times: make(map[int64]int)}
		stop := make(chan struct{})
		var sweep sync.WaitGroup
		sweep.Go(func() { eagerSweep(t, s, stop) })
		together(t, 6, func(n int) error {
			for life := 0; ; life++ {
				more, err := wire.life(s, d.scope, (life+n)%4 == 0)
				if err != nil && !fault.Is(err, fault.Gone) || err == nil && !more {
					return err
				}
			}
		})
		close(stop)
		sweep.Wait()
		for more := true; more; {
			c.Advance(time.Minute)
			var err error
			more, err = wire.life(s, d.scope, false)
			must(t, err)
		}
		d.wantSettled(rows, wire.times)
	})
}

// wire counts how often each row was handed over.
type wire struct {
	mu    sync.Mutex
	times map[int64]int
}

// life is one worker's: it claims, hands over a part and records it, unless it dies
// before. more is false when there was nothing to claim.
func (w *wire) life(s *store.Store, scope delivery.Scope, dies bool) (more bool, err error) {
	worker, err := s.RegisterWorker(bg, "mortal")
	if err != nil {
		return false, err
	}
	claims, err := s.Claim(bg, scope, worker, 24)
	if err != nil || len(claims) == 0 {
		return false, err
	}
	var items []delivery.Item
	for _, claim := range claims[:min(delivery.Group, len(claims))] {
		items = append(items, claim.Item)
	}
	in, err := s.Turn(bg, scope, worker, nil, items)
	if err != nil {
		return false, err
	}
	w.mu.Lock()
	for _, r := range in.Go {
		w.times[r.ID]++
	}
	w.mu.Unlock()
	if !dies {
		_, err = s.Turn(bg, scope, worker, taken(in.Go), nil)
	}
	if err == nil {
		err = s.RetireWorker(bg, worker)
	}
	return true, err
}

// eagerSweep strikes off every worker it sees, dead or alive.
func eagerSweep(t *testing.T, s *store.Store, stop chan struct{}) {
	for {
		select {
		case <-stop:
			return
		case <-time.After(5 * time.Millisecond):
		}
		workers, err := s.Workers(bg)
		for _, w := range workers {
			if err == nil {
				_, err = s.Reclaim(bg, w.ID)
			}
		}
		if err != nil {
			t.Error(err)
			return
		}
	}
}

// wantSettled checks every row against how often it was handed over.
func (d desk) wantSettled(rows int, times map[int64]int) {
	d.t.Helper()
	sum, err := d.s.Tally(bg, d.digest)
	must(d.t, err)
	if !sum.Reconciled() || sum.Planned != rows || len(times) != rows || sum.Sent+sum.Unknown != rows {
		d.t.Fatalf("%d of %d rows were handed over: %+v", len(times), rows, sum)
	}
	for id, n := range times {
		if row := d.entry(id); n > 1+row.Doubts || n > 2 {
			d.t.Errorf("row %d was handed over %d times with %d doubts", id, n, row.Doubts)
		}
	}
}

func taken(recipients []delivery.Recipient) []delivery.Result {
	var results []delivery.Result
	for _, r := range recipients {
		results = append(results, delivery.Result{Item: r.Item, Outcome: accepted})
	}
	return results
}
