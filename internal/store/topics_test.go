package store_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/store"
	"github.com/collabpulse/weekly/internal/store/storetest"
	"github.com/collabpulse/weekly/internal/topic"
)

func TestTheDefaultTopicsAreThereInOrder(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		must(t, s.Migrate(bg)) // a second start adds nothing
		topics, err := s.Topics(bg)
		must(t, err)
		if diff := cmp.Diff(topic.Defaults(), topics); diff != "" {
			t.Fatal(diff)
		}
		must(t, s.Damage(bg, "UPDATE topics SET position = 9 WHERE id = 1"))
		topics, err = s.Topics(bg)
		must(t, err)
		if last := slices.IndexFunc(topics, func(t topic.Topic) bool { return t.ID == 1 }); last != len(topics)-1 {
			t.Fatalf("the moved topic stands at %d", last)
		}
	})
}
