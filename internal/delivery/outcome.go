package delivery

import (
	"math/rand/v2"
	"strings"
	"time"
)

// Verdict is the class of a relay's answer.
type Verdict uint8

// The verdicts.
const (
	// Accepted: the relay took responsibility.
	Accepted Verdict = iota
	// RefusedForGood: a 5yz reply; asking again brings the same (RFC 5321 §4.2.1).
	RefusedForGood
	// Deferred: a 4yz reply, or the connection broke at this very message; later may work.
	Deferred
	// InDoubt: the final dot was sent and no reply came.
	InDoubt
	// NotTried: the connection failed before this message's turn; nothing is held
	// against the message.
	NotTried
)

var verdictNames = [...]string{"accepted", "refused", "deferred", "in doubt", "not tried"}

// String is the verdict's word, as logs and metrics show it.
func (v Verdict) String() string { return name(verdictNames[:], int(v)) }

// Outcome is what a relay answered to one message.
type Outcome struct {
	Verdict  Verdict
	Stage    Stage  // where the relay said it
	Code     int    // SMTP reply code, 0 when there was none
	Enhanced string // enhanced status code (RFC 3463), "" when there was none
	Text     string // what went wrong, for logs: never the recipient's address
}

// Throttled reports whether the answer says that we send too much to this domain
// group for now, as Gmail (421 4.7.28), Outlook (421 4.7.650, 451 4.7.500) and Yahoo
// (421 4.7.0) do, and not that this one mailbox or the relay is busy.
func (o Outcome) Throttled() bool {
	if o.Verdict != Deferred || !strings.HasPrefix(o.Enhanced, "4.7.") {
		return false
	}
	return o.Code == 421 || o.Enhanced == "4.7.28" || o.Enhanced == "4.7.500" || o.Enhanced == "4.7.650"
}

// MaxTries is how many temporary refusals a row may collect before it fails.
const MaxTries = 12

// BackOff is how long to wait after the given number of temporary refusals: one
// minute, doubled each time up to four hours, give or take a fifth so that a
// crowd does not come back at once. RFC 5321 §4.5.4.1 asks for patience.
func BackOff(tries int) time.Duration {
	wait := min(time.Minute<<min(max(tries-1, 0), 8), 4*time.Hour)
	jitter := time.Duration(rand.Int64N(int64(wait)*2/5+1)) - wait/5
	return wait + jitter
}
