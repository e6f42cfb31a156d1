package main

import (
	"testing"
	"time"

	"github.com/collabpulse/weekly/internal/store/storetest"
)

// Once a command that stops a send has returned, nothing new is begun: what is on
// the wire, a group on each connection, is all that relays still take. That holds
// on a machine of any speed, and elsewhere is a matter of milliseconds.
func TestPauseCancelAndTheEmergencyBrakeLeaveEveryWorkerOnlyWhatIsOnTheWire(t *testing.T) {
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
			k.stopped(stop.command, stop.undo, stop.all, 2*perKill)
		})
	}
}

func TestAPauseLeavesOnlyWhatIsOnTheWireOnEmbeddedParts(t *testing.T) {
	t.Parallel()
	k := interrupt(t, "sqlite", storetest.SQLiteURL(t))
	k.launch()
	k.serve(nil, "serve")
	k.stopped([]string{"digest", "pause"}, []string{"digest", "resume"}, false, perKill)
}

// stopped stops the send in its middle, after which relays take at most so many
// mails; undone, everybody gets it once.
func (k *interrupted) stopped(command, undo []string, all bool, onTheWire int) {
	k.t.Helper()
	which := func(words []string) []string {
		if all {
			return words
		}
		return append(words[:len(words):len(words)], k.digest)
	}
	k.relay.await(k.t, killedReaders*30/100)
	k.relay.take(10 * relayTakes) // the rest would be out before a slow machine has started the command
	k.run(which(command)...)
	before := k.relay.count()
	began := time.Now()
	after := k.relay.still()
	k.t.Logf("%d mails were taken after it, the last no later than %v", after-before, time.Since(began)-quiet)
	if after-before > onTheWire || after >= killedReaders {
		k.t.Fatalf("%d mails were taken after it, want at most %d; %d in all", after-before, onTheWire, after)
	}
	if undo == nil {
		d := k.show()
		if d["skipped"] == 0.0 || d["sent"] != float64(after) || d["sent"].(float64)+d["skipped"].(float64) != killedReaders {
			k.t.Errorf("the relay took %d, and the ledger says %v", after, d)
		}
		return
	}
	k.relay.take(relayTakes)
	k.run(which(undo)...)
	eventually(k.t, "the digest to be sent", func() bool { return k.show()["state"] == "sent" })
	k.reconcile(0)
}

// take has the relay take so long over the answer to each mail from now on.
func (r *countingRelay) take(each time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.takes = each
}

// quiet is for how long nothing may come before the relay is held to be still.
const quiet = 2 * time.Second

// still counts the mails once no more come.
func (r *countingRelay) still() int {
	for before := r.count(); ; {
		time.Sleep(quiet)
		now := r.count()
		if now == before {
			return now
		}
		before = now
	}
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
