package jobs

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/digest"
)

var errAway = errors.New("the database is away")

func TestATickStartsEverythingThatIsDue(t *testing.T) {
	t.Parallel()
	eachRedis(t, func(t *testing.T, q queue) {
		v := &village{letters: 1, toPlan: 20, due: map[string][]int64{"sources": {3, 4}, "digests": {8}}}
		c := q.newClient(t)
		q.start(t, c, v)
		if err := NewScheduler(c, Plan{Agenda: v, Chores: v, Sweeper: v}, q.settings).Tick(t.Context()); err != nil {
			t.Fatal(err)
		}
		v.until(t, "all of it was done", func() bool {
			return v.letters == 0 && v.sent == 20 && v.finished == 1 && len(v.gathered) == 2 && slices.Equal(v.launched, []int64{8})
		})
	})
}

func TestTicksWithoutWorkersDoNotPileUpTasks(t *testing.T) {
	t.Parallel()
	eachRedis(t, func(t *testing.T, q queue) {
		v := &village{letters: 1, queued: 1, due: map[string][]int64{"sources": {3}, "digests": {8}}}
		s := NewScheduler(q.newClient(t), Plan{Agenda: v, Chores: v, Sweeper: v, Next: weekly(t).Next,
			Now: func() time.Time { return slotTime.Add(-time.Hour) }}, q.settings)
		for range 5 {
			if err := s.Tick(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		for name, want := range map[string]int64{sendQueue: 3, letterQueue: 1, gatherQueue: 1, digestQueue: 3} {
			n, err := q.client.LLen(t.Context(), "asynq:{"+q.settings.Space+"-"+name+"}:pending").Result()
			if err != nil || n != want {
				t.Errorf("%d tasks wait in %s, want %d; %v", n, name, want, err)
			}
		}
	})
}

func TestADigestWithNothingLeftToSendIsClosedByTheTick(t *testing.T) {
	t.Parallel()
	v := &village{}
	s, _ := embeddedScheduler(t, v, Plan{Agenda: openForEver{v}})
	if err := s.Tick(t.Context()); err != nil || v.finished != 1 {
		t.Errorf("finished %d times, %v", v.finished, err)
	}
}

// openForEver lists the digest even when it is done.
type openForEver struct{ *village }

func (openForEver) OpenDigests(context.Context) ([]int64, error) { return []int64{7}, nil }

func embeddedScheduler(t *testing.T, v *village, p Plan) (*Scheduler, queue) {
	t.Helper()
	conn, closing := Embedded()
	t.Cleanup(closing)
	q := newQueue(t, conn)
	p.Chores, p.Sweeper = v, v
	if p.Agenda == nil {
		p.Agenda = v
	}
	return NewScheduler(q.newClient(t), p, q.settings), q
}

func TestAStepThatFailsKeepsNoOtherFromBeingTaken(t *testing.T) {
	t.Parallel()
	steps := map[string]string{
		"DueSources": "gather", "Digests": "compose", "DueDigests": "launch", "HoldLate": "hold", "PurgePending": "purge", "PurgeOutbox": "purge",
		"MoveDeliveries": "purge", "PurgeHistory": "purge",
		"OpenDigests": "send", "ExpireQueued": "expire", "Waiting": "outbox",
	}
	for method, step := range steps {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			v := &village{letters: 1, queued: 1, errs: map[string]error{method: errAway}, due: map[string][]int64{"sources": {3}, "digests": {8}}}
			s, q := embeddedScheduler(t, v, Plan{Next: weekly(t).Next, Now: func() time.Time { return slotTime.Add(-time.Hour) }})
			err := s.Tick(t.Context())
			if !errors.Is(err, errAway) || !strings.HasPrefix(err.Error(), step+": ") {
				t.Errorf("the tick said %v", err)
			}
			keys, _ := q.client.Keys(t.Context(), "asynq:{"+q.settings.Space+"-*:t:*").Result()
			if len(keys) < 5 {
				t.Errorf("only %v were queued", keys)
			}
		})
	}
}

func TestHeldDigestsAreToldOf(t *testing.T) {
	t.Parallel()
	v := &village{held: []int64{5}}
	s, q := embeddedScheduler(t, v, Plan{})
	q.start(t, s.client, v)
	if err := s.Tick(t.Context()); err != nil {
		t.Fatal(err)
	}
	v.until(t, "the letter went out", func() bool { return v.drains > 0 })
}

func TestATickPurgesWhatIsOldAndSaysHowMuch(t *testing.T) {
	t.Parallel()
	s, q := embeddedScheduler(t, &village{old: 3}, Plan{})
	if err := s.Tick(t.Context()); err != nil || !strings.Contains(q.log.String(), "msg=purged pending=3 letters=3") {
		t.Errorf("%v; %s", err, q.log)
	}
}

func TestATickMovesSomeOldRowsAndLeavesTheRestToTheNext(t *testing.T) {
	t.Parallel()
	v := &village{chunks: 50}
	s, _ := embeddedScheduler(t, v, Plan{})
	for _, left := range []int{30, 10, 0} {
		if err := s.Tick(t.Context()); err != nil || v.chunks != left {
			t.Fatalf("%d chunks are left, want %d; %v", v.chunks, left, err)
		}
	}
}

func TestTheSchedulerTicksAtOnceAndGoesOnWhateverFails(t *testing.T) {
	t.Parallel()
	v := &village{due: map[string][]int64{"sources": {3}}, errs: map[string]error{"HoldLate": errAway, "Sweep": errAway}}
	s, q := embeddedScheduler(t, v, Plan{})
	q.start(t, s.client, v)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { s.Run(ctx) })
	v.until(t, "it looked at the source again and again", func() bool { return len(v.gathered) >= 3 })
	for _, what := range []string{"tick failed", "sweep failed"} {
		v.until(t, what+" is in the log", func() bool { return strings.Contains(q.log.String(), what) })
	}
	cancel()
	running.Wait()
}

func TestWhatASweepTookBackIsSentWithoutWaitingForATick(t *testing.T) {
	t.Parallel()
	v := &village{}
	s, q := embeddedScheduler(t, v, Plan{})
	s.Every = time.Hour
	q.start(t, s.client, v)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { s.Run(ctx) })
	time.Sleep(30 * time.Millisecond) // the first tick found nothing
	v.with(func() { v.queued, v.swept = 5, delivery.Reclaimed{Requeued: 5} })
	v.until(t, "it was sent", func() bool { return v.sent == 5 })
	cancel()
	running.Wait()
}

func TestADigestLaunchedWithoutAWakeIsFoundByTheNextLook(t *testing.T) {
	t.Parallel()
	v := &village{}
	s, q := embeddedScheduler(t, v, Plan{})
	s.Every, s.SweepEvery, s.LookEvery = time.Hour, time.Hour, 10*time.Millisecond
	q.start(t, s.client, v)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { s.Run(ctx) })
	time.Sleep(30 * time.Millisecond) // the first tick found nothing
	v.with(func() { v.toPlan = 20 })
	v.until(t, "it was planned and sent", func() bool { return v.sent == 20 })
	cancel()
	running.Wait()
}

func TestALookWakesADigestOnce(t *testing.T) {
	t.Parallel()
	v := &village{queued: 1}
	s, q := embeddedScheduler(t, v, Plan{})
	pending := func() int64 {
		n, _ := q.client.LLen(t.Context(), "asynq:{"+q.settings.Space+"-"+sendQueue+"}:pending").Result()
		return n
	}
	if err := s.look(t.Context()); err != nil {
		t.Fatal(err)
	}
	v.until(t, "its lanes are queued", func() bool { return pending() == 3 })
	s.client.wakes.all.Wait()
	q.empty(t)
	if err := s.look(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.client.wakes.all.Wait()
	if n := pending(); n != 0 {
		t.Errorf("the second look queued %d lanes of a digest that it knew", n)
	}
}

// slotTime is a Tuesday's slot.
var slotTime = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

func weekly(t *testing.T) digest.Schedule {
	t.Helper()
	s, err := digest.ParseSchedule("weekly", digest.DefaultRule, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestASlotIsComposedFromItsLeadOnAndUpToADayLate(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		now   time.Duration // from the slot
		fresh bool
		want  []string
	}{
		{"long before", -25 * time.Hour, false, nil},
		{"from the lead on", -24 * time.Hour, false, []string{"2026-11-24"}},
		{"a moment before", -time.Second, false, []string{"2026-11-24"}},
		{"missed by an hour", time.Hour, false, []string{"2026-11-24"}},
		{"missed by a day", 24*time.Hour - time.Second, false, []string{"2026-11-24"}},
		{"missed by more", 24 * time.Hour, false, nil},
		{"before anything was ever composed", time.Hour, true, nil},
		{"the first of all", -time.Hour, true, []string{"2026-11-24"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v := &village{past: []digest.Digest{{ID: 1}}}
			if tt.fresh {
				v.past = nil
			}
			s, _ := embeddedScheduler(t, v, Plan{Next: weekly(t).Next, Now: func() time.Time { return slotTime.Add(tt.now) }})
			slots, err := s.slots(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, slot := range slots {
				got = append(got, slot.Date)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWithoutAScheduleNothingIsComposed(t *testing.T) {
	t.Parallel()
	s, _ := embeddedScheduler(t, &village{}, Plan{})
	if err := s.compose(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestTasksAndTicksAreCounted(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	meters, err := NewMeters(registry)
	if err != nil {
		t.Fatal(err)
	}
	conn, closing := Embedded()
	t.Cleanup(closing)
	q := newQueue(t, conn)
	q.settings.Meters = meters
	v := &village{}
	c := q.newClient(t)
	q.start(t, c, v)
	c.WakeSource(t.Context(), 3)
	NewScheduler(c, Plan{Agenda: v, Chores: v, Sweeper: v}, q.settings).Tick(t.Context())
	v.until(t, "both were counted", func() bool {
		families, err := registry.Gather()
		return err == nil && len(families) == 2
	})
	if _, err := NewMeters(registry); err == nil {
		t.Error("the same meters were registered twice")
	}
}

func TestDomainsAreLookedUpNowAndThenAndNotByEachTick(t *testing.T) {
	t.Parallel()
	for asked, want := range map[bool]int64{true: 1, false: 0} {
		v := &village{}
		s, q := embeddedScheduler(t, v, Plan{Domains: asked})
		waiting := func() int64 {
			n, err := q.client.LLen(t.Context(), "asynq:{"+q.settings.Space+"-"+gatherQueue+"}:pending").Result()
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		for range 3 {
			if err := s.Tick(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if n := waiting(); n != want {
			t.Errorf("%d searches wait, want %d", n, want)
		}
		if !asked {
			continue
		}
		q.start(t, s.client, v)
		v.until(t, "the domains were looked up", func() bool { return v.searches == 1 })
		if err := s.Tick(t.Context()); err != nil || waiting() != 0 {
			t.Errorf("the next tick has them looked up again: %v", err)
		}
	}
}
