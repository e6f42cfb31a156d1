package jobs

import (
	"cmp"
	"context"
	"log/slog"
	"time"
)

// Settings are what the parts of this package can be told. The zero value of a
// field stands for the default named beside it. Processes that share a Redis
// must agree on Space and Lanes.
type Settings struct {
	Space      string                    // before the names of the queues, so that several services can share a Redis; "pulse"
	Lanes      int                       // connections that one worker process sends digests over; 8
	Workers    func(context.Context) int // how many worker processes there are, the dead that nobody misses yet included; 1
	Lead       time.Duration             // how long before its slot a digest is composed; 24 h
	Every      time.Duration             // between two ticks; a minute
	LookEvery  time.Duration             // between two looks for a digest that was launched without a wake; never, as on a queue that everybody shares
	SweepEvery time.Duration             // between two looks at the other workers; 15 s
	Poll       time.Duration             // how often an idle queue is asked for tasks; 200 ms
	Merge      time.Duration             // wakes this close together become one; 100 ms
	Settle     time.Duration             // how long the wall clock must have run evenly before anything is expired or purged by it; an hour
	StopFor    time.Duration             // how long stopping may wait for handlers; above the sender's Grace and Closing; 40 s
	Log        *slog.Logger              // slog.Default
	Meters     *Meters                   // none
}

func (s Settings) settled() Settings {
	s.Space = cmp.Or(s.Space, "pulse")
	s.Lanes = cmp.Or(s.Lanes, 8)
	if s.Workers == nil {
		s.Workers = func(context.Context) int { return 1 }
	}
	s.Lead = cmp.Or(s.Lead, 24*time.Hour)
	s.Every = cmp.Or(s.Every, time.Minute)
	s.SweepEvery = cmp.Or(s.SweepEvery, 15*time.Second)
	s.Poll = cmp.Or(s.Poll, 200*time.Millisecond)
	s.Merge = cmp.Or(s.Merge, 100*time.Millisecond)
	s.Settle = cmp.Or(s.Settle, time.Hour)
	s.StopFor = cmp.Or(s.StopFor, 40*time.Second)
	s.Log = cmp.Or(s.Log, slog.Default())
	s.Log = slog.New(WithTask(s.Log.Handler()))
	return s
}
