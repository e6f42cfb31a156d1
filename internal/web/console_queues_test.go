package web

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/progress"
	"github.com/collabpulse/weekly/internal/store/storetest"
)

// hung is a board that a test made up, or why there is none.
type hung struct {
	board progress.Board
	err   error
}

func (s *hung) Board(context.Context) (progress.Board, error) { return s.board, s.err }

func TestTheQueuesAreToBeSeenAndNotTouched(t *testing.T) {
	t.Parallel()
	now := storetest.Start
	r := newRoom(t, func(c *Config) {
		c.Console.Queues = &hung{board: progress.Board{
			Queues: []progress.Queue{
				{Name: "gather", Stopped: true},
				{Name: "send", Pending: 3, Active: 4, Scheduled: 1, Retry: 2, Waited: 1500 * time.Millisecond, Processed: 1200, Failed: 7,
					Days:     []progress.Day{{Date: now.AddDate(0, 0, -1), Processed: 600}, {Date: now, Processed: 1200, Failed: 7}},
					Troubles: []progress.Trouble{{Kind: "send", Task: "send:7:2", Words: "the database <b>is</b> away", Tries: 3, Next: now.Add(time.Hour)}}},
			},
			Hands: []progress.Hand{{Host: "mill", Process: 42, Places: 4, Queues: []string{"digests", "letters"}, Since: now.Add(-time.Hour),
				Doing: []progress.Doing{{Kind: "send", Task: "send:7:1", Queue: "send", Since: now.Add(-2 * time.Minute)}}}},
		}}
	})
	a := r.get("/console/queues").is(http.StatusOK)
	a.shows("tbody tr:nth-child(1)", "stopped").shows("tbody tr:nth-child(2)", "1,200 done, 7 failed").shows("tbody tr:nth-child(2)", "1.5s")
	a.shows("main", "mill, process 42, started 1 hour ago").shows("h3", "digests and letters").shows("main", "began 2 minutes ago")
	a.shows(".trouble", "the database <b>is</b> away").shows(".trouble", "3 failures; again in 1 hour")
	if label := a.find("tbody tr:nth-child(2) svg").AttrOr("aria-label", ""); label != "22 November: 600 done, 0 of them failed; 23 November: 1,200 done, 7 of them failed" {
		t.Errorf("the drawing says %q", label)
	}
	if n := a.find("main form, main button, main input").Length(); n != 0 {
		t.Errorf("there are %d things to press", n)
	}
}

func TestQueuesThatCannotBeSeenAreExplained(t *testing.T) {
	t.Parallel()
	board := &hung{err: fault.New(fault.Unavailable, "Redis does not answer.")}
	r := newRoom(t, func(c *Config) { c.Console.Queues = board })
	r.get("/console/queues").is(http.StatusOK).shows(".notice", "Redis does not answer.")
	board.err = errDisk
	r.get("/console/queues").is(http.StatusInternalServerError)
	board.err = nil
	r.get("/console/queues").is(http.StatusOK).shows("main", "No task was ever queued.").shows(".notice", "No worker takes tasks")
	newRoom(t).get("/console/queues").is(http.StatusOK).shows(".notice", "no queue to look into")
}
