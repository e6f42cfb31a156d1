package jobs

import "sync"

// lanes counts the lanes of each digest that run in this process, so that only
// the last to end asks whether the digest is finished: that question looks at every
// row, and as long as a lane is at work the answer is no.
type lanes struct {
	mu      sync.Mutex
	running map[int64]int
}

func newLanes() *lanes { return &lanes{running: map[int64]int{}} }

// run runs a lane, and reports whether it was the digest's last one to end.
func (l *lanes) run(digest int64, lane func() error) (last bool, err error) {
	l.begin(digest)
	defer func() { last = l.end(digest) }() // even if it panics
	return false, lane()
}

func (l *lanes) begin(digest int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.running[digest]++
}

// end reports whether a lane that ends was the digest's last one.
func (l *lanes) end(digest int64) (last bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.running[digest]--; l.running[digest] > 0 {
		return false
	}
	delete(l.running, digest)
	return true
}
