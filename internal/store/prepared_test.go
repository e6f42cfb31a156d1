package store_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/store"
	"github.com/collabpulse/weekly/internal/store/storetest"
)

// Without it a plan made for ten rows is kept for a hundred thousand.
func TestPostgreSQLCountsTheLedgerAnewWhenAnAudienceIsFrozen(t *testing.T) {
	t.Parallel()
	c := storetest.NewClock()
	s := storetest.Open(t, storetest.PostgresURL(t), c)
	counted := func(table string) int64 {
		n, err := s.Number(bg, "SELECT CAST(reltuples AS BIGINT) FROM pg_class WHERE relname = $1", table)
		must(t, err)
		return n
	}
	sending(t, s, c, 1200)
	if counted("deliveries") != 1200 || counted("subscribers") != 1200 {
		t.Fatalf("%d deliveries and %d subscribers are counted", counted("deliveries"), counted("subscribers"))
	}
	must(t, s.Damage(bg, manyLetters, 1200, c.Now().UnixMilli()))
	letters := deskOf(t, s, c, delivery.Outbox)
	if letters.claim(900); counted("outbox") > 0 {
		t.Fatal("the outbox was counted before it had grown")
	}
	if letters.claim(900); counted("outbox") != 1200 {
		t.Fatalf("%d letters are counted", counted("outbox"))
	}
}

func TestAGrowingOutboxIsCountedEverMoreSeldom(t *testing.T) {
	t.Parallel()
	got := store.Outgrown(999, 0, 1, 1, 6998, 1, 8000, 100_000)
	want := []bool{false, false, true, false, false, true, false, true}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatal(diff)
	}
}
