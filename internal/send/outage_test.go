package send_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/send"
)

func TestResultsOutliveADatabaseThatIsAwayForAWhile(t *testing.T) {
	inBubble(t, 16, func(t *testing.T, d *desk) {
		d.slow = time.Second
		_, ended := d.start(t)
		time.Sleep(8 * time.Second)
		d.setAway(errAway)
		time.Sleep(20 * time.Second) // all 16 were accepted meanwhile
		d.setAway(nil)
		if err := ended(); err != nil {
			t.Fatal(err)
		}
		d.wantOnce(t, 16)
		d.wantCount(t, map[delivery.State]int{delivery.Sent: 16})
	})
}

func TestADatabaseThatStaysAwayMakesDoubtsOfOneGroupAtMost(t *testing.T) {
	inBubble(t, 300, func(t *testing.T, d *desk) {
		d.slow = time.Second
		_, ended := d.start(t)
		time.Sleep(8 * time.Second)
		d.setAway(errAway)
		if err := ended(); err == nil {
			t.Error("the lane went on without its ledger")
		}
		time.Sleep(5 * time.Minute)
		d.setAway(nil)
		time.Sleep(40 * time.Second) // until the worker has registered anew
		d.wantCount(t, map[delivery.State]int{delivery.Unknown: 16, delivery.Queued: 284})
		d.slow = 0
		d.drain(t)
		d.wantOnce(t, 300)
	})
}

func TestAClaimThatWasCommittedWithoutOurKnowingIsTakenBack(t *testing.T) {
	inBubble(t, 100, func(t *testing.T, d *desk) {
		d.vagueClaims = 1
		if err := d.sender.Drain(t.Context(), digestScope); err == nil {
			t.Error("the failed claim went unnoticed")
		}
		d.drain(t)
		d.wantOnce(t, 100)
	})
}

func TestOneLanesTroubleWithTheLedgerLetsTheOthersFinishTheirGroup(t *testing.T) {
	inBubble(t, 600, func(t *testing.T, d *desk) {
		d.slow = time.Second
		_, ended := d.start(t)
		time.Sleep(3500 * time.Millisecond)
		d.with(func() { d.vagueClaims = 1 })
		if err := d.sender.Drain(t.Context(), digestScope); err == nil {
			t.Error("the failed claim went unnoticed")
		}
		if err := ended(); !errors.Is(err, send.ErrLost) {
			t.Errorf("the other lane ended with %v", err)
		}
		synctest.Wait()
		d.wantCount(t, map[delivery.State]int{delivery.Sent: 16, delivery.Queued: 584})
	})
}

func TestOneLanesTroubleInAnOutageCostsTheOthersNoResults(t *testing.T) {
	inBubble(t, 600, func(t *testing.T, d *desk) {
		d.slow = time.Second
		_, ended := d.start(t)
		time.Sleep(3500 * time.Millisecond)
		d.setAway(errAway)
		if err := d.sender.Drain(t.Context(), digestScope); err == nil {
			t.Error("the failed claim went unnoticed")
		}
		time.Sleep(20 * time.Second) // the other lane's 16 were accepted 8 s ago
		d.setAway(nil)
		if err := ended(); !errors.Is(err, send.ErrLost) {
			t.Errorf("the other lane ended with %v", err)
		}
		synctest.Wait()
		d.wantCount(t, map[delivery.State]int{delivery.Sent: 16, delivery.Queued: 584})
	})
}

func TestAWorkerThatCannotBeatStopsItsLanesBeforeAnySweepActs(t *testing.T) {
	inBubble(t, 300, func(t *testing.T, d *desk) {
		d.slow = time.Second
		_, ended := d.start(t)
		time.Sleep(5 * time.Second)
		d.with(func() { d.noBeats = true })
		began := time.Now()
		if err := ended(); !errors.Is(err, send.ErrLost) {
			t.Errorf("the lane ended with %v", err)
		}
		if took := time.Since(began); took > delivery.StopAfter {
			t.Errorf("it went on for %v", took)
		}
		synctest.Wait()
		n := d.count()
		if n[delivery.Claimed]+n[delivery.Handing] != 0 {
			t.Errorf("rows are still held: %v", n)
		}
	})
}

func TestAWorkerThatWasSweptAwayStopsAndBeginsAgain(t *testing.T) {
	inBubble(t, 300, func(t *testing.T, d *desk) {
		d.slow = time.Second
		_, ended := d.start(t)
		time.Sleep(5 * time.Second)
		if _, err := d.Reclaim(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		if err := ended(); !errors.Is(err, send.ErrLost) {
			t.Errorf("the lane ended with %v", err)
		}
		d.slow = 0
		d.drain(t)
		if d.last != 2 {
			t.Errorf("registered %d times, want 2", d.last)
		}
		n := d.count()
		if n[delivery.Sent]+n[delivery.Unknown] != 300 || n[delivery.Unknown] > delivery.Group {
			t.Errorf("rows stand at %v", n)
		}
	})
}

func TestAClaimTellsAWorkerThatWasSweptAwayToBeginAgain(t *testing.T) {
	inBubble(t, 10, func(t *testing.T, d *desk) {
		synctest.Wait() // registered
		if _, err := d.Reclaim(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		if err := d.sender.Drain(t.Context(), digestScope); !errors.Is(err, send.ErrLost) {
			t.Errorf("the lane ended with %v", err)
		}
		d.drain(t)
		d.wantOnce(t, 10)
	})
}

func TestALaneWaitsForTheWorkerToBeRegistered(t *testing.T) {
	inBubble(t, 10, func(t *testing.T, d *desk) {
		d.setAway(errAway)
		stop, ended := d.start(t)
		time.Sleep(time.Minute)
		d.setAway(nil)
		if err := ended(); err != nil {
			t.Fatal(err)
		}
		stop()
		d.wantOnce(t, 10)
	})
}

func TestAWorkerThatRetiresLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBook(0)
		w := send.NewWorker(b, "test", quiet)
		stopped := make(chan struct{})
		ctx, cancel := context.WithCancel(t.Context())
		go func() { w.Run(ctx); close(stopped) }()
		time.Sleep(35 * time.Second)
		synctest.Wait()
		if beat := b.workers[1].Beat; beat != 3 {
			t.Errorf("it beat %d times in 35 s, want 3", beat)
		}
		cancel()
		<-stopped
		if len(b.workers) != 0 {
			t.Errorf("workers left: %v", b.workers)
		}
	})
}

func TestStoppingWhileTheDatabaseIsAwayCostsNoResults(t *testing.T) {
	inBubble(t, 100, func(t *testing.T, d *desk) {
		d.slow = 100 * time.Millisecond
		stop, ended := d.start(t)
		time.Sleep(2 * time.Second) // in the middle of the second group
		d.setAway(errAway)
		stop()
		time.Sleep(15 * time.Second)
		d.setAway(nil)
		if err := ended(); !errors.Is(err, context.Canceled) {
			t.Errorf("the lane ended with %v", err)
		}
		d.wantCount(t, map[delivery.State]int{delivery.Sent: 32, delivery.Queued: 68})
	})
}

func TestADatabaseThatStaysAwayDoesNotKeepAWorkerFromStopping(t *testing.T) {
	inBubble(t, 100, func(t *testing.T, d *desk) {
		d.slow = 100 * time.Millisecond
		stop, ended := d.start(t)
		time.Sleep(2 * time.Second)
		d.setAway(errAway)
		defer d.setAway(nil)
		stop()
		stopped := time.Now()
		if ended(); time.Since(stopped) > 20*time.Second+send.Closing {
			t.Errorf("it stopped after %v", time.Since(stopped))
		}
	})
}
