package jobs

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/collabpulse/weekly/internal/digest"
)

// Client enqueues tasks. Its wakes return at once and never fail: a wake that
// Redis does not take is logged, and the next tick does it anyway.
type Client struct {
	redis redis.UniversalClient
	queue *asynq.Client
	wakes *merger
	Settings
}

// NewClient makes a client. Nothing is connected until the first use.
func NewClient(conn asynq.RedisConnOpt, s Settings) *Client {
	s = s.settled()
	r := conn.MakeRedisClient().(redis.UniversalClient) // what asynq itself requires
	return &Client{redis: r, queue: asynq.NewClientFromRedisClient(r), wakes: newMerger(s.Merge), Settings: s}
}

// WakeOutbox has the letters sent that are due. Wakes that come in a burst are
// merged: the first acts at once, all others within Merge become one more, which
// is enqueued after every letter they were about was written.
func (c *Client) WakeOutbox(ctx context.Context) {
	c.wake(ctx, "outbox", false, outboxTask(""))
}

// WakeDigest has a digest planned and sent.
func (c *Client) WakeDigest(ctx context.Context, id int64) {
	c.wake(ctx, fmt.Sprintf("digest:%d", id), true, c.digestTasks(ctx, id)...)
}

// WakeSource has a source looked at.
func (c *Client) WakeSource(ctx context.Context, id int64) {
	c.wake(ctx, fmt.Sprintf("source:%d", id), false, gatherTask(id))
}

// wakeLanes has what is planned of a digest sent.
func (c *Client) wakeLanes(ctx context.Context, id int64) {
	c.wake(ctx, fmt.Sprintf("lanes:%d", id), true, c.laneTasks(id, c.workers(ctx))...)
}

func (c *Client) digestTasks(ctx context.Context, id int64) []task {
	workers := c.workers(ctx)
	return append([]task{freezeTask(id, workers)}, c.laneTasks(id, workers)...)
}

// mostWorkers bounds how many worker processes a digest has lanes for.
const mostWorkers = 64

func (c *Client) workers(ctx context.Context) int { return min(max(c.Workers(ctx), 1), mostWorkers) }

// laneTasks are lanes for every worker. What a worker had that was killed counts as
// running until asynq misses it, a minute and more; but until the ledger misses it
// too, who comes in its place is counted beside it and finds lanes of its own.
func (c *Client) laneTasks(id int64, workers int) []task {
	lanes := make([]task, c.Lanes*workers)
	for i := range lanes {
		lanes[i] = laneTask(id, i)
	}
	return lanes
}

// wakeFor is how long a wake waits for Redis.
const wakeFor = 5 * time.Second

// wake enqueues tasks in the background. With echo, tasks that were queued
// already are enqueued once more a moment later: one that is just ending may not
// have seen what we woke it for; by then it has gone, or has seen it.
func (c *Client) wake(ctx context.Context, what string, echo bool, tasks ...task) {
	c.wakes.call(what, func() (again bool) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), wakeFor)
		defer cancel()
		already, err := c.enqueue(ctx, tasks...)
		if err != nil {
			c.Log.WarnContext(ctx, "wake failed: the next tick will do it", "wake", what, "error", err.Error())
		}
		return echo && already
	})
}

// enqueue adds tasks, and reports whether one of them was there already.
func (c *Client) enqueue(ctx context.Context, tasks ...task) (already bool, err error) {
	for _, t := range tasks {
		there, err := enqueue(ctx, c.queue, c.Space, t)
		if err != nil {
			return already, err
		}
		already = already || there
	}
	return already, nil
}

// Compose has the draft of a slot made.
func (c *Client) Compose(ctx context.Context, s digest.Slot) error {
	_, err := c.enqueue(ctx, composeTask(s))
	return err
}

// Launch has an approved digest started.
func (c *Client) Launch(ctx context.Context, id int64) error {
	_, err := c.enqueue(ctx, launchTask(id))
	return err
}

// Ping asks Redis whether it is there.
func (c *Client) Ping(ctx context.Context) error { return c.redis.Ping(ctx).Err() }

// Close enqueues what was still being merged, and disconnects.
func (c *Client) Close() error {
	c.wakes.close()
	return c.redis.Close()
}

// merger turns bursts of calls into few. Calls are told apart by a name.
type merger struct {
	gap     time.Duration
	closing chan struct{}
	once    sync.Once

	mu    sync.Mutex
	again map[string]bool // the names under way, and whether they were called meanwhile
	all   sync.WaitGroup
}

func newMerger(gap time.Duration) *merger {
	return &merger{gap: gap, closing: make(chan struct{}), again: map[string]bool{}}
}

// call runs fire now, unless it ran for that name within the gap: then once at
// the end of the gap, for all who called. What was true before a call is
// therefore seen by a fire after it.
//
// When fire itself asks for it, it is run once more after ten gaps.
func (m *merger) call(name string, fire func() (again bool)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, under := m.again[name]; under {
		m.again[name] = true
		return
	}
	m.again[name] = false
	m.all.Go(func() {
		for echoed := false; ; {
			echo := fire() && !echoed
			m.wait(m.gap)
			if m.more(name, echo) {
				continue
			}
			if !echo {
				return
			}
			echoed = true
			m.wait(9 * m.gap)
		}
	})
}

// more reports whether the name was called during the gap, and ends its turn if
// it was not, unless it is kept for an echo.
func (m *merger) more(name string, keep bool) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	called := m.again[name]
	if m.again[name] = false; !called && !keep {
		delete(m.again, name)
	}
	return called
}

func (m *merger) wait(d time.Duration) {
	select {
	case <-m.closing:
	case <-time.After(d):
	}
}

// close lets every call under way finish without waiting for its gap.
func (m *merger) close() {
	m.once.Do(func() { close(m.closing) })
	m.all.Wait()
}
