package jobs

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hibiken/asynq"
)

func TestAWakeWithRedisAwayNeitherWaitsNorFails(t *testing.T) {
	t.Parallel()
	conn, closing := Embedded()
	q := newQueue(t, conn)
	closing()
	c := q.newClient(t)
	begun := time.Now()
	c.WakeOutbox(t.Context())
	c.WakeDigest(t.Context(), 7)
	c.WakeSource(t.Context(), 3)
	if took := time.Since(begun); took > time.Second { // to wait for Redis thrice takes longer
		t.Errorf("the wakes took %v", took)
	}
	if err := c.Ping(t.Context()); err == nil {
		t.Error("Redis is away and answers")
	}
	c.Close()
	if !strings.Contains(q.log.String(), "wake failed") {
		t.Errorf("the log does not say so: %s", q.log)
	}
}

func TestAWakeOutlivesTheRequestThatCausedIt(t *testing.T) {
	t.Parallel()
	eachRedis(t, func(t *testing.T, q queue) {
		v := &village{letters: 1}
		c := q.newClient(t)
		q.start(t, c, v)
		request, done := context.WithCancel(t.Context())
		done()
		c.WakeOutbox(request)
		v.until(t, "the letter went out", func() bool { return v.letters == 0 })
	})
}

func TestAClientAnswersForItsRedis(t *testing.T) {
	t.Parallel()
	eachRedis(t, func(t *testing.T, q queue) {
		if err := q.newClient(t).Ping(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestABurstOfCallsIsMergedIntoTheFirstAndOneForTheRest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMerger(100 * time.Millisecond)
		var fired []time.Duration
		begun := time.Now()
		for range 10 {
			m.call("a", func() bool { fired = append(fired, time.Since(begun)); return false })
			synctest.Wait()
			time.Sleep(5 * time.Millisecond)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if len(fired) != 2 || fired[0] != 0 || fired[1] != 100*time.Millisecond {
			t.Errorf("fired at %v", fired)
		}
		m.call("a", func() bool { fired = append(fired, 0); return false })
		m.close()
		if len(fired) != 3 || len(m.again) != 0 {
			t.Errorf("fired %d times; still under way: %v", len(fired), m.again)
		}
	})
}

func TestCallsOfDifferentNamesDoNotWaitForOneAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMerger(time.Minute)
		var n atomic.Int32
		m.call("a", func() bool { n.Add(1); return false })
		m.call("b", func() bool { n.Add(1); return false })
		synctest.Wait()
		if n.Load() != 2 {
			t.Errorf("%d fired", n.Load())
		}
		m.close()
	})
}

func TestWhatWasQueuedAlreadyIsAskedForOnceMoreALittleLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMerger(100 * time.Millisecond)
		var fired []time.Duration
		begun := time.Now()
		m.call("a", func() bool { fired = append(fired, time.Since(begun)); return true })
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(fired) != 2 || fired[1] != time.Second {
			t.Errorf("fired at %v", fired)
		}
		m.close()
	})
}

func TestClosingFiresWhatWasMergedWithoutWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMerger(time.Hour)
		n := 0
		fire := func() bool { n++; return false }
		m.call("a", fire)
		synctest.Wait()
		m.call("a", fire)
		begun := time.Now()
		m.close()
		if n != 2 || time.Since(begun) != 0 {
			t.Errorf("fired %d times, closed after %v", n, time.Since(begun))
		}
	})
}

func TestAGateLetsSoManyRunAndServesWhoeverCameWhenItWasFull(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGates()
		running, most, runs := 0, 0, 0
		var mu sync.Mutex
		work := func() error {
			mu.Lock()
			running, runs = running+1, runs+1
			most = max(most, running)
			mu.Unlock()
			time.Sleep(time.Second)
			mu.Lock()
			running--
			mu.Unlock()
			return nil
		}
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() { g.run("outbox", 2, work) })
		}
		all.Wait()
		if most != 2 || runs != 3 {
			t.Errorf("%d at once, %d runs; want 2 at once, and one more for all who came", most, runs)
		}
		if len(g.open) != 0 {
			t.Error("the gate was not left")
		}
	})
}

func TestAGateIsLeftByWhoPanicsInIt(t *testing.T) {
	t.Parallel()
	g := newGates()
	func() {
		defer func() { _ = recover() }()
		_ = g.run("outbox", 1, func() error { panic("a bug") })
	}()
	ran := false
	if err := g.run("outbox", 1, func() error { ran = true; return nil }); err != nil || !ran {
		t.Error("the gate stayed shut")
	}
}

func TestRedisAddressesAreReadWithAllTheyMayCarry(t *testing.T) {
	t.Parallel()
	tests := []struct {
		url  string
		want asynq.RedisConnOpt
	}{
		{"redis://localhost", asynq.RedisClientOpt{Addr: "localhost:6379"}},
		{"redis://[::1]/3", asynq.RedisClientOpt{Addr: "[::1]:6379", DB: 3}},
		{"redis://ada:secret@redis.example:6380/2", asynq.RedisClientOpt{Addr: "redis.example:6380", Username: "ada", Password: "secret", DB: 2}},
		{"redis-socket:///run/redis.sock?db=1", asynq.RedisClientOpt{Network: "unix", Addr: "/run/redis.sock", DB: 1}},
		{"redis-sentinel://:guard@one:26379,two:26379?master=pulse&db=4&user=ada&password=secret", asynq.RedisFailoverClientOpt{
			MasterName: "pulse", SentinelAddrs: []string{"one:26379", "two:26379"}, SentinelPassword: "guard", Username: "ada", Password: "secret", DB: 4}},
	}
	for _, tt := range tests {
		got, err := ByURL(tt.url)
		if err != nil {
			t.Errorf("%s: %v", tt.url, err)
			continue
		}
		if a, b := describe(got), describe(tt.want); a != b {
			t.Errorf("%s: got %s, want %s", tt.url, a, b)
		}
	}
	if got, err := ByURL("rediss://redis.example"); err != nil || got.(asynq.RedisClientOpt).TLSConfig.ServerName != "redis.example" {
		t.Errorf("over TLS: %v, %v", got, err)
	}
}

func describe(o asynq.RedisConnOpt) string {
	return strings.TrimSpace(strings.Join(strings.Fields(fmt.Sprintf("%+v", o)), " "))
}

func TestABadRedisAddressIsRefusedWithoutRepeatingIt(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"", "secret", "http://secret@example.com", "redis://", "redis://host/secret", "redis://ho st:secret",
		"redis-sentinel://host:26379?password=secret", "redis-sentinel://host?master=m&db=secret", "redis-socket://",
	} {
		_, err := ByURL(url)
		if err == nil || strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "PULSE_REDIS_URL") {
			t.Errorf("%q: %v", url, err)
		}
	}
}

func TestTheEmbeddedRedisForgetsWhatExpiresAndClosesForGood(t *testing.T) {
	t.Parallel()
	conn, closing := Embedded()
	q := newQueue(t, conn)
	if err := q.client.Set(t.Context(), "key", "value", time.Second).Err(); err != nil {
		t.Fatal(err)
	}
	new(village).until(t, "the key expired", func() bool {
		return q.client.Exists(context.Background(), "key").Val() == 0
	})
	closing()
	closing()
	if err := q.client.Ping(t.Context()).Err(); err == nil {
		t.Error("it answers after it was closed")
	}
}

func TestTheEmbeddedRedisOpensNoPort(t *testing.T) {
	t.Parallel()
	conn, closing := Embedded()
	t.Cleanup(closing)
	q := newQueue(t, conn)
	if err := q.client.Ping(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	if addr := conn.(*pipe).redis.Server().Addr(); addr != nil {
		t.Errorf("it listens on %v", net.Addr(addr))
	}
}
