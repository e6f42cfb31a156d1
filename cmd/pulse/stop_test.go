package main

import (
	"testing"
	"time"

	"github.com/collabpulse/weekly/internal/store/storetest"
)

// actsWithin is how soon after a command returned no mail is taken any more.
const actsWithin = 2 * time.Second

func TestPauseCancelAndTheEmergencyBrakeStopEveryWorkerWithinTwoSeconds(t *testing.T) {
	t.Parallel()
	for name, stop := range map[string]struct {
		command, undo []string // the digest's number follows; no undo for what is for good
		all           bool
	}{
		"pause":  {command: []string{"digest", "pause"}, undo: []string{"digest", "resume"}},
		"cancel": {command: []string{"digest", "cancel"}},
		"brake":  {command: []string{"digest", "pause", "--all"}, undo: []string{"digest", "resume", "--all"}, all: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			space := "PULSE_REDIS_SPACE=" + ownSpace()
			k := interrupt(t, "pgx", storetest.PostgresURL(t), "PULSE_REDIS_URL="+redisURL(t), space)
			k.launch()
			for _, roles := range []string{"worker", "worker", "scheduler"} {
				k.serve(nil, "serve", "--roles", roles)
			}
			k.stopped(stop.command, stop.undo, stop.all)
		})
	}
}

func TestPauseAndTheEmergencyBrakeActWithinTwoSecondsOnEmbeddedParts(t *testing.T) {
	t.Parallel()
	k := interrupt(t, "sqlite", storetest.SQLiteURL(t))
	k.launch()
	k.serve(nil, "serve")
	k.stopped([]string{"digest", "pause"}, []string{"digest", "resume"}, false)
}

// stopped stops the send in its middle and holds what is taken afterwards against
// the promise; undone, everybody gets it once.
func (k *interrupted) stopped(command, undo []string, all bool) {
	k.t.Helper()
	which := func(words []string) []string {
		if all {
			return words
		}
		return append(words[:len(words):len(words)], k.digest)
	}
	k.relay.await(k.t, killedReaders*30/100)
	k.run(which(command)...)
	time.Sleep(actsWithin)
	after := k.relay.count()
	time.Sleep(actsWithin)
	if later := k.relay.count(); later != after || later >= killedReaders {
		k.t.Fatalf("%d mails were taken more than %v after it, %d in all", later-after, actsWithin, later)
	}
	if undo == nil {
		d := k.show()
		if d["skipped"] == 0.0 || d["sent"] != float64(after) || d["sent"].(float64)+d["skipped"].(float64) != killedReaders {
			k.t.Errorf("the relay took %d, and the ledger says %v", after, d)
		}
		return
	}
	k.run(which(undo)...)
	eventually(k.t, "the digest to be sent", func() bool { return k.show()["state"] == "sent" })
	k.reconcile(0)
}

func (r *countingRelay) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.mails
}

// The tasks of a dead worker count as running until the queue misses it, half a
// minute and more: that must keep nobody from going on with what nobody had begun.
func TestTheWorkerThatComesAfterAKilledOneBeginsAtOnce(t *testing.T) {
	t.Parallel()
	space := "PULSE_REDIS_SPACE=" + ownSpace()
	k := interrupt(t, "pgx", storetest.PostgresURL(t), "PULSE_REDIS_URL="+redisURL(t), space)
	k.launch()
	first := k.start(nil, "serve")
	k.relay.await(k.t, killedReaders*20/100)
	first.kill()
	before := k.relay.count()
	began := time.Now()
	k.serve(nil, "serve")
	k.relay.await(k.t, before+perKill+1)
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("nothing new went out for %v", took)
	} else {
		t.Logf("it went on after %v", took)
	}
}
