package send

import (
	"testing"
	"time"

	"github.com/collabpulse/weekly/internal/delivery"
)

func TestAThrottledGroupGoesOnByOneLaneAndWidens(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	b := newBrakes(10 * time.Minute)
	lanes := make([]*lane, 8)
	for i := range lanes {
		lanes[i] = &lane{}
	}
	admitted := func() (n int) {
		for _, l := range lanes {
			if ok, _ := b.admit(l, "gmail", now); ok {
				n++
			}
		}
		return n
	}
	b.hear("gmail", delivery.Outcome{Verdict: delivery.Deferred, Code: 421, Enhanced: "4.7.28"}, now)
	if ok, again := b.admit(lanes[0], "gmail", now); ok || again != now.Add(10*time.Minute) {
		t.Fatalf("admitted %t, again %v", ok, again)
	}
	if ok, _ := b.admit(lanes[0], "yahoo", now); !ok {
		t.Fatal("another group waits, too")
	}
	now = now.Add(10 * time.Minute)
	for _, want := range []int{1, 2, 4, 8} {
		if got := admitted(); got != want {
			t.Fatalf("%d lanes send, want %d", got, want)
		}
		for range want * widenAfter {
			b.hear("gmail", delivery.Outcome{Verdict: delivery.Accepted, Code: 250}, now)
		}
	}
	b.hear("gmail", delivery.Outcome{Verdict: delivery.Deferred, Code: 421, Enhanced: "4.7.0"}, now)
	now = now.Add(10 * time.Minute)
	if got := admitted(); got != 1 {
		t.Fatalf("%d lanes send after it throttled again, want 1", got)
	}
	for _, l := range lanes {
		b.leave(l)
	}
	if ok, _ := b.admit(lanes[7], "gmail", now); !ok {
		t.Fatal("nobody has the place, and yet it is taken")
	}
}
