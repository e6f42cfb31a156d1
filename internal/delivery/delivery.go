// Package delivery is the ledger's vocabulary: one edition to one subscriber,
// from planned to settled.
//
//	queued ──claim──▶ claimed ──intent──▶ handing ──result──▶ sent
//	  ▲                  │                   ├──▶ failed(code)
//	  │                  └──▶ skipped        ├──▶ skipped(reason)
//	  └── temporary refusal, handed back ◀───┤
//	  └── doubt, resent at most once ◀───────┴──▶ unknown
//
// Three rules keep the promise that everyone gets a digest once. A row is
// claimed by a guarded update, so two workers never hold it. The intent is
// written before anything reaches the relay, so a worker that dies leaves a row
// that says it may have been sent. Every update after the claim is guarded by
// the attempt, so a worker that wakes up late changes nothing that has moved on.
package delivery

import (
	"time"

	"github.com/collabpulse/weekly/internal/address"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/link"
)

// State is where a row stands. The numbers are stored.
type State uint8

// The states.
const (
	Queued  State = 0 // waits for its time and a worker
	Claimed State = 1 // a worker holds it
	Handing State = 2 // it may be on the wire
	Sent    State = 3 // the relay took responsibility (RFC 5321 §6.1)
	Failed  State = 4 // refused for good
	Skipped State = 5 // not to be mailed after all
	Unknown State = 6 // in doubt: the relay's answer never came
)

var stateNames = [...]string{"queued", "claimed", "handing", "sent", "failed", "skipped", "unknown"}

// String is the state's word, "other" for a number that a later release stored.
func (s State) String() string { return name(stateNames[:], int(s)) }

func name(names []string, i int) string {
	if i < len(names) {
		return names[i]
	}
	return "other"
}

// Reason is why a row was skipped, or failed without a relay's code. The numbers are stored.
type Reason uint8

// The reasons.
const (
	NoReason   Reason = 0
	Inactive   Reason = 1 // left, paused or otherwise no longer active
	Suppressed Reason = 2 // on the suppression list
	Erased     Reason = 3
	Cancelled  Reason = 4 // the digest was cancelled
	Expired    Reason = 5 // still queued too long after its time
	Refused    Reason = 6 // the relay refused it for good
	Broken     Reason = 7 // it could not be rendered or is not mailable by any relay
	Obsolete   Reason = 8 // a letter whose cause no longer holds
)

var reasonNames = [...]string{"", "inactive", "suppressed", "erased", "cancelled", "expired", "refused", "broken", "obsolete"}

// String is the reason's word, "" for none.
func (r Reason) String() string { return name(reasonNames[:], int(r)) }

// Doubts is the policy for rows whose outcome is unknown. The numbers are stored.
type Doubts uint8

// The policies.
const (
	// Resend sends a doubtful message once more with the same Message-ID: RFC 1047
	// and RFC 5321 §4.5.3.2.6 prefer a duplicate to a loss.
	Resend Doubts = 0
	// Leave never resends.
	Leave Doubts = 1
)

var doubtsNames = [...]string{"resend", "leave"}

// String is the policy's word.
func (d Doubts) String() string { return name(doubtsNames[:], int(d)) }

// ParseDoubts reads a policy's word; a fault.Invalid on the field "doubts" otherwise.
func ParseDoubts(word string) (Doubts, error) {
	for i, name := range doubtsNames {
		if name == word {
			return Doubts(i), nil
		}
	}
	return 0, fault.Field("doubts", "Doubts are either “resend” or “leave”.")
}

// Figures of the ledger.
const (
	// Group is how many rows one connection has on the wire at most, and so how
	// many doubts one crash can make per connection.
	Group = 16
	// Batch is how many rows one claim takes for one connection.
	Batch = 256
	// Lease is how long a worker's heartbeat may stand still before its rows are taken back.
	Lease = 60 * time.Second
	// StopAfter is how long a worker may fail to beat before it must stop by itself.
	StopAfter = 30 * time.Second
	// LongestWait is more than any row is ever put off for: an hour of the day, a
	// provider's rest, or a temporary refusal after many.
	LongestWait = 26 * time.Hour
	// Patience is how long after its time a queued row is still worth sending.
	Patience = 48 * time.Hour
)

// Item names one claimed row. Every later update repeats the attempt.
type Item struct {
	ID      int64 // the subscriber of a digest's row, or the letter
	Attempt int
}

// Return is some rows that a worker gives back to the queue.
type Return struct {
	Items []Item
	Due   time.Time // when they become due; zero leaves them as they were
}

// Claim is one row that a worker holds.
type Claim struct {
	Item
	Edition string // the edition key; "" for letters
	Group   string // the domain group
}

// Recipient is what the intent gives out about a row that may be handed over.
type Recipient struct {
	Item
	Address  address.Address
	Key      link.Key // the reader's own key; zero for letters
	Moves    int64    // how often the reader's address has changed; see subscriber.Subscriber
	Language string
}

// Intent is the answer to declaring an intent for a group of rows.
type Intent struct {
	Go      []Recipient // now in handing: hand them over
	Skipped []Item      // settled as skipped, or no longer ours
}

// Result is what became of one row that was handed over.
type Result struct {
	Item
	Outcome
	Relay string
}

// Tally counts a digest's rows by state. Deferred is the part of Queued that
// waits after a temporary refusal.
type Tally struct {
	Planned, Queued, Claimed, Handing, Sent, Failed, Skipped, Unknown int
	Deferred, Doubts                                                  int
}

// Settled is how many rows have reached an end.
func (t Tally) Settled() int { return t.Sent + t.Failed + t.Skipped + t.Unknown }

// Reconciled reports whether every planned row has reached exactly one end.
func (t Tally) Reconciled() bool { return t.Planned == t.Settled() }
