package digest

import (
	"time"

	"github.com/collabpulse/weekly/internal/fault"
)

// Brake is the emergency brake. While it is pulled no digest is sent and none is
// launched, whatever each one's own state says. Letters go out as ever: readers who
// confirm and editors who sign in have nothing to do with what went wrong.
type Brake struct {
	Pulled time.Time // zero while it is released
	By     string    // who pulled it
}

// On reports whether it is pulled.
func (b Brake) On() bool { return !b.Pulled.IsZero() }

// Long reports whether it is pulled for so long that the digests it stopped need a
// person to say that they are still news.
func (b Brake) Long(now time.Time) bool { return b.On() && now.Sub(b.Pulled) > StaleAfter }

// Braked is why nothing is launched while the brake is pulled.
func Braked() error {
	return fault.New(fault.Conflict, "The emergency brake is on: no digest goes out until somebody releases it.")
}
