package send

import (
	"sync"
	"time"

	"github.com/collabpulse/weekly/internal/delivery"
)

// The wait for rows that were put off because their domain group may have no more for
// now: a lane stays for them when they are due within a minute, which is when the next
// tick would wake one, and looks every few seconds whether there is anything else.
const (
	awaitWithin = time.Minute
	awaitLook   = 5 * time.Second
)

// await waits for such rows, and reports whether the lane should claim again. One lane
// of a process does so for a digest: it holds nothing, and the others' places are free
// for other digests.
func (l *lane) await(next time.Time) bool {
	now := l.Now()
	held := l.rates.waits(now) || !l.brakes.off()
	if l.scope == delivery.Outbox || !held || next.IsZero() || next.After(now.Add(awaitWithin)) || !l.attendants.enter(l.scope.Digest) {
		return false
	}
	defer l.attendants.leave(l.scope.Digest)
	l.release()
	sleep(l.stop, min(max(next.Sub(now), firstPause), awaitLook))
	return true
}

// attendants are the digests of which a lane waits for rows to become due.
type attendants struct {
	mu      sync.Mutex
	digests map[int64]bool
}

// enter reports whether nobody waits for the digest yet, and then takes the place.
func (a *attendants) enter(digest int64) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.digests[digest] {
		return false
	}
	if a.digests == nil {
		a.digests = map[int64]bool{}
	}
	a.digests[digest] = true
	return true
}

func (a *attendants) leave(digest int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.digests, digest)
}
