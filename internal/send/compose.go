package send

import (
	"context"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/message"
)

// Composer makes the mail for one row. What its error means decides over the
// row: an *Unmailable settles it as broken, an *Unprintable pauses the digest,
// any other is taken to pass, so the row is put off.
type Composer interface {
	Compose(ctx context.Context, scope delivery.Scope, claim delivery.Claim, to delivery.Recipient) (message.Message, error)
}

// ByScope sends the rows of digests to one composer and letters to the other.
func ByScope(digests, letters Composer) Composer { return byScope{digests, letters} }

type byScope struct{ digests, letters Composer }

// Compose asks the composer of the scope.
func (b byScope) Compose(ctx context.Context, scope delivery.Scope, claim delivery.Claim, to delivery.Recipient) (message.Message, error) {
	if scope == delivery.Outbox {
		return b.letters.Compose(ctx, scope, claim, to)
	}
	return b.digests.Compose(ctx, scope, claim, to)
}

// Unmailable is why the mail of one row can never be made.
type Unmailable struct{ Cause error }

// Error names the cause.
func (e *Unmailable) Error() string { return "send: this mail cannot be made: " + e.Cause.Error() }

// Unwrap is the cause.
func (e *Unmailable) Unwrap() error { return e.Cause }

// Unprintable is why an edition of a digest can never be made: a template that
// fails, a snapshot that is not what was approved. Nobody who is to get that
// edition can, so it is our fault and stops the digest.
type Unprintable struct{ Cause error }

// Error names the cause.
func (e *Unprintable) Error() string { return "send: this edition cannot be made: " + e.Cause.Error() }

// Unwrap is the cause.
func (e *Unprintable) Unwrap() error { return e.Cause }

const pauseReason = "An edition of this digest could not be made; the log says which and why."

// unprintable is what Drain answers when it had to pause a digest.
func unprintable(cause error) error { return fault.Wrap(fault.Conflict, cause, "%s", pauseReason) }

// final reports whether the store's answer will be the same when asked again. A
// database that is away, or any failure we do not know, may pass.
func final(err error) bool {
	switch fault.KindOf(err) {
	case fault.Invalid, fault.NotFound, fault.Conflict, fault.Gone:
		return true
	}
	return false
}
