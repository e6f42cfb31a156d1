package limit

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"log/slog"
	"sync"
	"time"

	"github.com/go-redis/redis_rate/v10"
	"github.com/redis/go-redis/v9"
	"golang.org/x/time/rate"

	"github.com/collabpulse/weekly/internal/subscriber"
)

// Gate limits how often something is asked for, in all processes together while Redis
// is there, and in each by itself while it is not. It is safe for use by many
// goroutines.
type Gate struct {
	shared *redis_rate.Limiter // nil for one process alone
	space  string
	secret []byte
	log    *slog.Logger
	local  buckets

	mu   sync.Mutex
	away time.Time // Redis is not asked before
}

// NewGate makes a gate of one space; without a client it is this process's own. What
// is limited is named to Redis by a hash under the secret, for it may be somebody's
// network.
func NewGate(client redis.UniversalClient, space string, secret []byte, log *slog.Logger) *Gate {
	g := &Gate{space: space, secret: secret, log: log, local: buckets{of: map[string]*bucket{}}}
	if client != nil {
		g.shared = redis_rate.NewLimiter(client)
	}
	return g
}

// How long Redis may take to answer, and how long it is left alone when it does not:
// whoever asks meanwhile waits for nobody.
const (
	askRedisFor = 250 * time.Millisecond
	awayFor     = 10 * time.Second
)

// Allow takes leave to do the named thing once. It is 0 when there is leave, or says
// how long it takes until there is again.
func (g *Gate) Allow(ctx context.Context, name string, q subscriber.Quota) (after time.Duration) {
	if q.Unlimited() {
		return 0
	}
	if g.asksRedis() {
		ctx, cancel := context.WithTimeout(ctx, askRedisFor)
		defer cancel()
		answer, err := g.shared.Allow(ctx, g.key(name), redis_rate.Limit{Rate: q.Count, Burst: q.Count, Period: q.Per})
		if err == nil {
			return max(0, answer.RetryAfter) // -1 when it was allowed
		}
		g.missed(err)
	}
	return g.local.allow(name, q, time.Now())
}

func (g *Gate) asksRedis() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.shared != nil && !time.Now().Before(g.away)
}

func (g *Gate) missed(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if time.Now().After(g.away) {
		g.log.Warn("limits are kept by this process alone for now", "error", err.Error())
	}
	g.away = time.Now().Add(awayFor)
}

func (g *Gate) key(name string) string {
	mac := hmac.New(sha256.New, g.secret)
	mac.Write([]byte(name))
	return g.space + ":gate:" + base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:16])
}

// mostBuckets bounds what a process remembers. Names beyond it share one bucket, so
// that a crowd of them cannot push each other out and begin anew.
const mostBuckets = 1 << 16

// buckets are the limits that one process keeps.
type buckets struct {
	mu sync.Mutex
	of map[string]*bucket
}

type bucket struct {
	*rate.Limiter
	full time.Time // when it holds all again, and may be forgotten
}

func (b *buckets) allow(name string, q subscriber.Quota, now time.Time) (after time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	at := b.find(name, q, now)
	r := at.ReserveN(now, 1)
	if after = r.DelayFrom(now); after > 0 {
		r.CancelAt(now)
	}
	missing := float64(q.Count) - at.TokensAt(now)
	at.full = now.Add(time.Duration(missing / float64(q.Count) * float64(q.Per)))
	return after
}

func (b *buckets) find(name string, q subscriber.Quota, now time.Time) *bucket {
	at := b.of[name]
	if at == nil && len(b.of) >= mostBuckets {
		b.forget(now)
		if len(b.of) >= mostBuckets {
			name = ""
			at = b.of[name]
		}
	}
	if at == nil {
		at = &bucket{Limiter: rate.NewLimiter(rate.Limit(float64(q.Count)/q.Per.Seconds()), q.Count)}
		b.of[name] = at
	}
	return at
}

// forget drops what has filled up again: a new bucket would be the same.
func (b *buckets) forget(now time.Time) {
	for name, at := range b.of {
		if !now.Before(at.full) {
			delete(b.of, name)
		}
	}
}
