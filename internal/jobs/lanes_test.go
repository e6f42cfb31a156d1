package jobs

import (
	"sync"
	"testing"
)

func TestTheLastLaneToEndIsTheOneThatAsks(t *testing.T) {
	t.Parallel()
	l := newLanes()
	for _, digest := range []int64{7, 7, 8} { // the count begins anew once all have ended
		var all sync.WaitGroup
		gather, lasts := make(chan struct{}), make(chan bool, 3)
		for range 3 {
			all.Add(1)
			go func() {
				last, _ := l.run(digest, func() error { all.Done(); <-gather; return nil })
				lasts <- last
			}()
		}
		all.Wait()
		close(gather)
		n := 0
		for range 3 {
			if <-lasts {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%d of three lanes were the last", n)
		}
	}
}

func TestALaneThatPanicsHasEnded(t *testing.T) {
	t.Parallel()
	l := newLanes()
	func() {
		defer func() { recover() }()
		l.run(7, func() error { panic("a bug") })
	}()
	if last, err := l.run(7, func() error { return nil }); !last || err != nil {
		t.Errorf("the next lane is not the last: %t, %v", last, err)
	}
}
