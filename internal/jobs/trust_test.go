package jobs

import (
	"strings"
	"testing"
	"time"
)

func TestAClockThatRunsEvenlyIsTrustedAfterAWhile(t *testing.T) {
	t.Parallel()
	c := trust{wall: slotTime}
	for m := time.Minute; m <= time.Hour; m += time.Minute {
		slow := m / 100 // as one that is being corrected in small steps
		if set := c.look(slotTime.Add(m+slow), m); set != 0 {
			t.Fatalf("after %v it was set by %v", m, set)
		}
	}
	if c.even != time.Hour {
		t.Errorf("it ran evenly for %v", c.even)
	}
}

func TestAClockThatWasSetIsNotTrustedAndSaysByHowMuch(t *testing.T) {
	t.Parallel()
	for _, by := range []time.Duration{72 * time.Hour, -24 * time.Hour, time.Minute} {
		c := trust{wall: slotTime, even: time.Hour}
		if set := c.look(slotTime.Add(by+time.Minute), time.Minute); set != by || c.even != 0 {
			t.Errorf("%v: it was set by %v and ran evenly for %v", by, set, c.even)
		}
		if set := c.look(slotTime.Add(by+2*time.Minute), 2*time.Minute); set != 0 || c.even != time.Minute {
			t.Errorf("%v: a minute later it was set by %v and ran evenly for %v", by, set, c.even)
		}
	}
}

func TestNothingIsGivenUpWhileTheClockIsNotTrusted(t *testing.T) {
	t.Parallel()
	s, q := embeddedScheduler(t, &village{old: 3}, Plan{})
	s.Settle = time.Hour
	if err := s.Tick(t.Context()); err != nil || strings.Contains(q.log.String(), "msg=purged") {
		t.Errorf("%v; %s", err, q.log)
	}
	s.clock.even = time.Hour
	if err := s.Tick(t.Context()); err != nil || !strings.Contains(q.log.String(), "msg=purged") {
		t.Errorf("%v; %s", err, q.log)
	}
}

// Whoever is back on the day of a digest gets it, also when the scheduler has just been
// started; a clock that was set ends nobody's pause.
func TestPausesEndUnlessTheClockWasSet(t *testing.T) {
	t.Parallel()
	now := time.Now()
	s, q := embeddedScheduler(t, &village{rested: 2}, Plan{Now: func() time.Time { return now }})
	s.Settle = time.Hour
	ended := func() int {
		t.Helper()
		if err := s.Tick(t.Context()); err != nil {
			t.Fatal(err)
		}
		return strings.Count(q.log.String(), `msg="pauses ended" readers=2`)
	}
	if n := ended(); n != 1 {
		t.Errorf("just started: ended %d times; %s", n, q.log)
	}
	now = now.Add(72 * time.Hour)
	if n := ended(); n != 1 {
		t.Errorf("the clock was set: ended %d times", n)
	}
	s.clock.even = time.Hour
	if n := ended(); n != 2 {
		t.Errorf("an hour later: ended %d times", n)
	}
}
