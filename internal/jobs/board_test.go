package jobs

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hibiken/asynq"

	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/progress"
)

// boardWhen reads the board until it is as wanted.
func boardWhen(t *testing.T, c *Client, what string, ok func(progress.Board) bool) progress.Board {
	t.Helper()
	var b progress.Board
	for end := time.Now().Add(15 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		var err error
		if b, err = c.Board(t.Context()); err != nil {
			t.Fatal(err)
		}
		if ok(b) {
			return b
		}
	}
	t.Fatalf("the board does not show %s: %+v", what, b)
	return b
}

func queueOf(b progress.Board, name string) progress.Queue {
	for _, q := range b.Queues {
		if q.Name == name {
			return q
		}
	}
	return progress.Queue{}
}

func TestTheBoardShowsWhatWaitsAndWhoWorks(t *testing.T) {
	t.Parallel()
	eachRedis(t, func(t *testing.T, q queue) {
		c := q.newClient(t)
		if b, err := c.Board(t.Context()); err != nil || len(b.Queues) != 0 {
			t.Fatalf("before anything was queued: %+v, %v", b, err)
		}
		if _, err := c.enqueue(t.Context(), laneTask(7, 0), gatherTask(3)); err != nil {
			t.Fatal(err)
		}
		b := boardWhen(t, c, "what waits", func(b progress.Board) bool { return len(b.Queues) == 2 })
		if send := queueOf(b, "send"); send.Pending != 1 || len(send.Days) != daysShown || len(b.Hands) != 0 {
			t.Errorf("%+v, %+v", send, b.Hands)
		}
		v := &village{queued: 1, hold: make(chan struct{})}
		q.start(t, c, v)
		b = boardWhen(t, c, "who works", func(b progress.Board) bool {
			return slices.ContainsFunc(b.Hands, func(h progress.Hand) bool { return len(h.Doing) > 0 })
		})
		if len(b.Hands) != 3 {
			t.Errorf("%d hands, want the three servers of one process: %+v", len(b.Hands), b.Hands)
		}
		close(v.hold)
	})
}

func TestTheBoardSaysWhyATaskIsTriedAgainAndNamesNobody(t *testing.T) {
	t.Parallel()
	eachRedis(t, func(t *testing.T, q queue) {
		c := q.newClient(t)
		v := &village{failing: func() error {
			return errors.New("mail from ada@example.com over smtp://user:secret@relay was not read")
		}}
		if _, err := c.enqueue(t.Context(), gatherTask(3)); err != nil {
			t.Fatal(err)
		}
		q.start(t, c, v)
		b := boardWhen(t, c, "what failed", func(b progress.Board) bool {
			g := queueOf(b, "gather")
			return len(g.Troubles) > 0 && g.Failed > 0
		})
		g := queueOf(b, "gather")
		if trouble := g.Troubles[0]; trouble.Task != "gather:3" || trouble.Kind != gatherKind || trouble.Words != "mail from … over … was not read" || trouble.Next.IsZero() {
			t.Errorf("%+v", trouble)
		}
		if g.Failed == 0 || g.FailedEver == 0 || g.Days[daysShown-1].Failed == 0 {
			t.Errorf("%+v", g)
		}
	})
}

func TestTroublesAreCutShort(t *testing.T) {
	t.Parallel()
	if got := blotted(strings.Repeat("ä", 500)); len(got) > longestTrouble+len("…") || !strings.HasSuffix(got, "ä…") {
		t.Errorf("%d octets: %q", len(got), got[len(got)-8:])
	}
}

func TestABoardWithoutRedisIsAwayAtOnce(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c := NewClient(asynq.RedisClientOpt{Addr: l.Addr().String(), ReadTimeout: time.Minute}, Settings{})
	defer c.Close()
	begun := time.Now()
	if _, err := c.Board(context.Background()); !fault.Is(err, fault.Unavailable) || strings.Contains(fault.Message(err), fmt.Sprint(l.Addr())) {
		t.Errorf("got %v", err)
	}
	if took := time.Since(begun); took > 5*boardWithin {
		t.Errorf("it took %v", took)
	}
}
