package jobs

import (
	"cmp"
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/hibiken/asynq"

	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/progress"
)

// How much of the board is read at most.
const (
	daysShown     = 7
	troublesShown = 5
	boardWithin   = 2 * time.Second // for Redis to answer at all
)

// Board reads what the queues of the space hold, without changing anything. Redis
// being away, or too slow to be waited for, is a fault.Unavailable. The library heeds
// no context, so whoever no longer waits leaves it to its own time limits.
func (c *Client) Board(ctx context.Context) (progress.Board, error) {
	ctx, cancel := context.WithTimeout(ctx, boardWithin)
	defer cancel()
	var board progress.Board
	read := make(chan error, 1)
	go func() {
		b, err := c.board(ctx)
		board = b
		read <- err
	}()
	select {
	case err := <-read:
		return board, err
	case <-ctx.Done():
		return progress.Board{}, away(ctx.Err())
	}
}

func away(cause error) error {
	return fault.Wrap(fault.Unavailable, cause, "Redis does not answer, so the queues cannot be seen. What is due stands in the database and is not lost.")
}

func (c *Client) board(ctx context.Context) (progress.Board, error) {
	if err := c.Ping(ctx); err != nil {
		return progress.Board{}, away(err)
	}
	i := asynq.NewInspectorFromRedisClient(c.redis)
	queues, err := c.boardQueues(i)
	if err != nil {
		return progress.Board{}, err
	}
	hands, err := c.hands(i)
	return progress.Board{Queues: queues, Hands: hands}, err
}

// ours is a queue's name without the space, and whether it is in the space.
func (c *Client) ours(queue string) (string, bool) { return strings.CutPrefix(queue, c.Space+"-") }

func (c *Client) boardQueues(i *asynq.Inspector) ([]progress.Queue, error) {
	names, err := i.Queues()
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	var all []progress.Queue
	for _, full := range names {
		name, ours := c.ours(full)
		if !ours {
			continue
		}
		q, err := boardQueue(i, full)
		if errors.Is(err, asynq.ErrQueueNotFound) { // emptied in the meantime
			continue
		}
		if err != nil {
			return nil, err
		}
		q.Name = name
		all = append(all, q)
	}
	return all, nil
}

func boardQueue(i *asynq.Inspector, full string) (q progress.Queue, err error) {
	info, err := i.GetQueueInfo(full)
	if err != nil {
		return q, err
	}
	q = progress.Queue{
		Pending: info.Pending, Active: info.Active, Scheduled: info.Scheduled, Retry: info.Retry, Archived: info.Archived,
		Waited: info.Latency, Processed: info.Processed, Failed: info.Failed,
		ProcessedEver: info.ProcessedTotal, FailedEver: info.FailedTotal, Stopped: info.Paused,
	}
	days, err := i.History(full, daysShown)
	if err != nil {
		return q, err
	}
	for _, d := range slices.Backward(days) { // the newest comes first
		q.Days = append(q.Days, progress.Day{Date: d.Date, Processed: d.Processed, Failed: d.Failed})
	}
	troubled, err := i.ListRetryTasks(full, asynq.PageSize(troublesShown))
	for _, t := range troubled {
		q.Troubles = append(q.Troubles, progress.Trouble{Kind: t.Type, Task: t.ID, Words: blotted(t.LastErr), Tries: t.Retried, Next: t.NextProcessAt})
	}
	return q, err
}

// hands are the servers that take tasks of the space.
func (c *Client) hands(i *asynq.Inspector) ([]progress.Hand, error) {
	servers, err := i.Servers()
	if err != nil {
		return nil, err
	}
	var all []progress.Hand
	for _, s := range servers {
		h := progress.Hand{Host: s.Host, Process: s.PID, Places: s.Concurrency, Since: s.Started}
		for full := range s.Queues {
			if name, ours := c.ours(full); ours {
				h.Queues = append(h.Queues, name)
			}
		}
		if len(h.Queues) == 0 {
			continue
		}
		slices.Sort(h.Queues)
		for _, w := range s.ActiveWorkers {
			name, _ := c.ours(w.Queue)
			h.Doing = append(h.Doing, progress.Doing{Kind: w.TaskType, Task: w.TaskID, Queue: name, Since: w.Started})
		}
		slices.SortFunc(h.Doing, func(a, b progress.Doing) int { return cmp.Compare(a.Task, b.Task) })
		all = append(all, h)
	}
	slices.SortFunc(all, func(a, b progress.Hand) int {
		return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.Process, b.Process), slices.Compare(a.Queues, b.Queues))
	})
	return all, nil
}

// longestTrouble is how much of an error is shown, in octets.
const longestTrouble = 240

// addressed is anything that holds an address or a URL's credentials.
var addressed = regexp.MustCompile(`\S*@\S*`)

// blotted is an error's text for a page: short, and without addresses and passwords.
func blotted(text string) string {
	text = addressed.ReplaceAllString(strings.ToValidUTF8(text, ""), "…")
	if len(text) > longestTrouble {
		text = strings.ToValidUTF8(text[:longestTrouble], "") + "…"
	}
	return text
}
