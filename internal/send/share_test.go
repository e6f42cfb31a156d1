package send

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/collabpulse/weekly/internal/delivery"
)

// wall is a wall of notices in memory, as two processes see it.
type wall struct {
	mu    sync.Mutex
	until map[string]time.Time
	turn  string // whose it is
	away  error
}

// reader is one process before the wall.
type reader struct {
	*wall
	name string
}

func (r reader) Post(_ context.Context, group string, until time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.away != nil {
		return r.away
	}
	if r.until[group] = until; until.IsZero() {
		delete(r.until, group)
	}
	r.turn = ""
	return nil
}

func (r reader) Read(context.Context) (all []Notice, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for group, until := range r.until {
		rested := !time.Now().Before(until)
		if rested && r.turn == "" {
			r.turn = r.name
		}
		all = append(all, Notice{Group: group, Until: until, Turn: rested && r.turn == r.name})
	}
	return all, r.away
}

var (
	throttling = delivery.Outcome{Verdict: delivery.Deferred, Stage: delivery.AtRcpt, Code: 421, Enhanced: "4.7.28"}
	taking     = delivery.Outcome{Verdict: delivery.Accepted, Code: 250}
)

// twoProcesses share their brakes, each with two lanes, in a bubble of time.
func twoProcesses(t *testing.T, f func(t *testing.T, w *wall, one, other *Sender)) {
	synctest.Test(t, func(t *testing.T) {
		w := &wall{until: map[string]time.Time{}}
		ctx, cancel := context.WithCancel(t.Context())
		senders := make([]*Sender, 2)
		for i, name := range []string{"one", "other"} {
			senders[i] = &Sender{brakes: newBrakes(10 * time.Minute), Options: Options{Now: time.Now}}
			go senders[i].Share(ctx, reader{w, name})
		}
		synctest.Wait()
		f(t, w, senders[0], senders[1])
		cancel()
		synctest.Wait()
	})
}

// admitted counts the lanes of a process, of four, that may send to Gmail.
func admitted(s *Sender) (n int) {
	for range 4 {
		l := &lane{}
		if ok, _ := s.brakes.admit(l, "gmail", time.Now()); ok {
			n++
			defer s.brakes.leave(l)
		}
	}
	return n
}

func wantAdmitted(t *testing.T, one, other *Sender, want ...int) {
	t.Helper()
	if a, b := admitted(one), admitted(other); a != want[0] || b != want[1] {
		t.Fatalf("%d and %d lanes may send, want %v", a, b, want)
	}
}

// pass lets time go by and everybody do what is due by then.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestWhatOneProcessHearsStopsTheOtherWithinTwoSeconds(t *testing.T) {
	twoProcesses(t, func(t *testing.T, _ *wall, one, other *Sender) {
		wantAdmitted(t, one, other, 4, 4)
		one.brakes.hear("gmail", throttling, time.Now())
		pass(2 * time.Second)
		wantAdmitted(t, one, other, 0, 0)
		if ok, _ := other.brakes.admit(&lane{}, "outlook", time.Now()); !ok {
			t.Error("another group is held up")
		}
	})
}

func TestAfterTheRestOneLaneInAllSendsAndTheEndFreesBoth(t *testing.T) {
	twoProcesses(t, func(t *testing.T, _ *wall, one, other *Sender) {
		one.brakes.hear("gmail", throttling, time.Now())
		pass(10*time.Minute + 2*time.Second)
		if a, b := admitted(one), admitted(other); a+b != 1 {
			t.Fatalf("%d and %d lanes begin", a, b)
		}
		sending := one
		if admitted(other) == 1 {
			sending = other
		}
		for range widenAfter * 2 * widest {
			sending.brakes.hear("gmail", taking, time.Now())
		}
		pass(2 * time.Second)
		wantAdmitted(t, one, other, 4, 4)
	})
}

func TestWithTheNoticesAwayEachGoesOnByWhatItKnewAndLaterAsIfAlone(t *testing.T) {
	twoProcesses(t, func(t *testing.T, w *wall, one, other *Sender) {
		one.brakes.hear("gmail", throttling, time.Now())
		pass(2 * time.Second)
		w.mu.Lock()
		w.away = errors.New("Redis is away")
		w.mu.Unlock()
		other.brakes.hear("yahoo", throttling, time.Now())
		pass(5 * time.Second)
		wantAdmitted(t, one, other, 0, 0)
		pass(10 * time.Minute)
		wantAdmitted(t, one, other, 1, 1)
		w.mu.Lock()
		w.away = nil
		w.mu.Unlock()
		pass(2 * time.Second)
		if a, b := admitted(one), admitted(other); a+b != 1 {
			t.Fatalf("together again, %d and %d lanes send", a, b)
		}
		if len(one.brakes.state()) != 2 {
			t.Errorf("what was heard meanwhile was lost: %+v", one.brakes.state())
		}
	})
}
