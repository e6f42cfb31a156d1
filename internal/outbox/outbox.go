// Package outbox is every mail that is not a digest: confirmations, welcomes,
// sign-in links, notices to editors, tests of a digest.
//
// A letter is a row written in the transaction that causes it, so it exists
// exactly when its cause does. It holds no token: links are made when the letter
// is rendered, from the ids in it, so a copy of the database opens nothing.
// Letters pass through the same claim, intent and result as deliveries.
package outbox

import (
	"time"

	"github.com/collabpulse/weekly/internal/address"
)

// Kind is what a letter is for. The numbers are stored.
type Kind uint8

// The kinds of letter.
const (
	Confirm     Kind = 1  // asks a pending subscriber to confirm
	Welcome     Kind = 2  // greets a new reader: first digest when, the latest where
	Already     Kind = 3  // tells an active reader that somebody signed them up again
	SignIn      Kind = 4  // an editor's one-time link
	Test        Kind = 5  // a digest as an editor wants to see it in their mailbox
	Review      Kind = 6  // a draft waits for approval
	Held        Kind = 7  // a digest was held, and why
	Finished    Kind = 8  // a digest went out: the figures
	LeaveByMail Kind = 9  // a fresh link to leave, for somebody whose link did not work
	Paused      Kind = 10 // a digest paused by itself, and why
	// PreferencesByMail brings a fresh link to a reader's preferences.
	PreferencesByMail Kind = 11
)

var kindNames = map[Kind]string{
	Confirm: "confirm", Welcome: "welcome", Already: "already", SignIn: "sign-in", Test: "test",
	Review: "review", Held: "held", Finished: "finished", LeaveByMail: "leave-link", Paused: "paused", PreferencesByMail: "preferences-link",
}

// String is the kind's word, as template names and metrics show it.
func (k Kind) String() string { return kindNames[k] }

// Letter is one mail to write.
type Letter struct {
	ID         int64
	Kind       Kind
	Subscriber int64           // whom it concerns, 0 for none
	Editor     int64           // whom it concerns, 0 for none
	Digest     int64           // which digest it is about, 0 for none
	SignIn     int64           // which sign-in its link completes, 0 for none
	Stamp      int64           // the moment its link is tied to, Unix milliseconds
	To         address.Address // where it goes
	Created    time.Time
	Expires    time.Time // when it is no longer worth sending
}

// KeepTrying is how long a letter of this kind is worth sending.
func (k Kind) KeepTrying() time.Duration {
	switch k {
	case SignIn:
		return 15 * time.Minute
	case Test:
		return time.Hour
	default:
		return 48 * time.Hour
	}
}

// KeepFor is how long a settled letter is kept, to tell what became of it.
const KeepFor = 30 * 24 * time.Hour

// ForReader reports whether a letter of this kind may go only to an address
// that is not suppressed. Mail to editors does not ask.
func (k Kind) ForReader() bool {
	return k == Confirm || k == Welcome || k == Already || k == LeaveByMail || k == PreferencesByMail
}
