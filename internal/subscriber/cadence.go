package subscriber

import (
	"time"

	"github.com/collabpulse/weekly/internal/fault"
)

// Cadence is how often a reader wants a digest. The numbers are stored.
type Cadence uint8

// The cadences.
const (
	Weekly      Cadence = 0 // every digest
	Fortnightly Cadence = 1
	Monthly     Cadence = 2 // every four weeks
)

var cadenceNames = [...]string{"weekly", "fortnightly", "monthly"}

// Cadences are all of them, the most frequent first.
func Cadences() []Cadence { return []Cadence{Weekly, Fortnightly, Monthly} }

// String is the cadence's word, "weekly" for a number that a later release stored.
func (c Cadence) String() string {
	if int(c) < len(cadenceNames) {
		return cadenceNames[c]
	}
	return cadenceNames[Weekly]
}

// Apart is how far apart two digests of the cadence are at least; zero for every
// digest. It is half a week less than two or four weeks, so that a digest that goes
// out some days early or late shifts nobody by a week.
func (c Cadence) Apart() time.Duration {
	const week = 7 * 24 * time.Hour
	switch c {
	case Fortnightly:
		return 2*week - week/2
	case Monthly:
		return 4*week - week/2
	}
	return 0
}

// ParseCadence reads a cadence's word; "" is weekly. The error is a fault.Invalid on
// the field "cadence".
func ParseCadence(word string) (Cadence, error) {
	if word == "" {
		return Weekly, nil
	}
	for i, name := range cadenceNames {
		if name == word {
			return Cadence(i), nil
		}
	}
	return 0, fault.Field("cadence", "A digest comes “weekly”, “fortnightly” or “monthly”.")
}
