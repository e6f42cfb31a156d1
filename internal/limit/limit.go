// Package limit keeps limits that several processes share, in Redis.
//
// What one worker hears of a mailbox provider that wants less mail holds for all of
// them, or the provider would have to say it to each. The package keeps the notices
// and whose turn it is; what they mean for a send is for whoever sends. Redis is asked
// in the background, never on the way of a mail, and while it is away each process
// goes on by what it knew last.
package limit

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// Brakes are the notices about domain groups that are held back. They are safe for
// use by many goroutines.
type Brakes struct {
	redis redis.UniversalClient
	space string
	owner string
	now   func() time.Time
}

// NewBrakes makes the notices of one space, as the process with this name sees them:
// no two processes may have the same. The client stays the caller's.
func NewBrakes(client redis.UniversalClient, space, owner string, now func() time.Time) *Brakes {
	return &Brakes{redis: client, space: space, owner: owner, now: now}
}

// Notice is one domain group that somebody holds back.
type Notice struct {
	Group string
	Until time.Time // nobody sends to it until then
	Turn  bool      // it has rested, and it is this process that may send to it
}

// How long a turn lasts that nobody renews, as when its process was killed, and how
// long a notice is kept that nobody takes back, as when the digest is over.
const (
	turnFor   = 5 * time.Second
	noticeFor = 24 * time.Hour
)

func (b *Brakes) key(parts string) string { return b.space + ":brakes" + parts }

// Post says that a group is held back until a time; the zero time says that it is not
// any more. An error is Redis's own.
func (b *Brakes) Post(ctx context.Context, group string, until time.Time) error {
	_, err := b.redis.Pipelined(ctx, func(p redis.Pipeliner) error {
		p.Del(ctx, b.key(":turn:"+group))
		if until.IsZero() {
			p.HDel(ctx, b.key(""), group)
			return nil
		}
		p.HSet(ctx, b.key(""), group, until.UnixMilli())
		p.Expire(ctx, b.key(""), noticeFor)
		return nil
	})
	return wrap("post", err)
}

// Read lists the groups that are held back. Of each that has rested it takes the turn,
// or renews it, unless another process has it.
func (b *Brakes) Read(ctx context.Context) ([]Notice, error) {
	stored, err := b.redis.HGetAll(ctx, b.key("")).Result()
	if err != nil {
		return nil, wrap("read", err)
	}
	var all []Notice
	for group, until := range stored {
		ms, err := strconv.ParseInt(until, 10, 64)
		if err != nil {
			continue // not ours
		}
		n := Notice{Group: group, Until: time.UnixMilli(ms)}
		if !b.now().Before(n.Until) {
			if n.Turn, err = b.turn(ctx, group); err != nil {
				return nil, wrap("turn", err)
			}
		}
		all = append(all, n)
	}
	return all, nil
}

// takeTurn gives KEYS[1] to ARGV[1] for ARGV[2] milliseconds, unless somebody else has it.
var takeTurn = redis.NewScript(`
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`)

func (b *Brakes) turn(ctx context.Context, group string) (bool, error) {
	return takeTurn.Run(ctx, b.redis, []string{b.key(":turn:" + group)}, b.owner, turnFor.Milliseconds()).Bool()
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("limit: %s: %w", what, err)
}
