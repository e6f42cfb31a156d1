package jobs

import "testing"

func TestTheLastLaneToEndIsTheOneThatAsks(t *testing.T) {
	t.Parallel()
	l := newLanes()
	for range 3 {
		l.begin(7)
	}
	l.begin(8)
	for i, want := range []bool{false, false, true} {
		if got := l.end(7); got != want {
			t.Errorf("lane %d to end: last is %t", i+1, got)
		}
	}
	l.begin(7)
	if !l.end(7) || !l.end(8) {
		t.Error("a single lane is not the last")
	}
}
