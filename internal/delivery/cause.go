package delivery

// Cause counts the rows of one digest that came to the same end for the same
// reason.
type Cause struct {
	State  State // Failed or Skipped
	Reason Reason
	Code   int // the relay's reply code (RFC 5321 §4.2), 0 when no relay said anything
	Count  int
}
