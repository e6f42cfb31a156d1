package faults

import (
	"context"
	"fmt"
	"slices"
	"syscall"
	"time"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/jobs"
)

// strike does one thing to the run, and what its operator would do about it.
func (r *run) strike(ctx context.Context, kind Kind) error {
	r.struck[kind]++
	switch kind {
	case KillWorker:
		return r.killOne(ctx)
	case KillAll:
		return r.killAll(ctx)
	case Term:
		return r.terminate(ctx)
	case Freeze:
		return r.freeze(ctx)
	case FlushAll:
		_, err := r.ground.askRedis("FLUSHALL")
		return err
	case RedisAway:
		r.ground.stopRedis()
		sleep(ctx, time.Duration(1+r.random.IntN(6))*time.Second)
		return r.ground.startRedis(ctx)
	case DatabaseCrash:
		return r.ground.crashPostgres(ctx, time.Duration(r.random.IntN(9))*time.Second)
	case TwoSchedulers:
		return r.start(ctx, "scheduler")
	case FullDisk:
		return r.fillDisk(ctx)
	case ClockSet:
		return r.setClock(ctx)
	case LeaveNow:
		return r.leave(ctx)
	case PauseResume:
		return r.pause(ctx)
	}
	return fmt.Errorf("faults: nobody knows how to do that")
}

// stake notes that what is on the wire now may end in doubt: at most a group for
// each connection.
func (r *run) stake() { r.atStake += delivery.Group * r.relay.Connections() }

// worker picks one of the processes that send: the one with the most mail in hand,
// for one digest's lanes may well all be in one of two, or any when none has any.
func (r *run) worker(ctx context.Context) *process {
	var senders []*process
	for _, p := range r.processes {
		if (p.role == "worker" || p.role == "all") && !p.gone() {
			senders = append(senders, p)
		}
	}
	if len(senders) == 0 {
		return nil
	}
	chosen := senders[r.random.IntN(len(senders))]
	busiest := r.books.busiest(ctx, r.digest)
	for _, p := range senders {
		if slices.Contains(p.workers(), busiest) {
			chosen = p
		}
	}
	return chosen
}

func (r *run) forget(p *process) {
	r.processes = slices.DeleteFunc(r.processes, func(other *process) bool { return other == p })
}

func (r *run) killOne(ctx context.Context) error {
	p := r.worker(ctx)
	if p == nil {
		return nil
	}
	r.stake()
	p.kill()
	r.forget(p)
	if err := r.sweep(ctx, p.workers()...); err != nil {
		return err
	}
	return r.start(ctx, p.role)
}

// killAll is a power cut: nothing of the service survives. In runs that are not
// patient the queue forgets everything too, or its tasks would wait until it
// misses the dead.
func (r *run) killAll(ctx context.Context) error {
	r.stake()
	for _, p := range r.processes {
		p.signal(syscall.SIGKILL)
	}
	for _, p := range r.processes {
		<-p.done
	}
	r.processes = nil
	if r.plan.Engine == Postgres && !r.plan.Patient {
		workers, err := r.books.workers(ctx)
		if err != nil {
			return err
		}
		if err := r.sweep(ctx, workers...); err != nil {
			return err
		}
		if _, err := r.ground.askRedis("FLUSHALL"); err != nil {
			return err
		}
	}
	return r.open(ctx)
}

// sweep takes back what dead workers held, unless the product is to do so itself.
// An embedded installation does so as it starts.
func (r *run) sweep(ctx context.Context, workers ...int64) error {
	if r.plan.Patient || r.plan.Engine == SQLite {
		return nil
	}
	return r.books.sweep(ctx, workers...)
}

// terminate stops a worker politely, which must cost nothing, not even a doubt.
func (r *run) terminate(ctx context.Context) error {
	p := r.worker(ctx)
	if p == nil {
		return nil
	}
	r.forget(p)
	if err := p.stop(); err != nil {
		r.find("%v", err)
	}
	return r.start(ctx, p.role)
}

// freeze stops a worker for so long that its rows are taken from it, and lets it
// go on believing that they are its own.
func (r *run) freeze(ctx context.Context) error {
	p := r.worker(ctx)
	if p == nil {
		return nil
	}
	r.stake()
	p.signal(syscall.SIGSTOP)
	defer p.signal(syscall.SIGCONT)
	if r.plan.Patient {
		sleep(ctx, delivery.Lease+20*time.Second)
		return nil
	}
	brief, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	if err := r.books.sweep(brief, p.workers()...); err != nil {
		r.note("the frozen worker kept its rows: %v", err)
	}
	if r.plan.Engine == Postgres {
		r.hurryOn(brief)
		sleep(ctx, time.Second)
	}
	return nil
}

func (r *run) fillDisk(ctx context.Context) error {
	if !r.ground.mounted {
		r.struck[FullDisk]--
		r.note("no small file system could be mounted here, so the disk was not filled")
		return nil
	}
	return r.ground.fillDisk(ctx, 2*time.Second)
}

// pause stops the digest for a moment.
func (r *run) pause(ctx context.Context) error {
	if _, err := r.pulse.once(ctx, "digest", "pause", r.digest); err != nil {
		r.struck[PauseResume]--
		r.note("not paused: %v", err)
		return nil
	}
	b := Break{From: time.Now(), Connections: r.relay.Connections()}
	sleep(ctx, 1500*time.Millisecond)
	b.To = time.Now()
	r.pauses = append(r.pauses, b)
	_, err := r.pulse.command(ctx, "digest", "resume", r.digest)
	return err
}

// stuckFor is how long nothing may move before the queue is made to forget who was
// at work: it misses a dead worker's tasks after a minute or more.
const stuckFor = 8 * time.Second

// nudge hurries the run on, and more so when it is stuck.
func (r *run) nudge(ctx context.Context) {
	if _, mails := r.relay.Progress(); mails != r.seen {
		r.seen, r.moved = mails, time.Now()
	}
	if r.plan.Engine == Postgres && !r.plan.Patient && time.Since(r.moved) > stuckFor {
		r.moved = time.Now()
		if _, err := r.ground.askRedis("FLUSHALL"); err == nil {
			r.note("nothing moved for %v: the queue was made to forget its tasks", stuckFor)
		}
	}
	r.hurryOn(ctx)
}

// hurryOn makes what waits due, and wakes the workers for it.
func (r *run) hurryOn(ctx context.Context) {
	if err := r.books.hurry(ctx, r.digest, r.now()); err != nil || r.ground.redisURL == "" {
		return
	}
	conn, err := jobs.ByURL(r.ground.redisURL)
	if err != nil {
		return
	}
	queue := jobs.NewClient(conn, jobs.Settings{Log: quiet()})
	defer queue.Close()
	var id int64
	fmt.Sscan(r.digest, &id)
	queue.WakeDigest(ctx, id)
}

// revive starts anew what ended by itself, as a supervisor does, and says so.
func (r *run) revive(ctx context.Context) {
	for _, p := range slices.Clone(r.processes) {
		if p.gone() {
			r.note("a %s process ended by itself: %v", p.role, p.err)
			r.forget(p)
			r.start(ctx, p.role)
		}
	}
}
