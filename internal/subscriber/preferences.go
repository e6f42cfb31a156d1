package subscriber

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/topic"
)

// Preferences are what readers choose for themselves, and may change at any time.
type Preferences struct {
	Topics   topic.Set
	Cadence  Cadence
	Language string
	Timezone string
	Hour     int // AnyHour for the slot's own time
	Plain    bool
	Pause    Pause
}

// Pause is a break from the digest, and the zero value that there is none.
type Pause struct {
	On    bool
	Until time.Time // when digests come again; zero for no end
}

// LongestPause is how long a pause may last.
const LongestPause = 366 * 24 * time.Hour

// Preferences are the reader's present ones.
func (s Subscriber) Preferences() Preferences {
	return Preferences{Topics: s.Topics, Cadence: s.Cadence, Language: s.Language, Timezone: s.Timezone,
		Hour: s.Hour, Plain: s.Plain, Pause: Pause{On: s.State == Paused, Until: s.PausedUntil}}
}

// Preferences are those that a request asks for.
func (r Request) Preferences() Preferences {
	return Preferences{Topics: r.Topics, Cadence: r.Cadence, Language: r.Language, Timezone: r.Timezone, Hour: AnyHour}
}

// Detail tells the preferences as evidence keeps them, on one line:
// "topics=6 cadence=weekly language=en".
func (p Preferences) Detail() string {
	parts := []string{fmt.Sprintf("topics=%d cadence=%s language=%s", p.Topics, p.Cadence, p.Language)}
	if p.Timezone != "" {
		parts = append(parts, "timezone="+p.Timezone)
	}
	if p.Hour >= 0 {
		parts = append(parts, "hour="+strconv.Itoa(p.Hour))
	}
	if p.Plain {
		parts = append(parts, "format=plain")
	}
	if p.Pause.On {
		parts = append(parts, "paused-until="+p.Pause.end())
	}
	return strings.Join(parts, " ")
}

func (p Pause) end() string {
	if p.Until.IsZero() {
		return "further-notice"
	}
	return p.Until.UTC().Format(time.RFC3339)
}

// ParsePauseEnd reads the day on which a pause ends, such as 2026-12-24: digests come
// again from its beginning in the zone. A day that is not to come, or more than
// LongestPause away, is a fault.Invalid on the field "until".
func ParsePauseEnd(day string, zone *time.Location, now time.Time) (time.Time, error) {
	until, err := time.ParseInLocation(time.DateOnly, day, zone)
	switch {
	case err != nil:
		return time.Time{}, fault.Field("until", "Say on which day the break ends, such as 2026-12-24.")
	case !until.After(now):
		return time.Time{}, fault.Field("until", "A break ends on a day to come.")
	case until.Sub(now) > LongestPause:
		return time.Time{}, fault.Field("until", "A break lasts a year at most.")
	}
	return until, nil
}
