package web

import (
	"strings"
	"time"
)

// units of a span, the largest first.
var units = []struct {
	long      time.Duration
	one, many string
}{
	{24 * time.Hour, "day", "days"},
	{time.Hour, "hour", "hours"},
	{time.Minute, "minute", "minutes"},
}

// span says how long something takes, in its two largest units: "2 days and 3
// hours". From a week on the hours no longer matter.
func span(d time.Duration) string {
	var parts []string
	for _, u := range units {
		n := int(d / u.long)
		d -= time.Duration(n) * u.long
		if n > 0 {
			parts = append(parts, plural(n, u.one, u.many))
		}
		if len(parts) == 2 || n >= 7 && u.long > time.Hour || len(parts) == 1 && n == 0 {
			break
		}
	}
	if len(parts) == 0 {
		return "less than a minute"
	}
	return strings.Join(parts, " and ")
}

// until says when something comes: "in 2 hours", or "now" once it is due.
func until(now, t time.Time) string {
	if !t.After(now) {
		return "now"
	}
	return "in " + span(t.Sub(now))
}

// ago says when something was: "3 hours ago", "just now", or "never" for no time.
func ago(now, t time.Time) string {
	switch since := now.Sub(t); {
	case t.IsZero():
		return "never"
	case since < time.Minute:
		return "just now"
	case since < time.Hour:
		return plural(int(since/time.Minute), "minute", "minutes") + " ago"
	case since < 24*time.Hour:
		return plural(int(since/time.Hour), "hour", "hours") + " ago"
	default:
		return plural(int(since/(24*time.Hour)), "day", "days") + " ago"
	}
}

// list joins words as a sentence does: "a, b and c".
func list(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " and " + words[last]
}
