package limit

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/collabpulse/weekly/internal/subscriber"
)

var threeAMinute = subscriber.Quota{Count: 3, Per: time.Minute}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func TestAProcessAloneAllowsSoMuchAndThenAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(nil, "test", nil, quiet())
		ask := func(name string) time.Duration { return g.Allow(t.Context(), name, threeAMinute) }
		for range 3 {
			if after := ask("one"); after != 0 {
				t.Fatalf("told to wait for %s", after)
			}
		}
		if after := ask("one"); after != 20*time.Second {
			t.Errorf("the fourth is told to wait for %s", after)
		}
		if after := ask("other"); after != 0 {
			t.Error("one's limit holds for another")
		}
		time.Sleep(20 * time.Second)
		if ask("one") != 0 || ask("one") == 0 {
			t.Error("after twenty seconds there is not leave for one")
		}
		if g.Allow(t.Context(), "one", subscriber.Quota{}) != 0 {
			t.Error("no limit limits")
		}
	})
}

func TestProcessesShareALimitThroughRedis(t *testing.T) {
	eachRedis(t, func(t *testing.T, s *shared) {
		space := "test-gate-" + strings.ReplaceAll(t.Name(), "/", "-")
		one, other := NewGate(s.client, space, []byte("secret"), quiet()), NewGate(s.client, space, []byte("secret"), quiet())
		t.Cleanup(func() { s.client.Del(t.Context(), "rate:"+one.key("network")) })
		var allowed atomic.Int64
		var asking sync.WaitGroup
		for range 5 {
			for _, g := range []*Gate{one, other} {
				asking.Go(func() {
					if g.Allow(t.Context(), "network", threeAMinute) == 0 {
						allowed.Add(1)
					}
				})
			}
		}
		asking.Wait()
		if allowed.Load() != 3 {
			t.Errorf("%d of 10 were allowed, want 3", allowed.Load())
		}
		if after := one.Allow(t.Context(), "network", threeAMinute); after <= 0 || after > 20*time.Second {
			t.Errorf("told to wait for %s", after)
		}
	})
}

func TestRedisIsToldNoNetwork(t *testing.T) {
	eachRedis(t, func(t *testing.T, s *shared) {
		space := "test-names-" + strings.ReplaceAll(t.Name(), "/", "-")
		g := NewGate(s.client, space, []byte("secret"), quiet())
		g.Allow(t.Context(), "198.51.100.7", threeAMinute)
		keys, err := s.client.Keys(t.Context(), "*"+space+"*").Result()
		if err != nil || len(keys) != 1 || strings.Contains(keys[0], "198") {
			t.Errorf("Redis has %q: %v", keys, err)
		}
		s.client.Del(t.Context(), keys...)
	})
}

func TestWithoutRedisEachProcessLimitsByItselfAndSaysSoOnce(t *testing.T) {
	t.Parallel()
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", MaxRetries: -1})
	t.Cleanup(func() { client.Close() })
	var said bytes.Buffer
	g := NewGate(client, "test", nil, slog.New(slog.NewTextHandler(&said, nil)))
	for i := range 5 {
		if after := g.Allow(t.Context(), "network", threeAMinute); (after == 0) != (i < 3) {
			t.Errorf("the %dth: %s", i+1, after)
		}
	}
	if n := strings.Count(said.String(), "\n"); n != 1 {
		t.Errorf("said %d times: %s", n, &said)
	}
}

func TestACrowdOfNamesNeitherFillsMemoryNorGetsAnybodyThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := buckets{of: map[string]*bucket{}}
		now := time.Now()
		for range 3 {
			b.allow("one", threeAMinute, now)
		}
		for i := range mostBuckets + 100 {
			b.allow(fmt.Sprint("crowd ", i), threeAMinute, now)
		}
		if len(b.of) > mostBuckets+1 {
			t.Errorf("%d names are remembered", len(b.of))
		}
		if b.allow("one", threeAMinute, now) == 0 {
			t.Error("a crowd has one's limit forgotten")
		}
		if b.allow("one more of the crowd", threeAMinute, now) == 0 {
			t.Error("names beyond what is remembered have no limit")
		}
		later := now.Add(time.Hour)
		if b.allow("somebody new", threeAMinute, later) != 0 || len(b.of) > 2 {
			t.Errorf("an hour later %d names are remembered", len(b.of))
		}
	})
}
