package subscriber

import (
	"strconv"
	"strings"
	"time"

	"github.com/collabpulse/weekly/internal/fault"
)

// Quota is how often something may be asked for: so often at once, and as often again
// in each span of time, evenly. The zero value is no limit.
type Quota struct {
	Count int
	Per   time.Duration
}

// mostAsked is the largest count that may be said.
const mostAsked = 1_000_000

// ParseQuota reads a count for each second, minute or hour, such as 20/h; off is no
// limit. The error is a fault.Invalid.
func ParseQuota(text string) (Quota, error) {
	if text == "off" {
		return Quota{}, nil
	}
	count, unit, _ := strings.Cut(text, "/")
	per, known := map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour}[unit]
	n, err := strconv.Atoi(count)
	if err != nil || !known || n < 1 || n > mostAsked {
		return Quota{}, fault.New(fault.Invalid, "a limit looks like 20/h, 600/m or 50/s; off is none.")
	}
	return Quota{Count: n, Per: per}, nil
}

// Unlimited reports whether there is no limit.
func (q Quota) Unlimited() bool { return q.Count == 0 }

// String is the quota as ParseQuota reads it.
func (q Quota) String() string {
	switch q.Per {
	case time.Second:
		return strconv.Itoa(q.Count) + "/s"
	case time.Minute:
		return strconv.Itoa(q.Count) + "/m"
	case time.Hour:
		return strconv.Itoa(q.Count) + "/h"
	}
	return "off"
}
