package store_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/store"
	"github.com/collabpulse/weekly/internal/store/storetest"
)

func TestADaysAllowanceIsGivenOnceHoweverManyAskForIt(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		day := delivery.Allowance{Date: "2026-12-01", Day: 1, Days: 2, Most: 250}
		var given atomic.Int64
		var lanes sync.WaitGroup
		for range 8 {
			lanes.Go(func() {
				for range 5 {
					n, err := s.Allot(t.Context(), day, delivery.Group)
					if err != nil {
						t.Error(err)
					}
					given.Add(int64(n))
				}
			})
		}
		lanes.Wait()
		if n, err := s.Allotted(t.Context(), day); given.Load() != 250 || n != 250 || err != nil {
			t.Errorf("%d of 250 were given, %d noted: %v", given.Load(), n, err)
		}
		next := delivery.Allowance{Date: "2026-12-02", Day: 2, Days: 2, Most: 10}
		if n, err := s.Allotted(t.Context(), next); n != 0 || err != nil {
			t.Errorf("the next day begins with %d: %v", n, err)
		}
		if n, err := s.Allot(t.Context(), next, delivery.Group); n != 10 || err != nil {
			t.Errorf("of 10 there were %d for a group: %v", n, err)
		}
		less := day
		less.Most = 100 // the operator has just lowered it
		if n, err := s.Allot(t.Context(), less, delivery.Group); n != 0 || err != nil {
			t.Errorf("of an allowance that was lowered there were %d: %v", n, err)
		}
	})
}
