package jobs

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/hibiken/asynq"

	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/fault"
)

// Work is what the handlers call.
type Work struct {
	Sender   Sender
	Gatherer Gatherer
	Domains  Domains // nil when nobody is to be asked
	Digests  Digests
	Limits   digest.Limits // of the digests composed for a slot; digest.DefaultLimits when zero
	Bundle   string        // of the templates that editions are printed with; "" for no matter which
}

// Workers run tasks. There are three servers of asynq in a process, so that no
// kind of work waits behind another: lanes, which take as long as a digest does;
// letters and the steps of a digest; and feeds, whose hosts may be slow.
type Workers struct {
	servers []*asynq.Server
	client  *Client
	work    Work
	gates   *gates
	lanes   *lanes
	Settings

	stop context.Context // done: handlers wind down
	halt context.CancelFunc

	mu      sync.Mutex
	stopped bool
	running sync.WaitGroup
}

// Places for tasks of each server beside lanes.
const (
	letterPlaces = 6
	gatherPlaces = 4
)

// NewWorkers makes workers that wake one another through the client. They start
// with Start, and have connections of their own.
func NewWorkers(conn asynq.RedisConnOpt, client *Client, work Work, s Settings) *Workers {
	w := &Workers{client: client, work: work, gates: newGates(), lanes: newLanes(), Settings: s.settled()}
	w.stop, w.halt = context.WithCancel(context.Background())
	w.servers = []*asynq.Server{
		w.server(conn, w.Lanes, map[string]int{sendQueue: 1}),
		w.server(conn, letterPlaces, map[string]int{letterQueue: 3, digestQueue: 1}),
		w.server(conn, gatherPlaces, map[string]int{gatherQueue: 1}),
	}
	return w
}

func (w *Workers) server(conn asynq.RedisConnOpt, places int, queues map[string]int) *asynq.Server {
	spaced := make(map[string]int, len(queues))
	for name, share := range queues {
		spaced[w.Space+"-"+name] = share
	}
	return asynq.NewServer(conn, asynq.Config{
		Concurrency:              places,
		Queues:                   spaced,
		TaskCheckInterval:        w.Poll,
		DelayedTaskCheckInterval: 2 * time.Second,
		ShutdownTimeout:          w.StopFor,
		RetryDelayFunc:           func(n int, err error, _ *asynq.Task) time.Duration { return retryAfter(n, err) },
		IsFailure:                func(err error) bool { return !orphaned(err) },
		Logger:                   asynqLog{w.Log},
		LogLevel:                 asynq.InfoLevel,
	})
}

// Start begins to take tasks. It does not need Redis to be there yet.
func (w *Workers) Start() error {
	mux := asynq.NewServeMux()
	mux.HandleFunc(outboxKind, w.handler(outboxKind, w.sendLetters))
	mux.HandleFunc(sendKind, w.handler(sendKind, w.sendDigest))
	mux.HandleFunc(freezeKind, w.handler(freezeKind, w.freeze))
	mux.HandleFunc(launchKind, w.handler(launchKind, w.launch))
	mux.HandleFunc(composeKind, w.handler(composeKind, w.compose))
	mux.HandleFunc(gatherKind, w.handler(gatherKind, w.gather))
	mux.HandleFunc(domainsKind, w.handler(domainsKind, w.domains))
	for _, s := range w.servers {
		if err := s.Start(mux); err != nil {
			return fmt.Errorf("jobs: start: %w", err)
		}
	}
	return nil
}

// Stop tells every handler to wind down and waits until they have: lanes finish
// the group on the wire and hand back the rest. Their tasks go back to the queue
// for other workers. When the context ends first, Stop returns its error and what
// was under way is cut off by the end of the process.
func (w *Workers) Stop(ctx context.Context) error {
	w.mu.Lock()
	w.stopped = true
	w.mu.Unlock()
	w.halt()
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		var all sync.WaitGroup
		for _, s := range w.servers {
			all.Go(s.Shutdown)
		}
		w.running.Wait()
		all.Wait()
	}()
	select {
	case <-gone:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("jobs: stop: %w", ctx.Err())
	}
}

// errStopped is what a handler answers that was told to wind down: its task is
// somebody else's now.
var errStopped = errors.New("jobs: this worker is stopping")

// handler runs f for each task of a kind. It gives f a context that ends when the
// workers stop and not when Redis loses sight of the task.
func (w *Workers) handler(kind string, f func(ctx context.Context, payload []byte) error) asynq.HandlerFunc {
	return func(taskCtx context.Context, t *asynq.Task) error {
		if !w.enter() {
			return errStopped
		}
		defer w.running.Done()
		ctx, cancel := context.WithCancel(context.WithoutCancel(taskCtx))
		defer cancel()
		defer context.AfterFunc(w.stop, cancel)()
		begun := time.Now()
		result, err := w.judge(ctx, kind, f(ctx, t.Payload()))
		w.Meters.task(kind, result, time.Since(begun))
		return err
	}
}

func (w *Workers) enter() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.stopped {
		w.running.Add(1)
	}
	return !w.stopped
}

// judge decides over a task by its handler's error. A fault that asking again
// would bring again is an answer: the digest was paused meanwhile, the source is
// gone. Whatever is still due, the next tick finds.
func (w *Workers) judge(ctx context.Context, kind string, err error) (result string, _ error) {
	switch {
	case err == nil:
		return "ok", nil
	case w.stop.Err() != nil:
		return "stopped", errStopped
	case moot(err):
		w.Log.InfoContext(ctx, "task is moot", "kind", kind, "error", err.Error())
		return "moot", nil
	default:
		w.Log.WarnContext(ctx, "task failed", "kind", kind, "error", err.Error())
		return "failed", err
	}
}

func moot(err error) bool {
	switch fault.KindOf(err) {
	case fault.Invalid, fault.NotFound, fault.Conflict, fault.Gone:
		return true
	}
	return false
}

// orphaned reports whether a task lost its worker, rather than failed.
func orphaned(err error) bool {
	return errors.Is(err, errStopped) || errors.Is(err, asynq.ErrLeaseExpired)
}

// retryAfter is how long a task waits after its n-th failure: a second, doubled
// up to a minute, give or take a fifth. An orphan is passed on at once.
func retryAfter(n int, err error) time.Duration {
	if orphaned(err) {
		return 0
	}
	wait := min(time.Second<<min(n, 6), time.Minute)
	return wait*4/5 + rand.N(wait*2/5)
}
