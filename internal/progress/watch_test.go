package progress

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/collabpulse/weekly/internal/delivery"
)

// slow is a ledger whose counting takes a while.
type slow struct {
	takes   time.Duration
	count   Count
	failing error
	counted atomic.Int32
	named   atomic.Int32
}

func (s *slow) Allotted(context.Context, delivery.Allowance) (int, error) { return 40, s.failing }

func (s *slow) Count(ctx context.Context, _ int64, _ []string) (Count, error) {
	s.counted.Add(1)
	time.Sleep(s.takes)
	return s.count, s.failing
}

func (s *slow) LargestGroups(context.Context, int64, int) ([]string, error) {
	s.named.Add(1)
	return []string{"gmail"}, nil
}

func (s *slow) Reports(context.Context) ([]Report, error) { return nil, nil }

func look(t *testing.T, w *Watch) Look {
	t.Helper()
	l, err := w.Look(t.Context(), 7)
	if err != nil {
		t.Error(err)
	}
	return l
}

func TestAllWhoWatchADigestShareOneCount(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ledger := &slow{takes: 20 * time.Millisecond}
		w := NewWatch(ledger, delivery.WarmUp{}, nil)
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() { look(t, w) })
		}
		all.Wait()
		if n := ledger.counted.Load(); n != 1 {
			t.Errorf("counted %d times for fifty watchers", n)
		}
		time.Sleep(time.Second)
		if look(t, w); ledger.counted.Load() != 2 {
			t.Errorf("counted %d times after a second more", ledger.counted.Load())
		}
	})
}

func TestAtMostATwentiethOfTheTimeIsSpentCounting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ledger := &slow{takes: 600 * time.Millisecond}
		w, began := NewWatch(ledger, delivery.WarmUp{}, nil), time.Now()
		for time.Since(began) < 5*time.Minute {
			time.Sleep(look(t, w).Again)
		}
		if spent := time.Duration(ledger.counted.Load()) * ledger.takes; spent > time.Since(began)/20 || spent < time.Since(began)/25 {
			t.Errorf("%v of %v were spent counting", spent, time.Since(began))
		}
	})
}

func TestTheGroupsAreNamedAnewWhileADigestGrows(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ledger := &slow{}
		w := NewWatch(ledger, delivery.WarmUp{}, nil)
		for i, rows := range []int{0, 100, 105, 200, 200} {
			ledger.count.Cells = []Cell{{State: delivery.Queued, Count: rows}}
			look(t, w)
			if want := []int32{0, 1, 1, 2, 2}[i]; ledger.named.Load() != want {
				t.Errorf("at %d rows: named %d times, want %d", rows, ledger.named.Load(), want)
			}
			time.Sleep(time.Second)
		}
	})
}

func TestALookThatFailsIsTakenAgain(t *testing.T) {
	t.Parallel()
	ledger := &slow{failing: errors.New("away")}
	w := NewWatch(ledger, delivery.WarmUp{}, nil)
	if _, err := w.Look(t.Context(), 7); !errors.Is(err, ledger.failing) {
		t.Errorf("got %v", err)
	}
	ledger.failing = nil
	look(t, w)
	for id := range int64(100) {
		if _, err := w.Look(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	if len(w.digests) > remembered {
		t.Errorf("%d digests are remembered", len(w.digests))
	}
}

func TestWhoNoLongerWantsALookDoesNotWaitForIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := NewWatch(&slow{takes: time.Hour}, delivery.WarmUp{}, nil)
		var first sync.WaitGroup
		defer first.Wait()
		first.Go(func() { w.Look(t.Context(), 7) })
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := w.Look(ctx, 7); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}

func TestALookKnowsWhatTheWarmUpAllowsToday(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calendar, err := delivery.ParseWarmUp("2000-01-01: 50 40") // bubbles begin on that day
		if err != nil {
			t.Fatal(err)
		}
		ledger := &slow{count: Count{At: time.Now()}}
		w := NewWatch(ledger, calendar, nil)
		for _, want := range []struct {
			warmth Warmth
			usedUp bool
		}{
			{Warmth{Allowance: delivery.Allowance{Date: "2000-01-01", Day: 1, Days: 2, Most: 50}, Used: 40}, false},
			{Warmth{Allowance: delivery.Allowance{Date: "2000-01-02", Day: 2, Days: 2, Most: 40}, Used: 40}, true},
			{Warmth{}, false},
		} {
			ledger.count.At = time.Now()
			look, err := w.Look(t.Context(), 1)
			if err != nil || look.WarmUp != want.warmth || look.WarmUp.UsedUp() != want.usedUp {
				t.Errorf("%+v: %v", look.WarmUp, err)
			}
			time.Sleep(24 * time.Hour)
		}
	})
}
