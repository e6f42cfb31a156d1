package mail

import (
	"net/url"
	"strconv"
	"time"

	"golang.org/x/time/rate"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/fault"
)

// limits are what the operator allows a relay, by the options of its URL.
type limits struct {
	weight      int           // its share of the mail beside the others'; 0 serves only while no other works
	connections int           // at once by this process; 0 for what the pool allows each
	rate        delivery.Rate // messages a second by all worker processes together; 0 for as many as it takes
}

// Most that an option may say. A larger number is a slip of the finger.
const (
	mostWeight      = 1000
	mostConnections = 64
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
		rate, err := delivery.ParseRate(options.Get("rate"))
		if err != nil {
			return limits{}, badRelays("?rate= of a mail relay: %s", fault.Message(err))
		}
		l.rate = rate
	}
	return l, nil
}

// bucket holds the leave to send to a relay with a rate, nil for one without.
func (l limits) bucket() *rate.Limiter {
	if l.rate == 0 {
		return nil
	}
	return rate.NewLimiter(rate.Limit(l.rate), burst(l.rate))
}

// burst is how much may go at once: a quarter of a second's worth, so that groups
// stay groups at a high rate and no second carries much more than its share.
func burst(r delivery.Rate) int { return max(1, int(r/4)) }

// ShareAmong has the relays' rates hold for so many worker processes together: each
// takes an equal part. A pool that is not told takes all.
func (p *Pool) ShareAmong(workers int) {
	now := p.config.Now()
	for _, r := range p.relays {
		if r.bucket == nil {
			continue
		}
		part := r.rate / delivery.Rate(max(1, workers))
		r.bucket.SetLimitAt(now, rate.Limit(part))
		r.bucket.SetBurstAt(now, burst(part))
	}
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
