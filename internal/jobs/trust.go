package jobs

import "time"

// trust is how far the wall clock may be believed when something is to be given up
// or deleted for its age. A clock that was set wrong says that everything is old;
// nothing is lost by waiting until it has run evenly for a while.
type trust struct {
	wall   time.Time     // at the last look
	passed time.Duration // by the monotonic clock, at the last look
	even   time.Duration // how long the two have run at one pace
}

// unevenBy is how far they may part between two looks: no correction in small steps
// is as fast.
const unevenBy = 30 * time.Second

// set reports whether the wall clock was ever set since the first look, and has not
// run evenly for so long since.
func (c *trust) set(settle time.Duration) bool { return c.even != c.passed && c.even < settle }

// look compares the wall clock with the time that has passed by the monotonic one
// since some beginning, and says by how much it was set since the last look: 0 for
// not at all.
func (c *trust) look(wall time.Time, passed time.Duration) (set time.Duration) {
	pace := passed - c.passed
	set = wall.Round(0).Sub(c.wall.Round(0)) - pace
	c.wall, c.passed = wall, passed
	if set.Abs() <= unevenBy {
		c.even += pace
		return 0
	}
	c.even = 0
	return set
}
