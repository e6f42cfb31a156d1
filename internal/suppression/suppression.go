// Package suppression is the list of addresses that must not be mailed, known
// only by their keyed hash: why, since when, until when.
//
// It is looked at when somebody signs up and again right before each message is
// handed over. The reason decides what lifts it.
package suppression

import (
	"time"

	"github.com/collabpulse/weekly/internal/address"
	"github.com/collabpulse/weekly/internal/fault"
)

// Reason is why an address is not to be mailed. The numbers are stored.
type Reason uint8

// The reasons.
const (
	Unsubscribed Reason = 1 // left; a fresh double opt-in lifts it
	Erased       Reason = 2 // asked to be forgotten; a fresh double opt-in lifts it
	Complaint    Reason = 3 // marked a mail as spam; only an admin lifts it
	HardBounce   Reason = 4 // the mailbox does not exist; time lifts it
	NotMe        Reason = 5 // "this wasn't me"; time lifts it
	Manual       Reason = 6 // an operator's decision; only an admin lifts it
)

var names = map[Reason]string{
	Unsubscribed: "unsubscribed", Erased: "erased", Complaint: "complaint",
	HardBounce: "hard-bounce", NotMe: "not-me", Manual: "manual",
}

// String is the reason's word.
func (r Reason) String() string { return names[r] }

// ParseReason reads a reason's word; a fault.Invalid on the field "reason" otherwise.
func ParseReason(word string) (Reason, error) {
	for r, name := range names {
		if name == word {
			return r, nil
		}
	}
	return 0, fault.Field("reason", "There is no reason %q; use manual, complaint, hard-bounce, not-me, unsubscribed or erased.", word)
}

// Suppression is one entry.
type Suppression struct {
	Address address.Hash
	Reason  Reason
	Since   time.Time
	Until   time.Time // zero for no end
	Note    string    // an operator's remark, at most 200 characters
}

// HoldFor is how long the reasons that time lifts hold, by our own rule.
func (r Reason) HoldFor() time.Duration {
	switch r {
	case HardBounce:
		return 180 * 24 * time.Hour
	case NotMe:
		return 30 * 24 * time.Hour
	default:
		return 0
	}
}

// LiftedByOptIn reports whether confirming anew ends it. Somebody who left or
// was erased may always come back by their own doing.
func (r Reason) LiftedByOptIn() bool { return r == Unsubscribed || r == Erased }

// Active reports whether the entry holds at the given time.
func (s Suppression) Active(now time.Time) bool {
	return s.Until.IsZero() || now.Before(s.Until)
}
