// Package jobs wakes whoever has work to do: tasks on asynq, the handlers that
// run them, and the tick that finds what is due.
//
// SQL is the truth and Redis only wakes. A task means "look at digest 7" and
// carries ids, never an address or a token; what there is to do, the handler
// finds in the database, where guarded updates let nothing be done twice. So a
// task may run twice, or late, or when there is nothing left to do; and Redis
// may be emptied at any moment: the scheduler asks the database once a minute
// what is due and enqueues a task for it. Each handler says why running it twice
// is safe. No task is ever given up for failing too often, since that it is due
// is for SQL to say.
//
//	task             named                   does
//	outbox           (not, by a wake)        sends letters until none is due
//	send             send:DIGEST:LANE        sends a digest over one connection
//	freeze           freeze:DIGEST:WORKERS   plans a digest's rows, chunk by chunk, and wakes its lanes
//	launch           launch:DIGEST           starts an approved digest whose time has come
//	compose          compose:SCHEDULE:DATE   makes the draft of a slot
//	gather           gather:SOURCE           looks at a feed
//	domains          domains                 asks the DNS whose limits domains fall under
//
// A named task is queued once: a second one under the same name is refused for as
// long as the first is waiting or running, and that refusal means "queued". The
// outbox is different, because a letter written while the last drain is ending
// must not wait a minute: its wakes have no name, and each is followed by a drain.
//
// Lanes outlive Redis. When it goes away asynq considers its tasks lost after
// half a minute, but a handler here runs on until it is done or the process is
// told to stop, so a digest under way is sent to its end.
package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/hibiken/asynq"

	"github.com/collabpulse/weekly/internal/digest"
)

// The kinds of task, as metrics and logs name them.
const (
	outboxKind  = "outbox"
	sendKind    = "send"
	freezeKind  = "freeze"
	launchKind  = "launch"
	composeKind = "compose"
	gatherKind  = "gather"
	domainsKind = "domains"
)

// The queues, behind the name of the space.
const (
	sendQueue   = "send"
	letterQueue = "letters"
	digestQueue = "digests"
	gatherQueue = "gather"
)

// The payloads.
type (
	digestPayload struct {
		Digest int64 `json:"digest"`
	}
	lanePayload struct {
		Digest int64 `json:"digest"`
		Lane   int   `json:"lane"`
	}
	sourcePayload struct {
		Source int64 `json:"source"`
	}
	slotPayload struct {
		Schedule string `json:"schedule"`
		Date     string `json:"date"` // local, 2006-01-02
		At       int64  `json:"at"`   // Unix milliseconds
	}
)

// task is a task to be enqueued.
type task struct {
	kind    string
	queue   string
	name    string // "" for one that may be queued any number of times
	payload any
}

func outboxTask(name string) task {
	return task{kind: outboxKind, queue: letterQueue, name: name, payload: struct{}{}}
}

// freezeTask is named by how many workers there are, so that one that was killed in
// the middle keeps nobody from going on.
func freezeTask(id int64, workers int) task {
	return task{freezeKind, digestQueue, fmt.Sprintf("freeze:%d:%d", id, workers), digestPayload{id}}
}

func laneTask(id int64, lane int) task {
	return task{sendKind, sendQueue, fmt.Sprintf("send:%d:%d", id, lane), lanePayload{id, lane}}
}

func launchTask(id int64) task {
	return task{launchKind, digestQueue, fmt.Sprintf("launch:%d", id), digestPayload{id}}
}

func composeTask(s digest.Slot) task {
	return task{composeKind, digestQueue, "compose:" + s.Schedule + ":" + s.Date,
		slotPayload{s.Schedule, s.Date, s.At.UnixMilli()}}
}

func gatherTask(id int64) task {
	return task{gatherKind, gatherQueue, fmt.Sprintf("gather:%d", id), sourcePayload{id}}
}

// domainsTask stands with the feeds: it, too, waits for other people's servers.
func domainsTask() task {
	return task{kind: domainsKind, queue: gatherQueue, name: domainsKind, payload: struct{}{}}
}

func (p slotPayload) slot() digest.Slot {
	return digest.Slot{Schedule: p.Schedule, Date: p.Date, At: time.UnixMilli(p.At).UTC()}
}

// decode reads a payload. One that an older or newer version wrote otherwise is
// dropped, so that its name is free for the next tick to use.
func decode[P any](payload []byte) (P, error) {
	var p P
	if err := json.Unmarshal(payload, &p); err != nil {
		return p, fmt.Errorf("%w: %w", asynq.RevokeTask, err)
	}
	return p, nil
}

// longest is how long asynq lets a task run. Handlers bound themselves.
const longest = 24 * time.Hour

// enqueue adds a task to its queue in the space. It reports whether one of the
// same name was there already, which is as good.
func enqueue(ctx context.Context, queue *asynq.Client, space string, t task) (already bool, err error) {
	payload, err := json.Marshal(t.payload)
	if err != nil {
		return false, err
	}
	options := []asynq.Option{asynq.Queue(space + "-" + t.queue), asynq.MaxRetry(math.MaxInt32), asynq.Timeout(longest)}
	if t.name != "" {
		options = append(options, asynq.TaskID(t.name))
	}
	_, err = queue.EnqueueContext(ctx, asynq.NewTask(t.kind, payload), options...)
	if errors.Is(err, asynq.ErrTaskIDConflict) || errors.Is(err, asynq.ErrDuplicateTask) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("jobs: enqueue %s: %w", t.kind, err)
	}
	return false, nil
}
