package digest

import (
	"time"

	"github.com/teambition/rrule-go"

	"github.com/collabpulse/weekly/internal/fault"
)

// Schedule says when digests go out: an RFC 5545 recurrence rule in floating
// local time, read in one IANA zone.
type Schedule struct {
	Name string
	Zone *time.Location
	rule *rrule.RRule
}

// DefaultRule is every Tuesday at 09:00.
const DefaultRule = "FREQ=WEEKLY;BYDAY=TU;BYHOUR=9;BYMINUTE=0"

// ParseSchedule reads a rule. It must recur weekly or monthly without end, and
// name one local time of day. The error is a fault.Invalid on the field "schedule".
func ParseSchedule(name, rule string, zone *time.Location) (Schedule, error) {
	option, err := rrule.StrToROption(rule)
	if err != nil {
		return Schedule{}, badSchedule()
	}
	once := len(option.Byhour) == 1 && len(option.Byminute) == 1 && len(option.Bysecond) <= 1
	endless := option.Count == 0 && option.Until.IsZero()
	if !once || !endless || option.Freq != rrule.WEEKLY && option.Freq != rrule.MONTHLY {
		return Schedule{}, badSchedule()
	}
	option.Dtstart = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	option.Bysecond = []int{0}
	r, err := rrule.NewRRule(*option)
	if err != nil || r.After(option.Dtstart, true).IsZero() { // such as every 30 February
		return Schedule{}, badSchedule()
	}
	return Schedule{Name: name, Zone: zone, rule: r}, nil
}

func badSchedule() error {
	return fault.Field("schedule", "A schedule is a weekly or monthly rule with one time of day, such as %s.", DefaultRule)
}

// Next is the first slot whose instant is after the given time.
func (s Schedule) Next(after time.Time) Slot {
	local := floating(after.In(s.Zone)).Add(-24 * time.Hour)
	for {
		local = s.rule.After(local, false)
		if at := Resolve(local, s.Zone); at.After(after) {
			return Slot{Schedule: s.Name, Date: local.Format(time.DateOnly), At: at}
		}
	}
}

func floating(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
}

// Resolve finds the instant at which a zone's clocks show the wall time of
// local, whose own zone is ignored. Where clocks show it twice (autumn) it is the
// earlier; where they skip it (spring) it is the first minute after the gap.
func Resolve(local time.Time, zone *time.Location) time.Time {
	wall := floating(local)
	_, before := wall.Add(-24 * time.Hour).In(zone).Zone()
	_, after := wall.Add(24 * time.Hour).In(zone).Zone()
	early := wall.Add(-time.Duration(max(before, after)) * time.Second)
	late := wall.Add(-time.Duration(min(before, after)) * time.Second)
	for _, t := range []time.Time{early, late} {
		if floating(t.In(zone)).Equal(wall) {
			return t
		}
	}
	start, _ := late.In(zone).ZoneBounds()
	return start.UTC()
}
