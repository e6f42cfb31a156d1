package outbox

import (
	"time"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/digest"
)

// Facts are what a letter tells. Which of them a kind needs:
//
//	confirm, sign-in, leave-link   Link
//	welcome, already               First, Latest, Preferences and Link (to leave), each if there is one
//	preferences-link               Preferences
//	review                         Digest, Console, SendAt if there is one
//	held, paused                   Digest, Console, Reason, SendAt if there is one
//	finished                       Digest, Console, Tally, Excluded
type Facts struct {
	Link string // the capability the letter brings
	// Preferences is where the reader changes what they get.
	Preferences string
	First       time.Time // when the reader's first digest comes; zero when nobody can say
	Latest      string    // public page of the newest digest, "" before the first
	Digest      string    // subject of the digest it is about
	Tally       delivery.Tally
	Excluded    digest.Excluded
	Reason      string    // why it is held or paused: a sentence
	Console     string    // the page where an editor acts
	SendAt      time.Time // the digest's time, zero for none
}

// Words are a written mail: no slots, nothing left to fill.
type Words struct {
	Subject string
	HTML    string
	Text    string
}
