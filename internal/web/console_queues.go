package web

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/progress"
)

// Queues shows what wakes the workers.
type Queues interface {
	// Board is what the queues hold; a fault.Unavailable while Redis is away.
	Board(ctx context.Context) (progress.Board, error)
}

// queuesView is the page of the queues. It is read-only: tasks are wakes, and what
// there is to do is changed where it stands, in the digests and sources.
type queuesView struct {
	Board  progress.Board
	Absent string // why there is nothing to see, "" when there is
	now    time.Time
}

func (c console) queues(ec echo.Context) error {
	v := queuesView{now: c.Now(), Absent: "This process has no queue to look into."}
	if c.Console.Queues != nil {
		board, err := c.Console.Queues.Board(ec.Request().Context())
		switch {
		case fault.Is(err, fault.Unavailable):
			v.Absent = fault.Message(err)
		case err != nil:
			return err
		default:
			v.Board, v.Absent = board, ""
		}
	}
	return c.page(ec, http.StatusOK, "console/queues", v)
}

// About says what a queue is for.
func (queuesView) About(q progress.Queue) string {
	return map[string]string{
		"send": "lanes of digests that go out", "letters": "confirmations, sign-ins and notices",
		"digests": "drafts, launches and planning", "gather": "looks at sources",
	}[q.Name]
}

// Ago says since when something is so.
func (v queuesView) Ago(t time.Time) string { return ago(v.now, t) }

// Until says when something comes.
func (v queuesView) Until(t time.Time) string { return until(v.now, t) }

// Waited says how long the oldest task of a queue has waited, "" for none.
func (queuesView) Waited(q progress.Queue) string {
	if q.Pending == 0 {
		return ""
	}
	if q.Waited < time.Minute {
		return q.Waited.Round(100 * time.Millisecond).String()
	}
	return span(q.Waited)
}

// List joins words.
func (queuesView) List(words []string) string { return list(words) }

// week draws the last days of a queue, the latest at the right: what was done, and
// on top of it what failed.
type week struct {
	Done, Failed []beat
	Label        string
}

// The drawing's measure: bars of 14 units with 6 between, 40 high.
const (
	weekStep   = 20
	weekHeight = 40
)

// Width is the view box's.
func (w week) Width() int { return len(w.Done)*weekStep - 6 }

// Week draws a queue's days.
func (queuesView) Week(q progress.Queue) week {
	top := 0
	for _, d := range q.Days {
		top = max(top, d.Processed)
	}
	var w week
	var words []string
	for i, d := range q.Days {
		words = append(words, d.Date.Format("2 January")+": "+grouped(d.Processed)+" done, "+grouped(d.Failed)+" of them failed")
		done, failed := heightOf(d.Processed, top), heightOf(d.Failed, top)
		w.Done = append(w.Done, beat{X: i * weekStep, Y: weekHeight - done, H: done})
		if failed > 0 {
			w.Failed = append(w.Failed, beat{X: i * weekStep, Y: weekHeight - failed, H: failed})
		}
	}
	w.Label = strings.Join(words, "; ")
	return w
}

// heightOf is a bar's: anything at all shows.
func heightOf(n, top int) int {
	if n == 0 {
		return 0
	}
	return max(2, n*weekHeight/top)
}
