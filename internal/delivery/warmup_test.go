package delivery_test

import (
	"strings"
	"testing"
	"time"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/fault"
)

func TestAWarmUpAllowsEachDayItsBudget(t *testing.T) {
	t.Parallel()
	w, err := delivery.ParseWarmUp(" 2026-10-24: 500, 1000 2000 ")
	if err != nil || w.String() != "2026-10-24: 500 1000 2000" {
		t.Fatalf("%q: %v", w, err)
	}
	if w.Zone, err = time.LoadLocation("Europe/Berlin"); err != nil {
		t.Fatal(err)
	}
	for at, want := range map[string]delivery.Allowance{
		"2026-10-23T21:59:59Z": {}, // before its midnight
		"2026-10-23T22:00:00Z": {Date: "2026-10-24", Day: 1, Days: 3, Most: 500},
		"2026-10-24T21:59:59Z": {Date: "2026-10-24", Day: 1, Days: 3, Most: 500},
		"2026-10-24T22:00:00Z": {Date: "2026-10-25", Day: 2, Days: 3, Most: 1000},
		"2026-10-25T22:59:59Z": {Date: "2026-10-25", Day: 2, Days: 3, Most: 1000}, // a day of 25 hours
		"2026-10-25T23:00:00Z": {Date: "2026-10-26", Day: 3, Days: 3, Most: 2000},
		"2026-10-26T23:00:00Z": {}, // over
	} {
		moment, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if got, limited := w.At(moment); got != want || limited != (want != delivery.Allowance{}) {
			t.Errorf("at %s: %+v, %v; want %+v", at, got, limited, want)
		}
	}
}

func TestMailThatWaitsForTomorrowComesAtTheSameHour(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	w := delivery.WarmUp{Zone: berlin}
	got := w.Tomorrow(time.Date(2026, 10, 24, 9, 30, 0, 0, berlin))
	if want := time.Date(2026, 10, 25, 9, 30, 0, 0, berlin); !got.Equal(want) {
		t.Errorf("%s, want %s", got, want)
	}
	if wait := got.Sub(time.Date(2026, 10, 24, 9, 30, 0, 0, berlin)); wait > delivery.LongestWait {
		t.Errorf("waits %s, and would be pulled back", wait)
	}
}

func TestWithoutACalendarThereIsNoLimit(t *testing.T) {
	t.Parallel()
	if a, limited := (delivery.WarmUp{}).At(time.Now()); limited || (delivery.WarmUp{}).String() != "" {
		t.Errorf("%+v", a)
	}
}

func TestACalendarThatCannotBeReadSaysHowOneLooks(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "tomorrow: 5", "2026-12-01", "2026-12-01:", "2026-12-01: 0", "2026-12-01: -5", "2026-12-01: many",
		"2026-13-01: 5", "2026-12-01: 100000001", "2026-12-01:" + strings.Repeat(" 1", 367)} {
		if w, err := delivery.ParseWarmUp(text); !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Message(err), "500 1000") {
			t.Errorf("%q is a warm-up: %+v %v", text, w, err)
		}
	}
}
