package store_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/store"
	"github.com/collabpulse/weekly/internal/store/storetest"
)

func TestItIsKnownWhySomeDidNotGetADigest(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := sending(t, s, c, 6)
		causes := func() []delivery.Cause {
			t.Helper()
			all, err := s.Causes(t.Context(), d.scope.Digest)
			if err != nil {
				t.Fatal(err)
			}
			return all
		}
		if got := causes(); len(got) != 0 {
			t.Errorf("everybody waits, and %v", got)
		}
		items := d.handing(6)
		d.record(items[:2], delivery.Outcome{Code: 250})
		d.record(items[2:5], delivery.Outcome{Verdict: delivery.RefusedForGood, Code: 550})
		d.record(items[5:], delivery.Outcome{Verdict: delivery.RefusedForGood, Code: 554})
		want := []delivery.Cause{
			{State: delivery.Failed, Reason: delivery.Refused, Code: 550, Count: 3},
			{State: delivery.Failed, Reason: delivery.Refused, Code: 554, Count: 1},
		}
		if diff := cmp.Diff(want, causes()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}
