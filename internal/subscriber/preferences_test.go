package subscriber

import (
	"testing"
	"time"
)

func TestACadenceIsReadAndShownAgain(t *testing.T) {
	t.Parallel()
	for i, c := range Cadences() {
		if got, err := ParseCadence(c.String()); got != c || err != nil || int(c) != i {
			t.Errorf("%v (number %d) is read as %v, %v", c, c, got, err)
		}
	}
	if got, err := ParseCadence(""); got != Weekly || err != nil {
		t.Errorf("nothing is read as %v, %v", got, err)
	}
	if _, err := ParseCadence("daily"); !inField(err, "cadence") {
		t.Errorf("daily: %v", err)
	}
	if got := Cadence(9).String(); got != "weekly" {
		t.Errorf("a cadence of a later release is %q", got)
	}
}

// A digest that goes out some days early or late shifts nobody by a week.
func TestADigestsDayMayMoveByThreeDays(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for c, weeks := range map[Cadence]time.Duration{Fortnightly: 2, Monthly: 4} {
		for _, off := range []time.Duration{-3 * day, 3 * day} {
			if at := weeks*7*day + off; at < c.Apart() {
				t.Errorf("%v: a digest %v after the last comes too early", c, at)
			}
			if at := (weeks-1)*7*day + off; at >= c.Apart() {
				t.Errorf("%v: a digest %v after the last is taken for the next", c, at)
			}
		}
	}
	if Weekly.Apart() != 0 {
		t.Error("a weekly reader misses digests")
	}
}

func TestABreakEndsAtTheBeginningOfADayToCome(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("Asia/Kathmandu")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 25, 20, 0, 0, 0, time.UTC) // the 26th there
	got, err := ParsePauseEnd("2026-11-27", zone, now)
	if want := time.Date(2026, 11, 27, 0, 0, 0, 0, zone); err != nil || !got.Equal(want) {
		t.Errorf("%v, %v", got, err)
	}
	for _, day := range []string{"", "2026-11-26", "2026-11-25", "2027-11-28", "27.11.2026", "2026-02-30", "2026-11-27\x00"} {
		if got, err := ParsePauseEnd(day, zone, now); !inField(err, "until") {
			t.Errorf("%q is %v, %v", day, got, err)
		}
	}
}

func TestEvidenceTellsEveryPreference(t *testing.T) {
	t.Parallel()
	p := Preferences{Topics: 6, Cadence: Fortnightly, Language: "de", Timezone: "Europe/Berlin", Hour: 7, Plain: true,
		Pause: Pause{On: true, Until: time.Date(2026, 12, 24, 0, 0, 0, 0, time.UTC)}}
	const want = "topics=6 cadence=fortnightly language=de timezone=Europe/Berlin hour=7 format=plain paused-until=2026-12-24T00:00:00Z"
	if got := p.Detail(); got != want {
		t.Errorf("it says %q", got)
	}
	if got := (Preferences{Topics: 2, Language: "en", Hour: AnyHour, Pause: Pause{On: true}}).Detail(); got != "topics=2 cadence=weekly language=en paused-until=further-notice" {
		t.Errorf("it says %q", got)
	}
}
