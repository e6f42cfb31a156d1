// Package subscriber is a person's address with its state.
//
//	pending ──confirm──▶ active ──leave──▶ unsubscribed
//	   │                  │ ▲                   │ sign up again
//	   └─ purged          │ └── resume ── paused│
//	                      └──▶ suppressed       └──▶ pending
//
// Any state may become erased, which keeps the row without the person. Only an
// active subscriber is ever mailed a digest, and the ledger asks again right
// before each message, so leaving acts at once.
package subscriber

import (
	"strconv"
	"time"

	"github.com/collabpulse/weekly/internal/address"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/link"
	"github.com/collabpulse/weekly/internal/topic"
)

// State is where a subscriber stands. The numbers are stored.
type State uint8

// The states.
const (
	Pending      State = 0 // asked, not yet confirmed
	Active       State = 1 // gets digests
	Paused       State = 2 // gets none until a date
	Unsubscribed State = 3 // left
	Suppressed   State = 4 // must not be mailed; the suppression says why
	Erased       State = 5 // no personal data left
)

var stateNames = []string{"pending", "active", "paused", "unsubscribed", "suppressed", "erased"}

// String is the state's word.
func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return "unknown"
}

// ParseState reads a state's word; a fault.Invalid on the field "status" otherwise.
func ParseState(word string) (State, error) {
	for i, name := range stateNames {
		if name == word {
			return State(i), nil
		}
	}
	return 0, fault.Field("status", "There is no status %q; use active, pending, paused or unsubscribed.", word)
}

// PendingFor is how long a sign-up waits for its confirmation before it is
// forgotten: well past the life of its link, and no longer than needed to keep the
// address of somebody who did not agree to anything.
const PendingFor = 30 * 24 * time.Hour

// Subscriber is one reader.
type Subscriber struct {
	ID       int64
	Address  address.Address // zero once erased
	State    State
	Topics   topic.Set
	Language string // BCP 47, of the digest's frame
	Timezone string // IANA name, or "" for the digest's own
	Hour     int    // 0–23, the reader's wished hour of delivery; AnyHour for the slot's own time
	Plain    bool   // text part only
	Cadence  Cadence
	// PausedUntil is when a paused reader gets digests again; zero for no end.
	PausedUntil time.Time
	Key         link.Key
	// Moves counts changes of the address. Links to preferences are tied to it, so
	// that those in the mails to the old address end with it.
	Moves   int64
	AskedAt time.Time // the sign-up the newest confirmation link belongs to
	Created time.Time
	Changed time.Time // when State last changed
}

// Request is a sign-up as it came in, already checked.
type Request struct {
	Address  address.Address
	Topics   topic.Set
	Cadence  Cadence
	Language string
	Timezone string
	Evidence Evidence
}

// Evidence is what is kept of the circumstances of a consent.
type Evidence struct {
	Network   string // the client's address as the trusted proxies report it
	UserAgent string // clipped to 200 characters
	Page      string // where the form stood: "form", "embed", "api", "import", "mail"
	Detail    string // what was chosen, as Preferences.Detail tells it; "" when nothing was
	Wording   string // the exact sentence agreed to
}

// Profile is what an import or a form may say about a reader.
type Profile struct {
	Address  address.Address
	Topics   topic.Set
	Language string
	Timezone string
	Hour     *int     // 0–23, nil for the slot's own time
	Cadence  *Cadence // nil leaves a known reader's as it is, and makes a new one weekly
	State    State
}

// AnyHour is the Subscriber.Hour of a reader who chose none.
const AnyHour = -1

// WishedHour is the hour as a Subscriber has it.
func (p Profile) WishedHour() int {
	if p.Hour == nil {
		return AnyHour
	}
	return *p.Hour
}

// WishedCadence is the cadence of a reader who has the one given so far.
func (p Profile) WishedCadence(known Cadence) Cadence {
	if p.Cadence == nil {
		return known
	}
	return *p.Cadence
}

// ParseHour checks an hour of the day, 0 to 23; "" stands for none. The error is a
// fault.Invalid on the field "hour".
func ParseHour(text string) (*int, error) {
	if text == "" {
		return nil, nil
	}
	hour, err := strconv.Atoi(text)
	if err != nil || hour < 0 || hour > 23 {
		return nil, fault.Field("hour", "An hour is a number from 0 to 23, such as 7; leave it empty for the digest's own time.")
	}
	return &hour, nil
}

// ParseTimezone checks an IANA zone name; "" stands for the digest's own zone.
// "Local" is refused: it means something else on every machine.
func ParseTimezone(name string) (string, error) {
	if name == "" {
		return "", nil
	}
	if _, err := time.LoadLocation(name); err != nil || name == "Local" || len(name) > 64 {
		return "", fault.Field("timezone", "That is not a time zone we know; use a name such as Europe/Berlin.")
	}
	return name, nil
}
