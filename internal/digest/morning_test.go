package digest

import (
	"testing"
	"time"
)

func TestAReadersMorningIsTheNextSuchHour(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		zone   string
		launch string
		hour   int
		want   string
	}{
		"no wish":                      {"Europe/Berlin", "2026-11-24T08:00:07Z", -1, "2026-11-24T08:00:07Z"},
		"no hour of the day":           {"Europe/Berlin", "2026-11-24T08:00:07Z", 24, "2026-11-24T08:00:07Z"},
		"later today":                  {"Europe/Berlin", "2026-11-24T08:00:07Z", 20, "2026-11-24T19:00:00Z"},
		"tomorrow":                     {"Europe/Berlin", "2026-11-24T08:00:07Z", 7, "2026-11-25T06:00:00Z"},
		"the hour of the slot itself":  {"Europe/Berlin", "2026-11-24T08:00:07Z", 9, "2026-11-24T08:00:07Z"},
		"its last second":              {"Europe/Berlin", "2026-11-24T08:59:59Z", 9, "2026-11-24T08:59:59Z"},
		"the second after it":          {"Europe/Berlin", "2026-11-24T09:00:00Z", 9, "2026-11-25T08:00:00Z"},
		"midnight":                     {"Europe/Berlin", "2026-11-24T08:00:07Z", 0, "2026-11-24T23:00:00Z"},
		"half an hour off":             {"Asia/Kolkata", "2026-11-24T08:00:07Z", 14, "2026-11-24T08:30:00Z"},
		"spring, in the gap":           {"Europe/Berlin", "2026-03-28T08:00:00Z", 2, "2026-03-29T01:00:00Z"},
		"spring, launched after it":    {"Europe/Berlin", "2026-03-29T01:00:20Z", 2, "2026-03-29T01:00:20Z"},
		"spring, across it":            {"Europe/Berlin", "2026-03-28T08:00:00Z", 7, "2026-03-29T05:00:00Z"},
		"autumn, the earlier of two":   {"Europe/Berlin", "2026-10-24T08:00:00Z", 2, "2026-10-25T00:00:00Z"},
		"autumn, a day of 25 hours":    {"Europe/Berlin", "2026-10-24T06:00:00Z", 7, "2026-10-25T06:00:00Z"},
		"half an hour's gap":           {"Australia/Lord_Howe", "2026-10-03T08:00:00Z", 2, "2026-10-03T15:30:00Z"},
		"half an hour's overlap":       {"Australia/Lord_Howe", "2026-04-04T08:00:00Z", 1, "2026-04-04T14:00:00Z"},
		"no midnight in spring":        {"America/Havana", "2026-03-07T14:00:00Z", 0, "2026-03-08T05:00:00Z"},
		"two midnights in autumn":      {"America/Havana", "2026-10-31T14:00:00Z", 0, "2026-11-01T04:00:00Z"},
		"a day ahead":                  {"Pacific/Kiritimati", "2026-11-24T08:00:00Z", 7, "2026-11-24T17:00:00Z"},
		"a day ahead, in its own hour": {"Pacific/Kiritimati", "2026-11-24T17:30:00Z", 7, "2026-11-24T17:30:00Z"},
		"a day behind":                 {"Pacific/Pago_Pago", "2026-11-24T08:00:00Z", 7, "2026-11-24T18:00:00Z"},
		"a day that clocks skip":       {"Pacific/Apia", "2011-12-30T08:00:00Z", 7, "2011-12-30T10:00:00Z"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := Morning(at(t, test.launch), test.hour, zone(t, test.zone)); !got.Equal(at(t, test.want)) {
				t.Errorf("due at %v, want %v", got.UTC(), test.want)
			}
		})
	}
}

// Whatever the launch, the hour and the zone, the digest comes in the hour that
// was asked for, or right after the gap that swallowed it, and within a day.
func TestEveryMorningComesInItsHourAndWithinADay(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Europe/Berlin", "Australia/Lord_Howe", "America/Havana", "America/New_York", "Pacific/Chatham", "UTC"} {
		zone := zone(t, name)
		for launch := time.Date(2026, 1, 1, 0, 17, 3, 0, time.UTC); launch.Year() == 2026; launch = launch.Add(7 * time.Hour) {
			for hour := range 24 {
				due := Morning(launch, hour, zone)
				if wait := due.Sub(launch); wait < 0 || wait > 25*time.Hour {
					t.Fatalf("%s: launched %v, hour %d, waits %v", name, launch, hour, wait)
				}
				_, before := due.Add(-2 * time.Hour).In(zone).Zone()
				_, after := due.In(zone).Zone()
				if due.In(zone).Hour() != hour && after <= before {
					t.Fatalf("%s: launched %v, hour %d, due %v", name, launch, hour, due.In(zone))
				}
			}
		}
	}
}
