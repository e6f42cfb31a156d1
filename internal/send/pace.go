package send

import (
	"time"

	"github.com/collabpulse/weekly/internal/delivery"
)

// Paced is a connection whose relay may be given only so many messages a second.
// A connection that is not Paced takes whatever it is given.
type Paced interface {
	// Allow takes leave for up to n messages, without waiting: for how many, and
	// when that is none, how long until there may be leave by some connection.
	Allow(n int) (given int, after time.Duration)
}

// patience is how long a lane waits for leave with rows in its hands. They are
// claimed and not yet declared, so pausing, cancelling and leaving still act on
// them; only other workers cannot send them meanwhile.
const patience = time.Second

// allowed is how many of n rows may go now. It is asked before the intent is
// written, never after, so that no row stands in handing for a wait's sake.
func (l *lane) allowed(n int) (int, time.Duration) {
	if paced, ok := l.conn.(Paced); ok {
		return paced.Allow(n)
	}
	return n, 0
}

// standBack sits out a long wait with no rows and no connection: another worker
// may have leave long before.
func (l *lane) standBack(claims []delivery.Claim, after time.Duration) error {
	l.release()
	if err := l.handBack(items(claims)); err != nil {
		return err
	}
	sleep(l.stop, after)
	return nil
}
