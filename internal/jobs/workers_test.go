package jobs

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hibiken/asynq"

	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/fault"
)

func TestALetterIsSentRightAfterItsWake(t *testing.T) {
	t.Parallel()
	eachRedis(t, func(t *testing.T, q queue) {
		v := &village{letters: 1}
		c := q.newClient(t)
		q.start(t, c, v)
		c.WakeOutbox(t.Context())
		v.until(t, "the outbox was drained", func() bool { return v.letters == 0 })
	})
}

func TestAWakeIsNeverLostToADrainThatIsJustEnding(t *testing.T) {
	t.Parallel()
	eachRedis(t, func(t *testing.T, q queue) {
		v := &village{}
		c := q.newClient(t)
		q.start(t, c, v)
		for range 5 {
			ending := make(chan struct{}) // holds up drains that have looked and found nothing more
			v.with(func() { v.letters, v.hold = 1, ending })
			c.WakeOutbox(t.Context())
			v.until(t, "a drain is about to end", func() bool { return v.letters == 0 })
			v.with(func() { v.letters, v.hold = 1, nil })
			c.WakeOutbox(t.Context())
			close(ending)
			v.until(t, "the letter went out", func() bool { return v.letters == 0 })
		}
	})
}

func TestABurstOfWakesCostsFewTasks(t *testing.T) {
	t.Parallel()
	eachRedis(t, func(t *testing.T, q queue) {
		v := &village{}
		q.settings.Merge = 200 * time.Millisecond
		c := q.newClient(t)
		for range 1000 {
			c.WakeOutbox(t.Context())
		}
		c.Close()
		n, err := q.client.LLen(t.Context(), "asynq:{"+q.settings.Space+"-letters}:pending").Result()
		if err != nil || n != 2 {
			t.Errorf("%d tasks were queued, want the first and one for the rest; %v", n, err)
		}
		q.start(t, q.newClient(t), v)
		v.until(t, "both drains ran", func() bool { return v.drains == 2 })
	})
}

func TestADigestIsPlannedAndSentByAllItsLanes(t *testing.T) {
	t.Parallel()
	eachRedis(t, func(t *testing.T, q queue) {
		v := &village{toPlan: 200, pace: time.Millisecond}
		c := q.newClient(t)
		q.start(t, c, v)
		c.WakeDigest(t.Context(), 7)
		v.until(t, "it was finished, and its editors told", func() bool { return v.finished == 1 && v.drains > 0 })
		if v.sent != 200 || v.most < 2 || v.most > 3 {
			t.Errorf("%d rows were sent over up to %d lanes; want 200 over 3", v.sent, v.most)
		}
	})
}

func TestWakingADigestTwiceStartsNoSecondSetOfLanes(t *testing.T) {
	t.Parallel()
	eachRedis(t, func(t *testing.T, q queue) {
		v := &village{queued: 100, hold: make(chan struct{})}
		c := q.newClient(t)
		q.start(t, c, v)
		for range 5 {
			c.WakeDigest(t.Context(), 7)
			time.Sleep(30 * time.Millisecond)
		}
		v.until(t, "lanes run", func() bool { return v.lanes == 3 })
		v.with(func() { close(v.hold); v.hold = nil })
		v.until(t, "all was sent", func() bool { return v.sent == 100 && v.finished == 1 })
		if v.most > 3 {
			t.Errorf("%d lanes ran at once", v.most)
		}
	})
}

func TestRowsPlannedWhileALaneIsEndingAreNotLeftToTheTick(t *testing.T) {
	t.Parallel()
	eachRedis(t, func(t *testing.T, q queue) {
		v := &village{queued: 1}
		c := q.newClient(t)
		q.start(t, c, v)
		for range 20 {
			c.WakeDigest(t.Context(), 7)
			time.Sleep(7 * time.Millisecond)
			v.with(func() { v.queued++ })
			c.WakeDigest(t.Context(), 7)
		}
		v.until(t, "all was sent", func() bool { return v.sent == 21 })
	})
}

func TestTwoProcessesShareADigest(t *testing.T) {
	t.Parallel()
	eachRedis(t, func(t *testing.T, q queue) {
		v := &village{toPlan: 300, pace: time.Millisecond}
		c := q.newClient(t)
		q.start(t, c, v)
		q.start(t, q.newClient(t), v)
		c.WakeDigest(t.Context(), 7)
		v.until(t, "it was finished", func() bool { return v.finished == 1 })
		if v.sent != 300 {
			t.Errorf("%d rows were sent, want 300", v.sent)
		}
	})
}

func TestStoppingInTheMiddlePassesTheDigestOn(t *testing.T) {
	t.Parallel()
	eachRedis(t, func(t *testing.T, q queue) {
		v := &village{queued: 50, hold: make(chan struct{})}
		c := q.newClient(t)
		first := q.start(t, c, v)
		c.WakeDigest(t.Context(), 7)
		v.until(t, "lanes run", func() bool { return v.lanes == 3 })
		stop(t, first)
		if v.lanes != 0 {
			t.Error("stopped while lanes were running")
		}
		v.with(func() { v.hold = nil })
		q.start(t, c, v) // no tick and no wake: the tasks themselves went back
		v.until(t, "the other process sent the rest", func() bool { return v.finished == 1 && v.sent == 50 })
	})
}

func TestALaneThatDoesNotStopHoldsUpStopOnlyForSoLong(t *testing.T) {
	t.Parallel()
	conn, closing := Embedded()
	t.Cleanup(closing)
	q := newQueue(t, conn)
	q.settings.StopFor = 50 * time.Millisecond
	draining, release := make(chan struct{}), make(chan struct{})
	v := &village{onDrain: func(context.Context) { close(draining); <-release }}
	c := q.newClient(t)
	w := q.start(t, c, v)
	c.WakeOutbox(t.Context())
	<-draining
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := w.Stop(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("stopped with %v", err)
	}
	close(release)
}

func TestEmptyingRedisInTheMiddleOfADigestLosesNothing(t *testing.T) {
	t.Parallel()
	eachRedis(t, func(t *testing.T, q queue) {
		v := &village{toPlan: 400, pace: 2 * time.Millisecond}
		c := q.newClient(t)
		q.start(t, c, v)
		s := NewScheduler(c, Plan{Agenda: v, Chores: v, Sweeper: v}, q.settings)
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { s.Run(ctx) })
		for i := range 5 {
			v.until(t, "some more was sent", func() bool { return v.sent >= 50*i })
			q.empty(t)
		}
		v.until(t, "it was finished", func() bool { return v.finished == 1 && v.lanes == 0 })
		cancel()
		running.Wait()
		if v.sent != 400 {
			t.Errorf("%d rows were sent, want 400", v.sent)
		}
	})
}

func TestAHandlerOutlivesRedisLosingSightOfItsTask(t *testing.T) {
	t.Parallel()
	conn, closing := Embedded()
	t.Cleanup(closing)
	q := newQueue(t, conn)
	w := NewWorkers(conn, q.newClient(t), Work{}, q.settings)
	lost, lose := context.WithCancel(t.Context())
	asked := make(chan struct{})
	h := w.handler(sendKind, func(ctx context.Context, _ []byte) error {
		lose() // what asynq does when it cannot renew its lease
		close(asked)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(10 * time.Second):
			return nil
		}
	})
	answer := make(chan error, 1)
	go func() { answer <- h(lost, asynq.NewTask(sendKind, nil)) }()
	<-asked
	select {
	case err := <-answer:
		t.Errorf("the handler was cut off: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	w.halt()
	if err := <-answer; !errors.Is(err, errStopped) {
		t.Errorf("told to stop, it answered %v", err)
	}
}

func TestATaskThatFailsIsTriedAgain(t *testing.T) {
	t.Parallel()
	eachRedis(t, func(t *testing.T, q queue) {
		var failed atomic.Bool
		v := &village{failing: func() error {
			if failed.Swap(true) {
				return nil
			}
			return errors.New("the database is away")
		}}
		c := q.newClient(t)
		q.start(t, c, v)
		c.WakeSource(t.Context(), 3)
		v.until(t, "it was tried again", func() bool { return len(v.gathered) >= 2 })
		if !strings.Contains(q.log.String(), "task=gather:3") {
			t.Errorf("the log does not name the task: %s", q.log)
		}
	})
}

func TestATaskThatPanicsHarmsNoOther(t *testing.T) {
	t.Parallel()
	eachRedis(t, func(t *testing.T, q queue) {
		var panicked atomic.Bool
		v := &village{queued: 5, failing: func() error {
			if !panicked.Swap(true) {
				panic("a bug")
			}
			return nil
		}}
		c := q.newClient(t)
		q.start(t, c, v)
		c.WakeDigest(t.Context(), 7)
		v.until(t, "the digest went out", func() bool { return v.sent == 5 && v.finished == 1 })
	})
}

func TestWhatWouldFailAgainIsAnAnswerAndNotRepeated(t *testing.T) {
	t.Parallel()
	eachRedis(t, func(t *testing.T, q queue) {
		v := &village{errs: map[string]error{"LaunchDue": fault.New(fault.Conflict, "It was cancelled.")}}
		c := q.newClient(t)
		q.start(t, c, v)
		// Whoever asks again is heard: the name is free once the answer was given.
		v.until(t, "it was tried twice", func() bool {
			if err := c.Launch(t.Context(), 7); err != nil {
				t.Error(err)
			}
			return len(v.launched) >= 2
		})
		if !strings.Contains(q.log.String(), "task is moot") {
			t.Errorf("the log does not say so: %s", q.log)
		}
	})
}

func TestALaunchedDigestIsPlannedAndSentAtOnce(t *testing.T) {
	t.Parallel()
	eachRedis(t, func(t *testing.T, q queue) {
		v := &village{toPlan: 5}
		c := q.newClient(t)
		q.start(t, c, v)
		if err := c.Launch(t.Context(), 7); err != nil {
			t.Fatal(err)
		}
		v.until(t, "it was sent", func() bool { return v.sent == 5 && v.finished == 1 })
		if v.bundle != "templates" {
			t.Errorf("launched without saying with which templates: %q", v.bundle)
		}
	})
}

func TestASlotIsComposedOnceAndItsEditorsTold(t *testing.T) {
	t.Parallel()
	eachRedis(t, func(t *testing.T, q queue) {
		v := &village{}
		c := q.newClient(t)
		q.start(t, c, v)
		slot := digest.Slot{Schedule: "weekly", Date: "2026-11-24", At: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)}
		for range 3 {
			if err := c.Compose(t.Context(), slot); err != nil {
				t.Fatal(err)
			}
			time.Sleep(50 * time.Millisecond)
		}
		v.until(t, "a letter was woken", func() bool { return v.drains == 1 })
		if len(v.composed) != 1 || v.composed[0] != slot {
			t.Errorf("composed %v", v.composed)
		}
	})
}

func TestAPayloadOfAnotherVersionIsDroppedAndItsNameFree(t *testing.T) {
	t.Parallel()
	eachRedis(t, func(t *testing.T, q queue) {
		v := &village{}
		c := q.newClient(t)
		for _, kind := range []string{gatherKind, sendKind, freezeKind, launchKind, composeKind} {
			bad := task{kind: kind, queue: gatherQueue, name: "gather:" + kind, payload: "not what it was"}
			if _, err := c.enqueue(t.Context(), bad); err != nil {
				t.Fatal(err)
			}
		}
		q.start(t, c, v)
		v.until(t, "every name is free again", func() bool {
			n, err := q.client.Exists(context.Background(), "asynq:{"+q.settings.Space+"-gather}:t:gather:gather",
				"asynq:{"+q.settings.Space+"-gather}:t:gather:compose").Result()
			return err == nil && n == 0
		})
		if len(v.gathered) != 0 {
			t.Errorf("gathered %v", v.gathered)
		}
	})
}

func TestTheLogNamesTheTaskEverywhereAndNothingElse(t *testing.T) {
	t.Parallel()
	eachRedis(t, func(t *testing.T, q queue) {
		log := q.settings.settled().Log
		v := &village{queued: 1, onDrain: func(ctx context.Context) { log.InfoContext(ctx, "far below") }}
		c := q.newClient(t)
		q.start(t, c, v)
		c.WakeDigest(t.Context(), 7)
		v.until(t, "it was sent, and its editors told", func() bool { return v.finished == 1 && v.drains > 0 })
		named := map[bool]int{} // by whether it is the digest's task or the outbox's, which has a name of asynq's
		for line := range strings.Lines(q.log.String()) {
			if !strings.Contains(line, "far below") {
				continue
			}
			named[strings.Contains(line, "task=send:7:")]++
			if strings.Count(line, "task=") != 1 {
				t.Errorf("logged %q", line)
			}
		}
		if named[true] == 0 || named[false] == 0 {
			t.Errorf("%d lines name a lane and %d the outbox: %s", named[true], named[false], q.log)
		}
	})
}

func TestRetriesBackOffAndOrphansDoNotWait(t *testing.T) {
	t.Parallel()
	for n, most := range map[int]time.Duration{0: 1200 * time.Millisecond, 3: 10 * time.Second, 500: 72 * time.Second} {
		if d := retryAfter(n, errors.New("away")); d <= 0 || d > most {
			t.Errorf("after %d failures it waits %v", n, d)
		}
	}
	for _, err := range []error{errStopped, asynq.ErrLeaseExpired} {
		if d := retryAfter(4, err); d != 0 {
			t.Errorf("%v waits %v", err, d)
		}
	}
}
