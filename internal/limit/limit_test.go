package limit

import (
	"os"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"
)

// shared is a Redis with a clock that both processes go by.
type shared struct {
	client redis.UniversalClient
	now    time.Time
	pass   func(time.Duration) // ages what Redis keeps
}

func eachRedis(t *testing.T, f func(t *testing.T, s *shared)) {
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		m := miniredis.RunT(t)
		client := redis.NewClient(&redis.Options{Addr: m.Addr()})
		t.Cleanup(func() { client.Close() })
		f(t, &shared{client: client, now: time.Now().Truncate(time.Millisecond), pass: m.FastForward})
	})
	t.Run("redis", func(t *testing.T) {
		t.Parallel()
		url := os.Getenv("PULSE_TEST_REDIS_URL")
		if url == "" {
			t.Skip("PULSE_TEST_REDIS_URL is not set: not tried on Redis")
		}
		options, err := redis.ParseURL(url)
		if err != nil {
			t.Fatal(err)
		}
		client := redis.NewClient(options)
		t.Cleanup(func() { client.Close() })
		f(t, &shared{client: client, now: time.Now().Truncate(time.Millisecond), pass: time.Sleep})
	})
}

func (s *shared) process(t *testing.T, owner string) *Brakes {
	space := "test-limit-" + t.Name()
	t.Cleanup(func() { s.client.Del(t.Context(), space+":brakes", space+":brakes:turn:gmail") })
	return NewBrakes(s.client, space, owner, func() time.Time { return s.now })
}

func wantNotices(t *testing.T, b *Brakes, want ...Notice) {
	t.Helper()
	got, err := b.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("notices (-want +got):\n%s", diff)
	}
}

func post(t *testing.T, b *Brakes, group string, until time.Time) {
	t.Helper()
	if err := b.Post(t.Context(), group, until); err != nil {
		t.Fatal(err)
	}
}

func TestWhatOneProcessPostsAllRead(t *testing.T) {
	eachRedis(t, func(t *testing.T, s *shared) {
		one, other := s.process(t, "one"), s.process(t, "other")
		wantNotices(t, other)
		until := s.now.Add(time.Minute)
		post(t, one, "gmail", until)
		wantNotices(t, other, Notice{Group: "gmail", Until: until})
		wantNotices(t, one, Notice{Group: "gmail", Until: until})
		post(t, other, "gmail", time.Time{})
		wantNotices(t, one)
	})
}

func TestOneProcessAtATimeHasTheTurnAndADeadOnesLapses(t *testing.T) {
	eachRedis(t, func(t *testing.T, s *shared) {
		one, other := s.process(t, "one"), s.process(t, "other")
		until := s.now.Add(-time.Second)
		post(t, one, "gmail", until)
		wantNotices(t, one, Notice{Group: "gmail", Until: until, Turn: true})
		wantNotices(t, other, Notice{Group: "gmail", Until: until})
		s.pass(3 * time.Second)
		wantNotices(t, one, Notice{Group: "gmail", Until: until, Turn: true}) // renewed
		s.pass(3 * time.Second)
		wantNotices(t, other, Notice{Group: "gmail", Until: until})
		s.pass(3 * time.Second)
		wantNotices(t, other, Notice{Group: "gmail", Until: until, Turn: true}) // the first has died
		wantNotices(t, one, Notice{Group: "gmail", Until: until})

		post(t, other, "gmail", s.now.Add(time.Minute)) // told to stop again: nobody's turn
		wantNotices(t, other, Notice{Group: "gmail", Until: s.now.Add(time.Minute)})
	})
}

func TestWithoutRedisThereIsAnErrorAndNoPanic(t *testing.T) {
	t.Parallel()
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", MaxRetries: -1})
	t.Cleanup(func() { client.Close() })
	b := NewBrakes(client, "test", "one", time.Now)
	if err := b.Post(t.Context(), "gmail", time.Now()); err == nil {
		t.Error("posted to nobody")
	}
	if _, err := b.Read(t.Context()); err == nil {
		t.Error("read from nobody")
	}
}
