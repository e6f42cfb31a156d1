package jobs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/digest"
)

// Agenda says what is due.
type Agenda interface {
	DueSources(ctx context.Context) ([]int64, error)
	// DueDigests are the approved ones whose time has come and is not long past.
	DueDigests(ctx context.Context) ([]int64, error)
	// OpenDigests are the ones being sent.
	OpenDigests(ctx context.Context) ([]int64, error)
	Waiting(ctx context.Context, scope delivery.Scope) (due int, next time.Time, err error)
}

// Chores are what a tick does itself, each a short transaction that does
// nothing the second time.
type Chores interface {
	// HoldLate holds the digests whose slot is long past, for editors to decide.
	HoldLate(ctx context.Context) ([]int64, error)
	// ExpireQueued fails the rows that have waited too long.
	ExpireQueued(ctx context.Context) (int, error)
	FinishDigest(ctx context.Context, id int64) (finished bool, err error)
	Digests(ctx context.Context, limit int) ([]digest.Digest, error)
	// EndPauses has readers get digests again whose pause is over.
	EndPauses(ctx context.Context) (int, error)
	Purges
}

// Purges delete what is kept for so long and no longer, each in short transactions.
type Purges interface {
	// PurgePending forgets sign-ups that were never confirmed.
	PurgePending(ctx context.Context) (int, error)
	// PurgeOutbox deletes letters settled long ago.
	PurgeOutbox(ctx context.Context) (int, error)
	// MoveDeliveries moves some rows of a digest that is over for so long to the
	// history, and PurgeHistory deletes some of its rows from there; 0 when none is left.
	MoveDeliveries(ctx context.Context, after time.Duration) (int, error)
	PurgeHistory(ctx context.Context, after time.Duration) (int, error)
}

// Sweeper takes back the rows of workers that died.
type Sweeper interface {
	Sweep(ctx context.Context) (delivery.Reclaimed, error)
}

// Plan is what a scheduler works from.
type Plan struct {
	Agenda  Agenda
	Chores  Chores
	Sweeper Sweeper
	// Next is the first slot after a time, usually digest.Schedule.Next; nil when
	// digests are composed by hand alone.
	Next    func(after time.Time) digest.Slot
	Now     func() time.Time // the wall clock that slots are told by; time.Now when nil
	Domains bool             // whether the groups of domains are to be found out
	// KeepDeliveries is how long after its end a digest's rows stay in the ledger, and
	// KeepHistory how long what became of them is known at all.
	KeepDeliveries, KeepHistory time.Duration
}

// Scheduler asks the database what is due, and enqueues it. It remembers
// nothing that matters, so any number may run, restart and overlap: what they
// enqueue twice has one name, and what they do twice is guarded in SQL.
type Scheduler struct {
	client   *Client
	open     []int64 // the digests that the last look found being sent
	began    time.Time
	clock    trust
	searched time.Time // when it last had domains looked up, by the monotonic clock
	Plan
	Settings
}

// NewScheduler makes a scheduler that enqueues through the client.
func NewScheduler(client *Client, p Plan, s Settings) *Scheduler {
	if p.Now == nil {
		p.Now = time.Now
	}
	return &Scheduler{client: client, began: time.Now(), clock: trust{wall: p.Now()}, Plan: p, Settings: s.settled()}
}

// Run ticks at once and then every minute, sweeps more often and looks as often as
// it is told to, until the context ends. None overlaps another or itself; a failure
// is logged and tried again at the next turn.
func (s *Scheduler) Run(ctx context.Context) {
	tick, sweep := time.NewTicker(s.Every), time.NewTicker(s.SweepEvery)
	defer tick.Stop()
	defer sweep.Stop()
	looks, still := s.looks()
	defer still()
	s.logged(ctx, "tick", s.Tick)
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-tick.C:
			s.logged(ctx, "tick", s.Tick)
		case <-looks:
			s.logged(ctx, "look", s.look)
		case <-sweep.C:
			s.logged(ctx, "sweep", s.sweep)
		}
	}
}

func (s *Scheduler) logged(ctx context.Context, what string, f func(context.Context) error) {
	if err := f(ctx); err != nil && ctx.Err() == nil {
		s.Log.ErrorContext(ctx, what+" failed", "error", err.Error())
	}
}

// looks ticks for each look; never, unless LookEvery is set.
func (s *Scheduler) looks() (at <-chan time.Time, stop func()) {
	if s.LookEvery == 0 {
		return nil, func() {}
	}
	t := time.NewTicker(s.LookEvery)
	return t.C, t.Stop
}

// look wakes the lanes of digests that the last look did not see. A command beside
// an embedded queue launches a digest by writing it down, and nobody would begin
// before the next tick. It is one short question, so it can be asked often; what it
// remembers saves wakes and decides nothing.
func (s *Scheduler) look(ctx context.Context) error {
	ids, err := s.Agenda.OpenDigests(ctx)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if !slices.Contains(s.open, id) {
			s.client.WakeDigest(ctx, id)
		}
	}
	s.open = ids
	return nil
}

// tickFor bounds one tick, so that a database that hangs does not stop the clock.
const tickFor = time.Minute

// Tick looks at everything once and enqueues what is due. A step that fails does
// not keep the others from being taken; the error names each that did.
func (s *Scheduler) Tick(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, tickFor)
	defer cancel()
	begun := time.Now()
	s.checkClock(ctx)
	steps := []struct {
		name string
		do   func(context.Context) error
	}{
		{"gather", s.gather},
		{"compose", s.compose},
		{"hold", s.hold},
		{"pauses", s.pauses},
		{"launch", s.launch},
		{"expire", s.aged(s.expire)},
		{"send", s.send},
		{"outbox", s.outbox},
		{"domains", s.domains},
		{"purge", s.aged(s.purge)},
	}
	var failed error
	for _, step := range steps {
		if err := step.do(ctx); err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", step.name, err))
		}
	}
	s.Meters.tick(failed, time.Since(begun))
	return failed
}

func (s *Scheduler) gather(ctx context.Context) error {
	return s.each(ctx, s.Agenda.DueSources, func(id int64) error {
		_, err := s.client.enqueue(ctx, gatherTask(id))
		return err
	})
}

// pauses comes before launch, so that whoever is back gets the digest of the day. It
// need not wait, as aged does, for a clock that has only just been looked at: nothing is
// lost by it, and a digest missed would be.
func (s *Scheduler) pauses(ctx context.Context) error {
	if s.clock.set(s.Settle) {
		return nil
	}
	n, err := s.Chores.EndPauses(ctx)
	if n > 0 {
		s.Log.InfoContext(ctx, "pauses ended", "readers", n)
	}
	return err
}

// launch comes after hold, so that what is too late is held and not launched.
func (s *Scheduler) launch(ctx context.Context) error {
	return s.each(ctx, s.Agenda.DueDigests, func(id int64) error { return s.client.Launch(ctx, id) })
}

func (s *Scheduler) hold(ctx context.Context) error {
	held, err := s.Chores.HoldLate(ctx)
	if len(held) > 0 {
		s.Log.WarnContext(ctx, "digests held: their time is long past", "digests", held)
		s.client.WakeOutbox(ctx)
	}
	return err
}

// checkClock sees whether the wall clock was set since the last tick.
func (s *Scheduler) checkClock(ctx context.Context) {
	if set := s.clock.look(s.Now(), time.Since(s.began)); set != 0 {
		s.Log.WarnContext(ctx, "the wall clock was set: nothing expires or is purged until it has run evenly for a while",
			"by", set.String(), "while", s.Settle.String())
	}
}

// aged does what is done to things for their age, if the clock can be trusted.
func (s *Scheduler) aged(do func(context.Context) error) func(context.Context) error {
	if s.clock.even < s.Settle {
		return func(context.Context) error { return nil }
	}
	return do
}

func (s *Scheduler) expire(ctx context.Context) error {
	n, err := s.Chores.ExpireQueued(ctx)
	if n > 0 {
		s.Log.WarnContext(ctx, "rows expired", "rows", n)
	}
	return err
}

// send closes the open digests that are done, and wakes the lanes of the others:
// for rows put off until now, for rows a sweep took back, and for what Redis forgot.
func (s *Scheduler) send(ctx context.Context) error {
	return s.each(ctx, s.Agenda.OpenDigests, func(id int64) error {
		finished, err := s.Chores.FinishDigest(ctx, id)
		if err != nil {
			return err
		}
		if finished {
			s.client.WakeOutbox(ctx)
			return nil
		}
		_, err = s.client.enqueue(ctx, s.client.digestTasks(ctx, id)...)
		return err
	})
}

// outbox wakes the outbox under a name, so that ticks without workers leave one
// task behind and not one each.
func (s *Scheduler) outbox(ctx context.Context) error {
	due, _, err := s.Agenda.Waiting(ctx, delivery.Outbox)
	if err != nil || due == 0 {
		return err
	}
	_, err = s.client.enqueue(ctx, outboxTask("outbox"))
	return err
}

// purge comes last, so that what people wait for does not.
func (s *Scheduler) purge(ctx context.Context) error {
	pending, err := s.Chores.PurgePending(ctx)
	letters, failed := s.Chores.PurgeOutbox(ctx)
	if pending+letters > 0 {
		s.Log.InfoContext(ctx, "purged", "pending", pending, "letters", letters)
	}
	return errors.Join(err, failed, s.age(ctx))
}

// chunksATick bounds how many chunks of old rows a tick moves, and deletes.
const chunksATick = 20

// age moves old deliveries to the history, and forgets the oldest history.
func (s *Scheduler) age(ctx context.Context) error {
	return errors.Join(chunks(func() (int, error) { return s.Chores.MoveDeliveries(ctx, s.KeepDeliveries) }),
		chunks(func() (int, error) { return s.Chores.PurgeHistory(ctx, s.KeepHistory) }))
}

// chunks does something again and again until there is nothing left to do for now.
func chunks(do func() (int, error)) error {
	for range chunksATick {
		if n, err := do(); err != nil || n == 0 {
			return err
		}
	}
	return nil
}

// sweep takes back what the dead held, and has it sent.
func (s *Scheduler) sweep(ctx context.Context) error {
	r, err := s.Sweeper.Sweep(ctx)
	if r != (delivery.Reclaimed{}) {
		err = errors.Join(err, s.send(ctx), s.outbox(ctx))
	}
	return err
}

// each does something for every id that a question brings, whatever fails.
func (s *Scheduler) each(ctx context.Context, ask func(context.Context) ([]int64, error), do func(id int64) error) error {
	ids, err := ask(ctx)
	for _, id := range ids {
		err = errors.Join(err, do(id))
	}
	return err
}
