package send

import (
	"fmt"
	"sync"
	"time"

	"github.com/collabpulse/weekly/internal/delivery"
)

// jury tells our own faults from readers' by what relays answer to many. One
// mailbox that refuses proves nothing; the same answer from many, or a complaint
// about the sender from several providers, is about us. Each process hears what its
// own lanes hear. It is safe for use by many lanes.
type jury struct {
	mu     sync.Mutex
	trials map[int64]*trial // by digest
}

// The evidence that convicts: out of the answers heard last, more than 2 in 100
// refusals with the same answer, or refusals that blame the sender from three
// domain groups, so that no single reader's server can stop a digest.
const (
	heardLast     = 500
	sameAtMost    = heardLast * 2 / 100
	groupsThatDo  = 3
	trialsAtMost  = 16
	marginOfClock = time.Minute // by which changes written by other workers are found, too
)

// trial is what was heard about one digest.
type trial struct {
	answers   [heardLast]answer
	next      int
	heard     int
	tolerated map[string]bool
}

// answer is one relay's, "" for a mail that was taken.
type answer struct {
	charge, group string
	ours          bool
	at            time.Time
}

// charge is what a jury holds against us.
type charge struct {
	answer string // such as "550 5.7.26"
	count  int    // how many got it
	of     int    // of how many
	since  time.Time
}

// reason is the charge as a sentence for editors.
func (c charge) reason() string {
	return fmt.Sprintf("Relays answered %s to %d of the last %d readers, which is more likely our fault than theirs. "+
		"The log has their words. Nobody was given up for it.", c.answer, c.count, c.of)
}

func newJury() *jury { return &jury{trials: map[int64]*trial{}} }

// hear takes in what relays answered, and brings the charge if that is enough for
// one. The groups are those of the results, in order.
func (j *jury) hear(digest int64, results []delivery.Result, groups []string, now time.Time) (charge, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	t := j.trial(digest)
	var found charge
	for i, r := range results {
		if c, guilty := t.hear(answer{r.Charge(), groups[i], r.Blame() == delivery.TheSender, now}, r.Verdict); guilty {
			found = c
		}
	}
	return found, found.answer != ""
}

// trial is the digest's; whoever is sent by then, the oldest is forgotten.
func (j *jury) trial(digest int64) *trial {
	t := j.trials[digest]
	if t != nil {
		return t
	}
	for id := range j.trials {
		if len(j.trials) >= trialsAtMost && id < digest {
			delete(j.trials, id)
		}
	}
	t = &trial{tolerated: map[string]bool{}}
	j.trials[digest] = t
	return t
}

// hear adds one answer. Only those that settle something count.
func (t *trial) hear(a answer, v delivery.Verdict) (charge, bool) {
	if v != delivery.Accepted && a.charge == "" || t.tolerated[a.charge] {
		return charge{}, false
	}
	t.answers[t.next] = a
	t.next, t.heard = (t.next+1)%heardLast, min(t.heard+1, heardLast)
	if a.charge == "" {
		return charge{}, false
	}
	return t.weigh(a)
}

// weigh counts what speaks with the latest refusal.
func (t *trial) weigh(latest answer) (charge, bool) {
	c := charge{answer: latest.charge, of: t.heard, since: latest.at}
	groups := map[string]bool{}
	for _, a := range t.answers[:t.heard] {
		if a.charge == latest.charge {
			c.count++
			if a.at.Before(c.since) {
				c.since = a.at
			}
		}
		if a.ours {
			groups[a.group] = true
		}
	}
	c.since = c.since.Add(-marginOfClock)
	return c, c.count > sameAtMost || latest.ours && len(groups) >= groupsThatDo
}

// dismiss ends a trial: the digest was paused, and begins anew when it goes on. An
// answer that an editor tolerates is not heard again.
func (j *jury) dismiss(digest int64, tolerated string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	t := j.trial(digest)
	*t = trial{tolerated: t.tolerated}
	if tolerated != "" {
		t.tolerated[tolerated] = true
	}
}
