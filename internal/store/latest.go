package store

import (
	"sync/atomic"
	"time"
)

// latest is the latest time that this process has read. Rows are due by it, so that
// a wall clock that is set back does not put off mail that was due already.
type latest struct{ ms atomic.Int64 }

// millis is a reading as it is stored, or the latest one when that is later.
func (l *latest) millis(now time.Time) int64 {
	for {
		read, before := millis(now), l.ms.Load()
		if read <= before {
			return before
		}
		if l.ms.CompareAndSwap(before, read) {
			return read
		}
	}
}
