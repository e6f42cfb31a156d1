package send

import (
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/collabpulse/weekly/internal/delivery"
)

// rates keep domain groups to so many mails a second, however many lanes there are.
// Of each rate a process takes the part that falls to it (see Sender.ShareAmong), so
// that nothing has to be asked on the way of a mail. What a group has no leave for is
// put off, each row to a time of its own when there will be, and the other groups go
// on. They are safe for use by many lanes.
type rates struct {
	mu     sync.Mutex
	groups map[string]*quota
}

// quota is one group's rate.
type quota struct {
	all    delivery.Rate // of all processes together
	bucket *rate.Limiter // this process's part
	booked time.Time     // when the last row that was put off is due
}

func newRates(all map[string]delivery.Rate) *rates {
	r := &rates{groups: map[string]*quota{}}
	for group, perSecond := range all {
		r.groups[group] = &quota{all: perSecond, bucket: rate.NewLimiter(rate.Limit(perSecond), handful(perSecond))}
	}
	return r
}

// handful is how many rows go at once, and so how many are put off together: a
// second's worth, and at a low rate up to a group's, if a minute has so many.
func handful(r delivery.Rate) int {
	return max(1, int(r), min(delivery.Group, int(60*r)))
}

// ShareAmong has the rates of domain groups hold for so many worker processes
// together: each takes an equal part. A sender that is not told takes all.
func (s *Sender) ShareAmong(workers int) { s.rates.share(workers, s.Now()) }

func (r *rates) share(workers int, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, q := range r.groups {
		part := q.all / delivery.Rate(max(1, workers))
		q.bucket.SetLimitAt(now, rate.Limit(part))
		q.bucket.SetBurstAt(now, handful(part))
	}
}

// take reports whether a mail to the group may go now.
func (r *rates) take(group string, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	q := r.groups[group]
	return q == nil || q.bucket.AllowN(now, 1)
}

// longestBooking is how far ahead rows are put off at most. Those that come back too
// early are put off again.
const longestBooking = 24 * time.Hour

// book finds a time for the first of n rows of a group that has no leave: for how many
// of them, and when.
func (r *rates) book(group string, n int, now time.Time) (rows int, due time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	q := r.groups[group]
	n = min(n, q.bucket.Burst())
	from := q.booked
	if from.Before(now) {
		from = now
	}
	due = from.Add(time.Duration(float64(n) / float64(q.bucket.Limit()) * float64(time.Second)))
	if last := now.Add(longestBooking); due.After(last) {
		due = last
	}
	q.booked = due
	return n, due
}

// ration lets go of claimed rows whose groups have no leave for them, and returns the
// others. Letters are few and somebody waits for each, so they always go.
func (l *lane) ration(claims []delivery.Claim) ([]delivery.Claim, error) {
	if l.scope == delivery.Outbox || len(l.rates.groups) == 0 {
		return claims, nil
	}
	var ready []delivery.Claim
	later := map[string][]delivery.Item{}
	for _, c := range claims {
		if l.rates.take(c.Group, l.Now()) {
			ready = append(ready, c)
		} else {
			later[c.Group] = append(later[c.Group], c.Item)
		}
	}
	var back []delivery.Return
	for group, rows := range later {
		for len(rows) > 0 {
			n, due := l.rates.book(group, len(rows), l.Now())
			back = append(back, delivery.Return{Items: rows[:n], Due: due})
			rows = rows[n:]
		}
	}
	return ready, l.putOff(back...)
}

// waits reports whether rows were put off that are still to come.
func (r *rates) waits(now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, q := range r.groups {
		if q.booked.After(now) {
			return true
		}
	}
	return false
}
