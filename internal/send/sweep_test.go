package send_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/send"
)

// clock is a monotonic clock that tests move by hand.
type clock struct{ at time.Duration }

func (c *clock) elapsed() time.Duration { return c.at }

func sweep(t *testing.T, w *send.Watch) delivery.Reclaimed {
	t.Helper()
	r, err := w.Sweep(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// deadWorker is a book with a worker that holds one claimed row and one in handing.
func deadWorker(t *testing.T) (*book, *clock, *send.Watch) {
	t.Helper()
	b, c := newBook(3), &clock{}
	id, err := b.RegisterWorker(t.Context(), "dead")
	if err != nil {
		t.Fatal(err)
	}
	claims, _ := b.Claim(t.Context(), digestScope, id, 2)
	b.Turn(t.Context(), digestScope, id, nil, []delivery.Item{claims[0].Item})
	return b, c, send.NewWatch(b, c.elapsed, quiet)
}

func TestAWorkerThatStandsStillForALeaseLosesItsRows(t *testing.T) {
	t.Parallel()
	b, c, w := deadWorker(t)
	for c.at = 0; c.at < delivery.Lease; c.at += 15 * time.Second {
		if r := sweep(t, w); r != (delivery.Reclaimed{}) {
			t.Fatalf("swept after %v: %+v", c.at, r)
		}
	}
	if r := sweep(t, w); r.Requeued != 1 || r.Doubtful != 1 {
		t.Errorf("swept %+v", r)
	}
	b.wantCount(t, map[delivery.State]int{delivery.Queued: 2, delivery.Unknown: 1})
	if r := sweep(t, w); r != (delivery.Reclaimed{}) {
		t.Errorf("swept twice: %+v", r)
	}
}

func TestAWorkerThatBeatsKeepsItsRowsHoweverSlowTheWatch(t *testing.T) {
	t.Parallel()
	b, c, w := deadWorker(t)
	for range 10 {
		sweep(t, w)
		c.at += 10 * delivery.Lease // the watch itself slept
		b.Beat(t.Context(), 1)
	}
	if r := sweep(t, w); r != (delivery.Reclaimed{}) {
		t.Errorf("swept %+v", r)
	}
}

func TestANewWatchWaitsAWholeLeaseBeforeItActs(t *testing.T) {
	t.Parallel()
	b, c, _ := deadWorker(t)
	c.at = time.Hour
	w := send.NewWatch(b, c.elapsed, quiet)
	if r := sweep(t, w); r != (delivery.Reclaimed{}) {
		t.Errorf("swept %+v", r)
	}
}

// stuckRoll cannot take back the rows of worker 1.
type stuckRoll struct{ *book }

func (s stuckRoll) Reclaim(ctx context.Context, worker int64) (delivery.Reclaimed, error) {
	if worker == 1 {
		return delivery.Reclaimed{}, errAway
	}
	return s.book.Reclaim(ctx, worker)
}

func TestASweepGoesOnAfterAFailureAndComesBackToIt(t *testing.T) {
	t.Parallel()
	b, c, _ := deadWorker(t)
	b.RegisterWorker(t.Context(), "dead, too")
	b.Claim(t.Context(), digestScope, 2, 1)
	w := send.NewWatch(stuckRoll{b}, c.elapsed, quiet)
	sweep(t, w)
	c.at = delivery.Lease
	for _, want := range []int{1, 0} {
		r, err := w.Sweep(t.Context())
		if !errors.Is(err, errAway) || r.Requeued != want {
			t.Errorf("swept %+v, %v; want %d requeued and the failure reported", r, err, want)
		}
	}
}

func TestASweepWithoutADatabaseSaysSo(t *testing.T) {
	t.Parallel()
	b, _, w := deadWorker(t)
	b.setAway(errAway)
	if _, err := w.Sweep(t.Context()); !errors.Is(err, errAway) {
		t.Errorf("got %v", err)
	}
}
