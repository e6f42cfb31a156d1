package jobs

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/digest"
)

// eachRedis runs f on the embedded Redis, and on a real one when
// PULSE_TEST_REDIS_URL names it. A test gets a space of its own there, and
// nothing outside that space is touched.
func eachRedis(t *testing.T, f func(t *testing.T, q queue)) {
	t.Helper()
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		conn, closing := Embedded()
		t.Cleanup(closing)
		f(t, newQueue(t, conn))
	})
	t.Run("redis", func(t *testing.T) {
		t.Parallel()
		raw := os.Getenv("PULSE_TEST_REDIS_URL")
		if raw == "" {
			t.Skip("PULSE_TEST_REDIS_URL is not set: not tried on a real Redis")
		}
		conn, err := ByURL(raw)
		if err != nil {
			t.Fatal(err)
		}
		q := newQueue(t, conn)
		t.Cleanup(func() { q.empty(t) })
		f(t, q)
	})
}

// queue is a Redis with a space in it.
type queue struct {
	conn     asynq.RedisConnOpt
	client   redis.UniversalClient
	settings Settings
	log      *record
}

func newQueue(t *testing.T, conn asynq.RedisConnOpt) queue {
	t.Helper()
	log := &record{}
	q := queue{conn: conn, client: conn.MakeRedisClient().(redis.UniversalClient), log: log, settings: Settings{Settle: 1,
		Space: "test" + strings.ToLower(rand.Text()[:10]), Lanes: 3, Poll: 10 * time.Millisecond, Merge: 20 * time.Millisecond,
		Every: 50 * time.Millisecond, SweepEvery: 20 * time.Millisecond, StopFor: 10 * time.Second,
		Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}}
	t.Cleanup(func() { q.client.Close() })
	return q
}

// empty is FLUSHALL for this space.
func (q queue) empty(t *testing.T) {
	t.Helper()
	ctx := context.Background()
	keys, err := q.client.Keys(ctx, "asynq:{"+q.settings.Space+"-*").Result()
	if err == nil && len(keys) > 0 {
		err = q.client.Del(ctx, keys...).Err()
	}
	for _, name := range []string{sendQueue, letterQueue, digestQueue, gatherQueue} {
		err = errors.Join(err, q.client.SRem(ctx, "asynq:queues", q.settings.Space+"-"+name).Err())
	}
	if err != nil {
		t.Error(err)
	}
}

// newClient is a client that closes with the test.
func (q queue) newClient(t *testing.T) *Client {
	t.Helper()
	c := NewClient(q.conn, q.settings)
	t.Cleanup(func() { c.Close() })
	return c
}

// start starts workers that stop with the test, at the latest.
func (q queue) start(t *testing.T, c *Client, v *village) *Workers {
	t.Helper()
	w := NewWorkers(q.conn, c, Work{Sender: v, Gatherer: v, Domains: v, Digests: v, Bundle: "templates"}, q.settings)
	if err := w.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, w) })
	return w
}

func stop(t *testing.T, w *Workers) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := w.Stop(ctx); err != nil {
		t.Error(err)
	}
}

// record is a log that can be read while it is written.
type record struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (r *record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(p)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// village is everything the handlers and the tick call, in memory. One digest,
// number 7, has rows to plan and send; each is handed out once.
type village struct {
	mu       sync.Mutex
	toPlan   int // rows not planned yet
	queued   int // planned, in nobody's hands
	inHand   int
	sent     int
	letters  int
	lanes    int // drains of the digest under way
	most     int // the most there were at once
	drains   int // of the outbox
	finished int
	gathered []int64
	searches int
	composed []digest.Slot
	launched []int64
	bundle   string // what the last launch was asked with
	held     []int64
	swept    delivery.Reclaimed
	old      int // pending readers, and letters, to be purged
	rested   int // readers whose pause is over
	chunks   int // of old rows to be moved

	pace    time.Duration      // how long one row takes
	hold    chan struct{}      // when set, a drain waits for it to close, or to be told to stop
	failing func() error       // when set, what Gather and the drains begin with
	due     map[string][]int64 // sources, digests
	past    []digest.Digest    // for Digests
	errs    map[string]error   // by name of a method
	onDrain func(ctx context.Context)
}

func (v *village) with(f func()) {
	v.mu.Lock()
	defer v.mu.Unlock()
	f()
}

func (v *village) begin() error {
	v.mu.Lock()
	f := v.failing
	v.mu.Unlock()
	if f == nil {
		return nil
	}
	return f()
}

func (v *village) Drain(ctx context.Context, scope delivery.Scope) error {
	if v.onDrain != nil {
		v.onDrain(ctx)
	}
	if err := v.begin(); err != nil {
		return err
	}
	if scope == delivery.Outbox {
		v.with(func() { v.drains++; v.letters = 0 })
		return v.wait(ctx)
	}
	v.with(func() { v.lanes++; v.most = max(v.most, v.lanes) })
	defer v.with(func() { v.lanes-- })
	for v.take() {
		time.Sleep(v.pace)
		v.with(func() { v.inHand, v.sent = v.inHand-1, v.sent+1 })
		if err := v.wait(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (v *village) take() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.queued == 0 {
		return false
	}
	v.queued, v.inHand = v.queued-1, v.inHand+1
	return true
}

func (v *village) wait(ctx context.Context) error {
	v.mu.Lock()
	hold := v.hold
	v.mu.Unlock()
	if hold == nil {
		return ctx.Err()
	}
	select {
	case <-hold:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (v *village) Gather(_ context.Context, id int64) error {
	v.with(func() { v.gathered = append(v.gathered, id) })
	return v.begin()
}

func (v *village) Find(context.Context) error {
	v.with(func() { v.searches++ })
	return nil
}

func (v *village) ComposeDigest(_ context.Context, o digest.Order) (digest.Digest, bool, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, s := range v.composed {
		if s == o.Slot {
			return digest.Digest{ID: 1}, false, nil
		}
	}
	v.composed = append(v.composed, o.Slot)
	return digest.Digest{ID: 1}, true, v.errs["ComposeDigest"]
}

func (v *village) LaunchDue(_ context.Context, id int64, bundle string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.launched, v.bundle = append(v.launched, id), bundle
	return v.errs["LaunchDue"]
}

// chunk is how many rows one FreezeDigest plans.
const chunk = 10

func (v *village) FreezeDigest(context.Context, int64) (bool, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	n := min(v.toPlan, chunk)
	v.toPlan, v.queued = v.toPlan-n, v.queued+n
	return v.toPlan == 0, v.errs["FreezeDigest"]
}

func (v *village) FinishDigest(context.Context, int64) (bool, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.toPlan+v.queued+v.inHand > 0 || v.finished > 0 {
		return false, v.errs["FinishDigest"]
	}
	v.finished++
	return true, nil
}

func (v *village) DueSources(context.Context) ([]int64, error) {
	return v.due["sources"], v.errs["DueSources"]
}

func (v *village) DueDigests(context.Context) ([]int64, error) {
	return v.due["digests"], v.errs["DueDigests"]
}

func (v *village) OpenDigests(context.Context) ([]int64, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.toPlan+v.queued+v.inHand == 0 {
		return nil, v.errs["OpenDigests"]
	}
	return []int64{7}, v.errs["OpenDigests"]
}

func (v *village) Waiting(context.Context, delivery.Scope) (int, time.Time, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.letters, time.Time{}, v.errs["Waiting"]
}

func (v *village) HoldLate(context.Context) ([]int64, error) { return v.held, v.errs["HoldLate"] }

func (v *village) ExpireQueued(context.Context) (int, error) { return 0, v.errs["ExpireQueued"] }

func (v *village) PurgePending(context.Context) (int, error) { return v.old, v.errs["PurgePending"] }

func (v *village) MoveDeliveries(context.Context, time.Duration) (int, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.chunks = max(0, v.chunks-1)
	return v.chunks, v.errs["MoveDeliveries"]
}

func (v *village) PurgeHistory(context.Context, time.Duration) (int, error) {
	return 0, v.errs["PurgeHistory"]
}

func (v *village) EndPauses(context.Context) (int, error) { return v.rested, v.errs["EndPauses"] }

func (v *village) PurgeOutbox(context.Context) (int, error) { return v.old, v.errs["PurgeOutbox"] }

func (v *village) Digests(context.Context, int) ([]digest.Digest, error) {
	return v.past, v.errs["Digests"]
}

func (v *village) Sweep(context.Context) (delivery.Reclaimed, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	r := v.swept
	v.swept = delivery.Reclaimed{}
	return r, v.errs["Sweep"]
}

// until waits for something to become true of the village.
func (v *village) until(t *testing.T, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(15 * time.Second); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		v.mu.Lock()
		done := f()
		v.mu.Unlock()
		if done {
			return
		}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	t.Fatalf("in 15 s it did not come true that %s: toPlan %d, queued %d, sent %d, drains %d, finished %d, gathered %v",
		what, v.toPlan, v.queued, v.sent, v.drains, v.finished, v.gathered)
}
