package store_test

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/store"
	"github.com/collabpulse/weekly/internal/store/storetest"
)

// each runs a benchmark on both engines.
func each(b *testing.B, f func(b *testing.B, s *store.Store, c *storetest.Clock)) {
	b.Run("sqlite", func(b *testing.B) {
		c := storetest.NewClock()
		f(b, storetest.Open(b, storetest.SQLiteURL(b), c), c)
	})
	b.Run("postgres", func(b *testing.B) {
		c := storetest.NewClock()
		f(b, storetest.Open(b, storetest.PostgresURL(b), c), c)
	})
}

const audience = 100_000

// crowded adds subscribers of a thousand domains, a third of them at one provider,
// faster than any import.
func crowded(b *testing.B, s *store.Store) {
	b.Helper()
	must(b, s.Damage(bg, `WITH RECURSIVE n (i) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < $1)
		INSERT INTO subscribers (address, address_hash, folding, domain_group, state, topics, language, timezone, link_key, leave_digest, created_at, changed_at)
		SELECT 'reader' || i || '@example.com', CAST('hash of reader ' || i AS `+binary(s)+`), 1,
			CASE WHEN i % 3 = 0 THEN 'gmail' ELSE 'domain' || (i % 1000) END, 1, 2 + i % 30, 'en', '',
			CAST('0123456789abcdef' AS `+binary(s)+`), CAST('' AS `+binary(s)+`), 0, 0 FROM n`, audience))
}

func binary(s *store.Store) string {
	if s.Engine() == "postgres" {
		return "BYTEA"
	}
	return "BLOB"
}

// BenchmarkFreeze plans for a hundred thousand subscribers.
func BenchmarkFreeze(b *testing.B) {
	each(b, func(b *testing.B, s *store.Store, c *storetest.Clock) {
		crowded(b, s)
		for b.Loop() {
			b.StopTimer()
			c.Advance(time.Minute)
			d := launched(b, s)
			b.StartTimer()
			frozen(b, s, d.ID)
		}
		b.ReportMetric(float64(audience*b.N)/b.Elapsed().Seconds(), "readers/s")
	})
}

// BenchmarkClaimIntendRecord takes one row through the ledger per iteration, in
// batches of delivery.Batch and groups of delivery.Group, eight senders at once.
// Run it for fewer iterations than there are subscribers.
func BenchmarkClaimIntendRecord(b *testing.B) {
	each(b, func(b *testing.B, s *store.Store, c *storetest.Clock) {
		crowded(b, s)
		d := sending(b, s, c, 0)
		var settled atomic.Int64
		var senders sync.WaitGroup
		b.ResetTimer()
		for range 8 {
			senders.Go(func() {
				if err := send(s, d.scope, int64(b.N), &settled); err != nil {
					b.Error(err)
				}
			})
		}
		senders.Wait()
		b.ReportMetric(float64(settled.Load())/b.Elapsed().Seconds(), "rows/s")
	})
}

// send takes rows through the ledger until so many are settled.
func send(s *store.Store, scope delivery.Scope, rows int64, settled *atomic.Int64) error {
	worker, err := s.RegisterWorker(bg, "bench")
	var results []delivery.Result
	for err == nil && settled.Load() < rows {
		var claims []delivery.Claim
		claims, err = s.Claim(bg, scope, worker, delivery.Batch)
		if len(claims) == 0 {
			return err
		}
		for some := range slices.Chunk(claims, delivery.Group) {
			var items []delivery.Item
			for _, claim := range some {
				items = append(items, claim.Item)
			}
			var in delivery.Intent
			if in, err = s.Turn(bg, scope, worker, results, items); err != nil {
				return err
			}
			results = taken(in.Go)
			settled.Add(int64(len(results)))
		}
	}
	return err
}

// BenchmarkClaim is the cost of a claimed row, in batches of delivery.Batch, one
// claimer. Run it for fewer iterations than there are subscribers.
func BenchmarkClaim(b *testing.B) {
	each(b, func(b *testing.B, s *store.Store, c *storetest.Clock) {
		crowded(b, s)
		d, worker := sending(b, s, c, 0), registered(b, s)
		b.ResetTimer()
		rows := 0
		for rows < b.N {
			rows += len(batch(b, s, d.scope, worker))
		}
		b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
	})
}

// BenchmarkIntend is the cost of a row declared to be on the wire, in groups of
// delivery.Group, one connection; claiming is not counted.
func BenchmarkIntend(b *testing.B) {
	stage(b, func(s *store.Store, scope delivery.Scope, worker int64, items []delivery.Item) func() error {
		return func() error { _, err := s.Turn(bg, scope, worker, nil, items); return err }
	})
}

// BenchmarkRecord is the cost of a row settled as sent, in groups of
// delivery.Group, one connection; claiming and the intent are not counted.
func BenchmarkRecord(b *testing.B) {
	stage(b, func(s *store.Store, scope delivery.Scope, worker int64, items []delivery.Item) func() error {
		in, err := s.Turn(bg, scope, worker, nil, items)
		must(b, err)
		return func() error { _, err := s.Turn(bg, scope, worker, taken(in.Go), nil); return err }
	})
}

// stage times what ready returns, for a group of claimed rows at a time.
func stage(b *testing.B, ready func(*store.Store, delivery.Scope, int64, []delivery.Item) func() error) {
	each(b, func(b *testing.B, s *store.Store, c *storetest.Clock) {
		crowded(b, s)
		d, worker := sending(b, s, c, 0), registered(b, s)
		rows := 0
		b.ResetTimer()
		for rows < b.N {
			b.StopTimer()
			claims := batch(b, s, d.scope, worker)
			b.StartTimer()
			for some := range slices.Chunk(claims, delivery.Group) {
				var items []delivery.Item
				for _, claim := range some {
					items = append(items, claim.Item)
				}
				b.StopTimer()
				act := ready(s, d.scope, worker, items)
				b.StartTimer()
				must(b, act())
				rows += len(some)
			}
		}
		b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
	})
}

func registered(b *testing.B, s *store.Store) int64 {
	b.Helper()
	worker, err := s.RegisterWorker(bg, "bench")
	must(b, err)
	return worker
}

// batch claims rows; none means that the benchmark ran for too many iterations.
func batch(b *testing.B, s *store.Store, scope delivery.Scope, worker int64) []delivery.Claim {
	b.Helper()
	claims, err := s.Claim(bg, scope, worker, delivery.Batch)
	must(b, err)
	if len(claims) == 0 {
		b.Fatalf("nothing is left to claim of %d rows", audience)
	}
	return claims
}
