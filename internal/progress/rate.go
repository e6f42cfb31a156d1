package progress

import "time"

// InHand is how many rows workers hold: claimed, or on the wire.
func (l Look) InHand() int { return l.Tally.Claimed + l.Tally.Handing }

// PerMinute is how many messages receiving sides answered for good within the last
// minute. A digest that was launched less than a minute ago is measured since then.
func (l Look) PerMinute() int {
	sum := 0
	for _, n := range l.History[Beats-minute:] {
		sum += n
	}
	since := l.At.Sub(l.Launched)
	if since <= 0 || since >= time.Minute {
		return sum
	}
	return int(float64(sum) * float64(time.Minute) / float64(max(since, time.Second)))
}

// Remaining is how long the rows that could go out now take at the present rate, and
// whether that can be told: not while nothing goes out, or while readers are still
// being counted. Readers whose hour is still to come, those whose provider put them
// off and those whose provider must rest are not waited for: no rate brings them
// sooner.
func (l Look) Remaining() (time.Duration, bool) {
	rate := l.PerMinute()
	if rate == 0 || l.Frozen.IsZero() || l.Ready() == 0 {
		return 0, false
	}
	return time.Duration(float64(l.Ready()) / float64(rate) * float64(time.Minute)), true
}

// Ready is how many rows go out as fast as they can: those that are due, and those
// that workers hold.
func (l Look) Ready() int { return l.Due + l.InHand() }

// Percent is how much of the digest has reached an end, rounded down, so that 100
// means that nobody is left.
func (l Look) Percent() int {
	if l.Tally.Planned == 0 {
		return 0
	}
	return l.Tally.Settled() * 100 / l.Tally.Planned
}
