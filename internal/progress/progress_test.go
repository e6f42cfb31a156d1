package progress

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/digest"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// running is a digest half way, launched ten minutes ago.
func running(cells ...Cell) Count {
	return Count{At: noon, State: digest.Sending, Launched: noon.Add(-10 * time.Minute), Frozen: noon.Add(-9 * time.Minute), Cells: cells}
}

func TestEveryReaderOfADigestIsInOneFigure(t *testing.T) {
	t.Parallel()
	tomorrow := noon.Add(21 * time.Hour)
	l := Sum(running(
		Cell{Group: "gmail", Relay: "a:25", State: delivery.Sent, Ago: 1, Count: 60},
		Cell{Group: "gmail", Relay: "a:25", State: delivery.Sent, Count: 500},
		Cell{Group: "gmail", Relay: "a:25", Wait: Deferred, Code: 421, Enhanced: "4.7.28", Count: 7},
		Cell{Group: "gmail", Wait: Held, Count: 30},
		Cell{Group: "yahoo", Relay: "b:25", Wait: Deferred, Code: 451, Count: 2},
		Cell{Group: "yahoo", Wait: Later, LastDue: tomorrow, Count: 11},
		Cell{Group: "yahoo", Relay: "b:25", State: delivery.Failed, Ago: 2, Count: 3},
		Cell{Wait: Due, Count: 100},
		Cell{State: delivery.Claimed, Count: 16},
		Cell{State: delivery.Handing, Doubtful: true, Count: 4},
		Cell{State: delivery.Unknown, Doubtful: true, Count: 1},
		Cell{State: delivery.Skipped, Reason: delivery.Inactive, Count: 5},
		Cell{State: delivery.Skipped, Reason: delivery.Suppressed, Count: 6},
	), nil)
	want := delivery.Tally{Planned: 745, Queued: 150, Claimed: 16, Handing: 4, Sent: 560, Failed: 3, Skipped: 11, Unknown: 1, Deferred: 9, Doubts: 5}
	if diff := cmp.Diff(want, l.Tally); diff != "" {
		t.Error(diff)
	}
	if l.Due != 100 || l.Held != 30 || l.Later != 11 || !l.LastLater.Equal(tomorrow) || l.InHand() != 20 || l.Resent != 4 {
		t.Errorf("due %d, held %d, later %d until %v, in hand %d, resent %d", l.Due, l.Held, l.Later, l.LastLater, l.InHand(), l.Resent)
	}
	if diff := cmp.Diff([]Skip{{delivery.Suppressed, 6}, {delivery.Inactive, 5}}, l.Skips); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Deferral{{421, "4.7.28", 7}, {451, "", 2}}, l.Deferrals); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Group{
		{Name: "gmail", Planned: 597, Sent: 560, Queued: 37, Deferred: 7, Held: 30},
		{Name: "yahoo", Planned: 16, Failed: 3, Queued: 13, Deferred: 2, Later: 11},
		{Planned: 132, Queued: 120},
	}, l.Groups); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Relay{{Name: "a:25", Sent: 560, Deferred: 7}, {Name: "b:25", Deferred: 2, Failed: 3}}, l.Relays); diff != "" {
		t.Error(diff)
	}
	if l.History[Beats-1] != 60 || l.History[Beats-2] != 3 || l.Percent() != 77 {
		t.Errorf("history %v, %d%%", l.History, l.Percent())
	}
}

func TestTheRateIsThatOfTheLastMinute(t *testing.T) {
	t.Parallel()
	c := running(Cell{State: delivery.Sent, Ago: 1, Count: 100}, Cell{State: delivery.Sent, Ago: 4, Count: 20}, Cell{State: delivery.Sent, Ago: 5, Count: 999})
	if got := Sum(c, nil).PerMinute(); got != 120 {
		t.Errorf("%d a minute", got)
	}
	c.Launched = noon.Add(-10 * time.Second)
	if got := Sum(c, nil).PerMinute(); got != 720 {
		t.Errorf("%d a minute, ten seconds after the launch", got)
	}
	c.Launched = noon.Add(time.Hour) // a clock that went back
	if got := Sum(c, nil).PerMinute(); got != 120 {
		t.Errorf("%d a minute, an hour before the launch", got)
	}
}

func TestWhoWaitsForTheirMorningDoesNotLengthenTheRest(t *testing.T) {
	t.Parallel()
	c := running(Cell{State: delivery.Sent, Ago: 1, Count: 60}, Cell{Wait: Due, Count: 700}, Cell{State: delivery.Claimed, Count: 20},
		Cell{Wait: Later, Count: 100000}, Cell{Wait: Deferred, Count: 50}, Cell{Wait: Held, Count: 50})
	if left, known := Sum(c, nil).Remaining(); !known || left != 12*time.Minute {
		t.Errorf("%v to go (%t), want 12 minutes", left, known)
	}
	still := running(Cell{Wait: Due, Count: 700})
	if left, known := Sum(still, nil).Remaining(); known {
		t.Errorf("%v to go although nothing goes out", left)
	}
	c.Frozen = time.Time{}
	if left, known := Sum(c, nil).Remaining(); known {
		t.Errorf("%v to go although readers are still being counted", left)
	}
}

func TestARelayIsAwayWhenEveryWorkerFindsItSo(t *testing.T) {
	t.Parallel()
	soon := noon.Add(8 * time.Second)
	l := Sum(running(Cell{Group: "gmail", Relay: "a:25", State: delivery.Sent, Count: 9}), []Report{
		{Relays: []RelayState{{Name: "a:25", Open: 2, Failures: 3, Until: soon}, {Name: "b:25", Failures: 1, Until: soon}}, Groups: []GroupState{{Name: "gmail", Until: soon, Width: 1}}},
		{Relays: []RelayState{{Name: "a:25", Open: 4}, {Name: "b:25", Failures: 2}}, Groups: []GroupState{{Name: "gmail", Until: noon, Width: 2}, {Name: "nobody.example", Until: soon}}},
	})
	want := []Relay{{Name: "a:25", Sent: 9, Seen: true, Until: soon, Open: 6}, {Name: "b:25", Seen: true, Away: true, Until: soon}}
	if diff := cmp.Diff(want, l.Relays); diff != "" {
		t.Error(diff)
	}
	if len(l.Groups) != 1 || !l.Groups[0].Resting() || !l.Groups[0].Rest.Equal(soon) || l.Groups[0].Width != 3 {
		t.Errorf("%+v", l.Groups)
	}
}
