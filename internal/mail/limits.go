package mail

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"github.com/collabpulse/weekly/internal/delivery"
)

// limits are what the operator allows a relay, by the options of its URL.
type limits struct {
	weight      int     // its share of the mail beside the others'; 0 serves only while no other works
	connections int     // at once by this process; 0 for what the pool allows each
	rate        float64 // messages a second by this process; 0 for as many as it takes
}

// Most that an option may say. A larger number is a slip of the finger.
const (
	mostWeight      = 1000
	mostConnections = 64
	mostRate        = 100_000 // messages a second
)

// parseLimits takes ?weight=, ?connections= and ?rate= out of the options.
func parseLimits(options url.Values) (limits, error) {
	l := limits{weight: 1}
	for _, o := range []struct {
		name     string
		into     *int
		from, to int
	}{{"weight", &l.weight, 0, mostWeight}, {"connections", &l.connections, 1, mostConnections}} {
		if !options.Has(o.name) {
			continue
		}
		n, err := strconv.Atoi(options.Get(o.name))
		if err != nil || n < o.from || n > o.to {
			return limits{}, badRelays("?%s= of a mail relay is a whole number from %d to %d.", o.name, o.from, o.to)
		}
		*o.into = n
	}
	if options.Has("rate") {
		perSecond, ok := parseRate(options.Get("rate"))
		if !ok {
			return limits{}, badRelays("?rate= of a mail relay is messages a second, such as 14, or a minute or an hour, such as 600/m or 5000/h.")
		}
		l.rate = perSecond
	}
	return l, nil
}

// parseRate reads messages a second: 14, 0.5, 14/s, 600/m, 5000/h.
func parseRate(text string) (float64, bool) {
	number, unit, _ := strings.Cut(text, "/")
	span, known := map[string]float64{"": 1, "s": 1, "m": 60, "h": 3600}[unit]
	n, err := strconv.ParseFloat(number, 64)
	if perSecond := n / max(span, 1); err == nil && known && !strings.HasSuffix(text, "/") && perSecond >= 1.0/3600 && perSecond <= mostRate {
		return perSecond, true
	}
	return 0, false
}

// bucket holds the leave to send to a relay with a rate, nil for one without. A
// quarter of a second's worth may go at once, so that groups stay groups at a
// high rate and no second carries much more than its share.
func (l limits) bucket() *rate.Limiter {
	if l.rate == 0 {
		return nil
	}
	return rate.NewLimiter(rate.Limit(l.rate), max(1, int(l.rate/4)))
}

// quantum is for how many of n messages leave is taken together: a group's worth
// where the bucket can hold it, so that a fast relay's mail does not fall apart
// into groups of one, each with its own intent and result to write.
func quantum(bucket *rate.Limiter, n int) int { return min(n, bucket.Burst(), delivery.Group) }

// wait is how long until the bucket has leave for n messages, or for as many of
// them as are taken together; 0 for now.
func wait(bucket *rate.Limiter, now time.Time, n int) time.Duration {
	if bucket == nil {
		return 0
	}
	missing := float64(quantum(bucket, n)) - bucket.TokensAt(now)
	if missing <= 0 {
		return 0
	}
	return max(time.Duration(missing/float64(bucket.Limit())*float64(time.Second)), time.Millisecond)
}

// take takes leave for as many of n messages as are taken together, or for none.
func take(bucket *rate.Limiter, now time.Time, n int) int {
	if bucket == nil {
		return n
	}
	if n = quantum(bucket, n); !bucket.AllowN(now, n) {
		return 0
	}
	return n
}
