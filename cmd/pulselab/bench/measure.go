package bench

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/collabpulse/weekly/internal/config"
	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/store"
)

// trial is one send that is measured.
type trial struct {
	db       *store.Store
	database *database
	relay    *relay
	service  *service
	digest   int64
	readers  int
}

// taken is what it took.
type taken struct {
	digest                digest.Digest
	tally                 delivery.Tally
	recorded              times // by the ledger
	sink                  counts
	sinkKnown             bool
	pulse, server, sinker time.Duration // processor time from launch to the end
	peak                  int64         // octets of the largest pulse process
}

// send starts the service, launches, waits for the end and stops the service.
func (c Command) send(ctx context.Context, t trial) (r taken, err error) {
	defer func() { err = errors.Join(err, t.service.stop()) }()
	if err := t.service.start(c); err != nil {
		return r, err
	}
	if err := t.service.ready(ctx, t.db, c.Workers); err != nil {
		return r, err
	}
	before, err := t.cpu()
	if err != nil {
		return r, err
	}
	if err := t.service.call(ctx, "digest", "send", strconv.FormatInt(t.digest, 10), "--now"); err != nil {
		return r, err
	}
	if err := t.follow(ctx); err != nil {
		return r, err
	}
	after, err := t.cpu()
	if err != nil {
		return r, err
	}
	r.pulse, r.server, r.sinker = after.pulse-before.pulse, after.server-before.server, after.sink-before.sink
	return r, t.outcome(ctx, &r)
}

// cpu is the processor time of each part so far.
func (t trial) cpu() (c struct{ pulse, server, sink time.Duration }, err error) {
	var failed [3]error
	c.pulse, failed[0] = cpuOf(t.service.pids()...)
	c.server, failed[1] = t.database.cpu()
	c.sink, failed[2] = t.relay.cpu()
	return c, errors.Join(failed[:]...)
}

// patience is how long a send may stand still.
const patience = 90 * time.Second

// follow waits until the digest is sent, or has stood still for too long.
func (t trial) follow(ctx context.Context) error {
	watch := gauge{trial: t, moved: time.Now()}
	for ctx.Err() == nil {
		d, err := t.db.Digest(ctx, t.digest)
		if err != nil || d.State == digest.Sent {
			return err
		}
		if d.State != digest.Sending && d.State != digest.Approved {
			return fmt.Errorf("bench: the digest is %s: %s\n%s", d.State, d.Reason, t.service.logs())
		}
		if err := watch.look(ctx); err != nil {
			return err
		}
		if time.Since(watch.moved) > patience {
			return fmt.Errorf("bench: the send stands still at %d\n%s", watch.seen, t.service.logs())
		}
		time.Sleep(100 * time.Millisecond)
	}
	return ctx.Err()
}

// gauge tells a send that is slow from one that stands still. It asks our own sink;
// only without one the ledger, and that seldom, for counting it is work for the
// database that is measured.
type gauge struct {
	trial
	seen  int64
	moved time.Time // when seen last changed
	asked time.Time // the ledger
}

// lookEvery is how often the ledger is counted.
const lookEvery = 15 * time.Second

func (g *gauge) look(ctx context.Context) error {
	c, known, err := g.relay.counts()
	now := c.Messages
	if !known && err == nil {
		if time.Since(g.asked) < lookEvery {
			return nil
		}
		g.asked = time.Now()
		var tally delivery.Tally
		tally, err = g.db.Tally(ctx, g.digest)
		now = int64(tally.Settled())
	}
	if now != g.seen {
		g.seen, g.moved = now, time.Now()
	}
	return err
}

// outcome reads what the ledger and the sink say, and refuses what does not add up.
func (t trial) outcome(ctx context.Context, r *taken) (err error) {
	if r.peak, err = peakOf(t.service.pids()); err != nil {
		return err
	}
	if r.digest, err = t.db.Digest(ctx, t.digest); err != nil {
		return err
	}
	if r.tally, err = t.db.Tally(ctx, t.digest); err != nil {
		return err
	}
	if r.sink, r.sinkKnown, err = t.relay.counts(); err != nil {
		return err
	}
	if err := r.everyoneOnce(t.readers); err != nil {
		return err
	}
	r.recorded, err = t.database.recorded(ctx, t.digest, t.readers)
	return err
}

// everyoneOnce holds the ledger and the sink against the number of readers. The
// summary to the editors is no delivery, and nobody here is one.
func (r taken) everyoneOnce(readers int) error {
	if r.tally.Planned != readers || r.tally.Sent != readers || r.tally.Doubts != 0 {
		return fmt.Errorf("bench: of %d readers the ledger planned %d, sent %d, failed %d, skipped %d, unknown %d, with %d doubts",
			readers, r.tally.Planned, r.tally.Sent, r.tally.Failed, r.tally.Skipped, r.tally.Unknown, r.tally.Doubts)
	}
	if r.sinkKnown && r.sink.Messages != int64(readers) {
		return fmt.Errorf("bench: of %d readers the sink has messages for %d", readers, r.sink.Messages)
	}
	return nil
}

// forgetSpace deletes what a run left in a shared Redis under its own name.
func forgetSpace(s config.Settings) {
	if s.RedisURL == "" {
		return
	}
	o, err := redis.ParseURL(s.RedisURL)
	if err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	r := redis.NewClient(o)
	defer r.Close()
	for all := r.Scan(ctx, 0, "asynq:{"+s.RedisSpace+"-*", 100).Iterator(); all.Next(ctx); {
		r.Del(ctx, all.Val())
	}
	for _, queue := range r.SMembers(ctx, "asynq:queues").Val() {
		if len(queue) > len(s.RedisSpace) && queue[:len(s.RedisSpace)+1] == s.RedisSpace+"-" {
			r.SRem(ctx, "asynq:queues", queue)
		}
	}
}
