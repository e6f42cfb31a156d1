package send_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/message"
	"github.com/collabpulse/weekly/internal/send"
)

var quiet = slog.New(slog.DiscardHandler)

// desk is a sender with everything around it, in a bubble of its own time.
type desk struct {
	*book
	*relay
	composer
	sender *send.Sender
	worker *send.Worker
	seen   []delivery.Result
}

// inBubble runs f with a desk of so many readers whose worker is running.
func inBubble(t *testing.T, readers int, f func(t *testing.T, d *desk)) {
	t.Helper()
	inBubbleWith(t, readers, send.Options{}, f)
}

// inBubbleWith runs f with a desk whose sender has been told something.
func inBubbleWith(t *testing.T, readers int, o send.Options, f func(t *testing.T, d *desk)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &desk{book: newBook(readers), relay: newRelay(), composer: composer{fail: map[int64]error{}}}
		d.worker = send.NewWorker(d.book, "test", quiet)
		var mu sync.Mutex
		o.Log = quiet
		o.Observe = func(_ delivery.Scope, results []delivery.Result, groups []string) {
			mu.Lock()
			defer mu.Unlock()
			if len(groups) != len(results) {
				t.Errorf("%d results of %d groups", len(results), len(groups))
			}
			d.seen = append(d.seen, results...)
		}
		d.sender = send.New(d.book, d.book, d.relay, d.composer, d.worker, o)
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { d.worker.Run(ctx) })
		f(t, d)
		cancel()
		running.Wait()
	})
}

// drain runs a lane to its end.
func (d *desk) drain(t *testing.T) {
	t.Helper()
	if err := d.sender.Drain(t.Context(), digestScope); err != nil {
		t.Fatal(err)
	}
}

// start runs a lane in the background and returns how to stop it and learn how it ended.
func (d *desk) start(t *testing.T) (stop func(), ended func() error) {
	ctx, cancel := context.WithCancel(t.Context())
	answer := make(chan error, 1)
	go func() { answer <- d.sender.Drain(ctx, digestScope) }()
	return cancel, func() error { return <-answer }
}

func TestEveryoneGetsOneMailHoweverManyLanesThereAre(t *testing.T) {
	inBubble(t, 1000, func(t *testing.T, d *desk) {
		d.slow = time.Millisecond
		var lanes sync.WaitGroup
		for range 4 {
			lanes.Go(func() { d.drain(t) })
		}
		lanes.Wait()
		d.wantOnce(t, 1000)
		d.wantCount(t, map[delivery.State]int{delivery.Sent: 1000})
		if len(d.seen) != 1000 || d.seen[0].Relay != "test" {
			t.Errorf("%d results were observed", len(d.seen))
		}
	})
}

func TestOneConnectionHasAtMostOneGroupOnTheWire(t *testing.T) {
	inBubble(t, 100, func(t *testing.T, d *desk) {
		d.drain(t)
		if d.mostHanding != delivery.Group {
			t.Errorf("%d rows were in handing at once, want %d", d.mostHanding, delivery.Group)
		}
	})
}

func TestAWakeWithNothingToDoOpensNoConnection(t *testing.T) {
	inBubble(t, 0, func(t *testing.T, d *desk) {
		d.drain(t)
		if d.connects != 0 {
			t.Errorf("%d connections were opened for no mail", d.connects)
		}
	})
}

func TestRowsLockedByAnotherClaimerAreAskedForAgain(t *testing.T) {
	inBubble(t, 5, func(t *testing.T, d *desk) {
		d.hidden = 2
		d.drain(t)
		d.wantOnce(t, 5)
	})
}

func TestALaneLeavesRowsThatStayLockedToTheirHolder(t *testing.T) {
	inBubble(t, 5, func(t *testing.T, d *desk) {
		d.hidden = 1000
		d.drain(t)
		if d.claims > 10 {
			t.Errorf("claimed %d times", d.claims)
		}
	})
}

func TestStoppingFinishesTheGroupOnTheWireAndHandsTheRestBack(t *testing.T) {
	inBubble(t, 300, func(t *testing.T, d *desk) {
		d.slow = time.Second
		stop, ended := d.start(t)
		time.Sleep(20*time.Second + 500*time.Millisecond) // in the middle of the second group
		stop()
		if err := ended(); !errors.Is(err, context.Canceled) {
			t.Errorf("the lane ended with %v", err)
		}
		d.wantCount(t, map[delivery.State]int{delivery.Sent: 32, delivery.Queued: 268})
		d.slow = 0
		d.drain(t)
		d.wantOnce(t, 300)
		if r := d.book.row(300); r.tries != 0 {
			t.Error("stopping counted against a row")
		}
	})
}

func TestAHungRelayDelaysStoppingByTheGraceAtMost(t *testing.T) {
	inBubble(t, 40, func(t *testing.T, d *desk) {
		d.slow = time.Hour
		stop, ended := d.start(t)
		time.Sleep(time.Second)
		stop()
		began := time.Now()
		ended()
		if took := time.Since(began); took > 21*time.Second {
			t.Errorf("stopping took %v", took)
		}
		// One message was in the middle: only that one is in doubt.
		d.wantCount(t, map[delivery.State]int{delivery.Unknown: 1, delivery.Queued: 39})
	})
}

func TestWhileTheRelayIsAwayNoRowIsHeldAndNoTryIsCounted(t *testing.T) {
	inBubble(t, 50, func(t *testing.T, d *desk) {
		d.down = true
		_, ended := d.start(t)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		d.wantCount(t, map[delivery.State]int{delivery.Queued: 50})
		if d.connects < 15 || d.connects > 40 {
			t.Errorf("knocked %d times in ten minutes", d.connects)
		}
		d.set(func() { d.down = false })
		if err := ended(); err != nil {
			t.Fatal(err)
		}
		d.wantOnce(t, 50)
		if r := d.book.row(50); r.tries != 0 {
			t.Errorf("%d tries were counted", r.tries)
		}
	})
}

func TestALaneThatWaitsForARelayStopsAtOnce(t *testing.T) {
	inBubble(t, 50, func(t *testing.T, d *desk) {
		d.down = true
		stop, ended := d.start(t)
		time.Sleep(5 * time.Minute)
		stop()
		began := time.Now()
		if err := ended(); !errors.Is(err, context.Canceled) || time.Since(began) > 0 {
			t.Errorf("ended with %v after %v", err, time.Since(began))
		}
	})
}

func TestALaneThatWaitsForARelayGoesHomeWhenTheDigestIsPaused(t *testing.T) {
	inBubble(t, 50, func(t *testing.T, d *desk) {
		d.down = true
		_, ended := d.start(t)
		time.Sleep(time.Minute)
		d.with(func() { d.paused = "an editor looks again" })
		if err := ended(); err != nil {
			t.Error(err)
		}
		d.wantCount(t, map[delivery.State]int{delivery.Queued: 50})
	})
}

func TestADroppedConnectionIsReplacedAndNobodyIsMissed(t *testing.T) {
	inBubble(t, 50, func(t *testing.T, d *desk) {
		d.breakAt = 5
		d.drain(t)
		d.wantOnce(t, 50)
		if d.connects != 3 { // for the batch, for what was left of it, for the rows it put back
			t.Errorf("connected %d times, want 3", d.connects)
		}
	})
}

func TestARelayThatTakesNothingIsNotAskedInATightLoop(t *testing.T) {
	inBubble(t, 50, func(t *testing.T, d *desk) {
		d.answer = func(message.Message) delivery.Outcome { return delivery.Outcome{Verdict: delivery.NotTried} }
		_, ended := d.start(t)
		time.Sleep(time.Minute)
		d.set(func() {
			if d.total > 2000 {
				t.Errorf("%d messages were offered in a minute", d.total)
			}
			d.answer = nil
		})
		ended()
		d.wantOnce(t, 50)
	})
}

func TestSomebodyWhoLeftIsNotMailed(t *testing.T) {
	inBubble(t, 20, func(t *testing.T, d *desk) {
		d.inactive[3] = true
		d.drain(t)
		d.wantCount(t, map[delivery.State]int{delivery.Sent: 19, delivery.Skipped: 1})
		if d.received[addressOf(3).String()] != 0 {
			t.Error("the reader who left was mailed")
		}
	})
}

func TestAPauseActsBeforeTheNextGroup(t *testing.T) {
	inBubble(t, 100, func(t *testing.T, d *desk) {
		d.slow = time.Second
		_, ended := d.start(t)
		time.Sleep(500 * time.Millisecond)
		d.with(func() { d.paused = "an editor looks again" })
		if err := ended(); err != nil {
			t.Error(err)
		}
		if d.total != delivery.Group {
			t.Errorf("%d mails went out, want the %d already on the wire", d.total, delivery.Group)
		}
	})
}

func TestRefusalsAreRecordedForWhatTheyAre(t *testing.T) {
	inBubble(t, 3, func(t *testing.T, d *desk) {
		answers := map[string]delivery.Outcome{
			addressOf(1).String(): {Verdict: delivery.RefusedForGood, Code: 550, Enhanced: "5.1.1"},
			addressOf(2).String(): {Verdict: delivery.Deferred, Code: 451, Enhanced: "4.2.0"},
		}
		d.answer = func(m message.Message) delivery.Outcome { return answers[m.To.String()] }
		d.drain(t)
		d.wantCount(t, map[delivery.State]int{delivery.Failed: 1, delivery.Queued: 1, delivery.Sent: 1})
		if r := d.book.row(1); r.outcome.Code != 550 {
			t.Errorf("recorded %+v", r.outcome)
		}
		if r := d.book.row(2); r.tries != 1 {
			t.Errorf("%d tries were counted, want 1", r.tries)
		}
	})
}

func TestWhatARelaySaysIsLoggedOnceForEachCodeInADrain(t *testing.T) {
	inBubble(t, 9, func(t *testing.T, d *desk) {
		answers := []delivery.Outcome{
			{Verdict: delivery.Accepted, Code: 250, Text: "queued"},
			{Verdict: delivery.RefusedForGood, Code: 554, Enhanced: "5.7.1", Text: "no thanks"},
			{Verdict: delivery.Deferred, Code: 451, Enhanced: "4.7.1", Text: "come back later"},
		}
		i := 0 // one lane asks for one mail after the other
		d.answer = func(message.Message) delivery.Outcome { i++; return answers[i%3] }
		var log bytes.Buffer
		d.sender.Log = slog.New(slog.NewTextHandler(&log, nil))
		d.drain(t)
		for _, want := range []string{
			`level=WARN msg="mail not taken" digest=7 relay=test verdict=refused code=554 enhanced=5.7.1 text="no thanks"`,
			`level=INFO msg="mail not taken" digest=7 relay=test verdict=deferred code=451 enhanced=4.7.1 text="come back later"`,
		} {
			if strings.Count(log.String(), want) != 1 {
				t.Errorf("want once %s, got\n%s", want, log.String())
			}
		}
		if n := strings.Count(log.String(), "mail not taken"); n != 2 {
			t.Errorf("%d lines, want 2", n)
		}
	})
}

func TestAMailThatCannotBeMadeFailsAloneAndForGood(t *testing.T) {
	inBubble(t, 20, func(t *testing.T, d *desk) {
		d.fail[5] = &send.Unmailable{Cause: errors.New("no such letter")}
		d.drain(t)
		d.wantCount(t, map[delivery.State]int{delivery.Sent: 19, delivery.Failed: 1})
		if r := d.book.row(5); r.outcome.Verdict != delivery.RefusedForGood || r.outcome.Code != 0 {
			t.Errorf("recorded %+v, want a refusal without a relay's code", r.outcome)
		}
	})
}

func TestAMailThatCannotBeMadeJustNowIsPutOff(t *testing.T) {
	inBubble(t, 20, func(t *testing.T, d *desk) {
		d.fail[5] = errAway
		d.drain(t)
		d.wantCount(t, map[delivery.State]int{delivery.Sent: 19, delivery.Queued: 1})
		delete(d.fail, 5)
		time.Sleep(time.Minute)
		d.drain(t)
		d.wantOnce(t, 20)
	})
}

func TestAnEditionThatCannotBeMadePausesTheDigestAndFailsNobody(t *testing.T) {
	inBubble(t, 40, func(t *testing.T, d *desk) {
		d.fail[20] = &send.Unprintable{Cause: errors.New("template: nil pointer")}
		err := d.sender.Drain(t.Context(), digestScope)
		if !fault.Is(err, fault.Conflict) {
			t.Errorf("the lane ended with %v", err)
		}
		if d.paused == "" {
			t.Error("the digest was not paused")
		}
		d.wantCount(t, map[delivery.State]int{delivery.Sent: 16, delivery.Queued: 24})
	})
}
