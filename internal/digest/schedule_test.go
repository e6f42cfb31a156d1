package digest

import (
	"fmt"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the same zones on every machine

	"github.com/collabpulse/weekly/internal/fault"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func schedule(t testing.TB, rule, zoneName string) Schedule {
	t.Helper()
	s, err := ParseSchedule("weekly", rule, zone(t, zoneName))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func at(t testing.TB, text string) time.Time {
	t.Helper()
	v, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestTheSlotKeepsItsLocalTimeAcrossBothChangesOfTheClock(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		zone, rule, after string
		want              []string // instants in UTC
	}{
		"Berlin, spring":    {"Europe/Berlin", DefaultRule, "2026-03-17T08:00:00Z", []string{"2026-03-24T08:00:00Z", "2026-03-31T07:00:00Z"}},
		"Berlin, autumn":    {"Europe/Berlin", DefaultRule, "2026-10-13T07:00:00Z", []string{"2026-10-20T07:00:00Z", "2026-10-27T08:00:00Z"}},
		"New York, spring":  {"America/New_York", DefaultRule, "2026-02-24T14:00:00Z", []string{"2026-03-03T14:00:00Z", "2026-03-10T13:00:00Z"}},
		"New York, autumn":  {"America/New_York", DefaultRule, "2026-10-20T13:00:00Z", []string{"2026-10-27T13:00:00Z", "2026-11-03T14:00:00Z"}},
		"Lord Howe, autumn": {"Australia/Lord_Howe", DefaultRule, "2026-03-30T22:00:00Z", []string{"2026-04-06T22:30:00Z", "2026-04-13T22:30:00Z"}},
		"Lord Howe, spring": {"Australia/Lord_Howe", DefaultRule, "2026-09-21T22:30:00Z", []string{"2026-09-28T22:30:00Z", "2026-10-05T22:00:00Z"}},
		"Apia, no change":   {"Pacific/Apia", DefaultRule, "2026-09-28T20:00:00Z", []string{"2026-10-05T20:00:00Z", "2026-10-12T20:00:00Z"}},
		"Kathmandu":         {"Asia/Kathmandu", DefaultRule, "2026-11-23T00:00:00Z", []string{"2026-11-24T03:15:00Z", "2026-12-01T03:15:00Z"}},

		"Berlin, in the gap": {"Europe/Berlin", "FREQ=WEEKLY;BYDAY=SU;BYHOUR=2;BYMINUTE=30", "2026-03-22T12:00:00Z",
			[]string{"2026-03-29T01:00:00Z", "2026-04-05T00:30:00Z"}},
		"Berlin, in the hour that comes twice": {"Europe/Berlin", "FREQ=WEEKLY;BYDAY=SU;BYHOUR=2;BYMINUTE=30", "2026-10-18T12:00:00Z",
			[]string{"2026-10-25T00:30:00Z", "2026-11-01T01:30:00Z"}},
		"Berlin, between the two": {"Europe/Berlin", "FREQ=WEEKLY;BYDAY=SU;BYHOUR=2;BYMINUTE=30", "2026-10-25T00:30:00Z",
			[]string{"2026-11-01T01:30:00Z"}},
		"Lord Howe, in the half hour that is skipped": {"Australia/Lord_Howe", "FREQ=WEEKLY;BYDAY=SU;BYHOUR=2;BYMINUTE=15", "2026-09-30T00:00:00Z",
			[]string{"2026-10-03T15:30:00Z", "2026-10-10T15:15:00Z"}},
		"Lord Howe, in the half hour that comes twice": {"Australia/Lord_Howe", "FREQ=WEEKLY;BYDAY=SU;BYHOUR=1;BYMINUTE=45", "2026-04-01T00:00:00Z",
			[]string{"2026-04-04T14:45:00Z", "2026-04-11T15:15:00Z"}},
		"monthly, where the month is short": {"Europe/Berlin", "FREQ=MONTHLY;BYMONTHDAY=31;BYHOUR=9;BYMINUTE=0", "2026-01-01T00:00:00Z",
			[]string{"2026-01-31T08:00:00Z", "2026-03-31T07:00:00Z"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := schedule(t, c.rule, c.zone)
			after := at(t, c.after)
			for _, want := range c.want {
				slot := s.Next(after)
				if !slot.At.Equal(at(t, want)) {
					t.Errorf("after %v comes %v, want %s", after, slot.At.UTC(), want)
				}
				after = slot.At
			}
		})
	}
}

func TestEverySlotComesOnceAndInOrder(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu", "UTC", "Pacific/Kiritimati"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := schedule(t, "FREQ=WEEKLY;BYDAY=SU;BYHOUR=2;BYMINUTE=15", name)
			slot := s.Next(at(t, "2026-01-01T00:00:00Z"))
			for range 110 {
				day, err := time.Parse(time.DateOnly, slot.Date)
				if err != nil || day.Weekday() != time.Sunday || slot.Schedule != "weekly" {
					t.Fatalf("slot %+v", slot)
				}
				if before := s.Next(slot.At.Add(-time.Nanosecond)); before != slot {
					t.Fatalf("just before %+v comes %+v", slot, before)
				}
				next := s.Next(slot.At)
				if gap := next.At.Sub(slot.At); next.Date <= slot.Date || gap < 7*24*time.Hour-time.Hour || gap > 7*24*time.Hour+time.Hour {
					t.Fatalf("after %+v comes %+v", slot, next)
				}
				slot = next
			}
		})
	}
}

// step is what every offset and change in these zones is a multiple of.
const step = 15 * time.Minute

// TestEveryWallTimeOfAYearResolves compares Resolve, every quarter of an hour,
// with a walk through the year that looks at the clock on the wall.
func TestEveryWallTimeOfAYearResolves(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		zone string
		year int
	}{
		{"Europe/Berlin", 2026},
		{"America/New_York", 2026},
		{"Australia/Lord_Howe", 2026},
		{"Asia/Kathmandu", 2026},
		{"Asia/Kathmandu", 1986},       // begins with a gap of 15 minutes
		{"Pacific/Apia", 2011},         // a whole day is left out, and both changes
		{"Pacific/Apia", 2026},         // no change any more
		{"Africa/Casablanca", 2026},    // the clock goes back for Ramadan
		{"Antarctica/Troll", 2026},     // two hours at once
		{"Europe/Dublin", 2026},        // winter is the exception
		{"America/Caracas", 2016},      // half an hour, for good
		{"Asia/Pyongyang", 2018},       // the same, the other way
		{"America/Sao_Paulo", 2018},    // midnight itself is left out
		{"Pacific/Chatham", 2026},      // 45 minutes off, far east
		{"Pacific/Kiritimati", 1994},   // a day is left out, at +14
		{"America/Scoresbysund", 2024}, // changes zone on the day of the change
	} {
		t.Run(fmt.Sprint(c.zone, " ", c.year), func(t *testing.T) {
			t.Parallel()
			z := zone(t, c.zone)
			shown := walls(c.year, z)
			for wall := time.Date(c.year, 1, 1, 0, 0, 0, 0, time.UTC); wall.Year() == c.year; wall = wall.Add(step) {
				want, ok := shown[wall]
				if !ok {
					want = firstAfter(wall, shown)
				}
				if got := Resolve(wall, z); !got.Equal(want) {
					t.Fatalf("%v is at %v, want %v", wall.Format(time.DateTime), got.UTC(), want.UTC())
				}
			}
		})
	}
}

// walls maps what the clock shows to the first instant at which it shows it.
func walls(year int, z *time.Location) map[time.Time]time.Time {
	shown := make(map[time.Time]time.Time, 370*24*4)
	end := time.Date(year+1, 1, 3, 0, 0, 0, 0, time.UTC)
	for instant := time.Date(year-1, 12, 30, 0, 0, 0, 0, time.UTC); instant.Before(end); instant = instant.Add(step) {
		wall := floating(instant.In(z))
		if _, seen := shown[wall]; !seen {
			shown[wall] = instant
		}
	}
	return shown
}

// firstAfter is the first instant after a gap that swallows the wall time.
func firstAfter(wall time.Time, shown map[time.Time]time.Time) time.Time {
	for {
		wall = wall.Add(step)
		if instant, ok := shown[wall]; ok {
			return instant
		}
	}
}

func TestAScheduleIsWeeklyOrMonthlyAtOneTimeForEver(t *testing.T) {
	t.Parallel()
	for _, rule := range []string{
		"", "every Tuesday", "FREQ=WEEKLY", "FREQ=WEEKLY;BYHOUR=9", "FREQ=WEEKLY;BYHOUR=9,17;BYMINUTE=0", "FREQ=WEEKLY;BYHOUR=9;BYMINUTE=0,30",
		"FREQ=DAILY;BYHOUR=9;BYMINUTE=0", "FREQ=HOURLY;BYHOUR=9;BYMINUTE=0", "FREQ=YEARLY;BYHOUR=9;BYMINUTE=0",
		"FREQ=WEEKLY;BYHOUR=25;BYMINUTE=0", "FREQ=WEEKLY;BYHOUR=9;BYMINUTE=0;BYSECOND=0,30",
		"FREQ=WEEKLY;COUNT=3;BYHOUR=9;BYMINUTE=0", "FREQ=WEEKLY;UNTIL=20260101T000000Z;BYHOUR=9;BYMINUTE=0",
		"FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30;BYHOUR=9;BYMINUTE=0", "FREQ=WEEKLY;BYDAY=XX;BYHOUR=9;BYMINUTE=0",
	} {
		_, err := ParseSchedule("weekly", rule, time.UTC)
		if f, ok := err.(*fault.Error); !ok || f.Kind != fault.Invalid || f.Field != "schedule" || !strings.Contains(f.Message, DefaultRule) {
			t.Errorf("%q: %v", rule, err)
		}
	}
	for _, rule := range []string{
		DefaultRule, "FREQ=WEEKLY;BYHOUR=9;BYMINUTE=0", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,FR;BYHOUR=0;BYMINUTE=59;BYSECOND=30",
		"FREQ=MONTHLY;BYDAY=1MO;BYHOUR=9;BYMINUTE=0", "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=29;BYHOUR=9;BYMINUTE=0",
	} {
		s, err := ParseSchedule("weekly", rule, time.UTC)
		if err != nil {
			t.Errorf("%q: %v", rule, err)
			continue
		}
		if slot := s.Next(at(t, "2026-11-23T12:00:00Z")); slot.At.Second() != 0 || !slot.At.After(at(t, "2026-11-23T12:00:00Z")) {
			t.Errorf("%q: %+v", rule, slot)
		}
	}
}

func FuzzParseSchedule(f *testing.F) {
	f.Add(DefaultRule)
	f.Add("FREQ=MONTHLY;BYSETPOS=-1;BYDAY=MO,TU;BYHOUR=9;BYMINUTE=0")
	f.Fuzz(func(t *testing.T, rule string) {
		s, err := ParseSchedule("weekly", rule, time.UTC)
		if err != nil {
			return
		}
		now := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
		if slot := s.Next(now); !slot.At.After(now) {
			t.Errorf("%q: after now comes %v", rule, slot.At)
		}
	})
}
