// Package fault names the few kinds of failure the rest of the service tells
// apart, and carries the one sentence that is safe to show to whoever caused it.
//
// A fault is made where the rule is broken (a domain package, the store) and
// turned into a page, a JSON answer or an exit status in exactly one place per
// surface. Any error that is not a fault is internal: its text goes to the log
// and the person sees a request id and nothing else. Messages therefore never
// hold an address, a token or another error's text.
package fault

import (
	"errors"
	"fmt"
)

// Kind says what class of failure happened, and so what the person can do.
type Kind uint8

// The kinds, from "we broke" to "you must wait".
const (
	// Internal is anything unforeseen: a bug, a broken disk.
	Internal Kind = iota
	// Invalid is input that breaks a rule; the message says which and how to mend it.
	Invalid
	// NotFound is a thing that does not exist, or that this person may not know exists.
	NotFound
	// Conflict is an action that the present state of the thing does not allow.
	Conflict
	// Gone is a link or thing that once worked and no longer does.
	Gone
	// Limited is too much, too fast.
	Limited
	// Unauthorised is an action that needs somebody signed in.
	Unauthorised
	// Forbidden is an action that this person's role does not include.
	Forbidden
	// Unavailable is a dependency that is away; trying later helps.
	Unavailable
)

var names = [...]string{"internal", "invalid", "not found", "conflict", "gone", "limited", "unauthorised", "forbidden", "unavailable"}

// String is the kind's name as logs and JSON answers show it.
func (k Kind) String() string {
	if int(k) < len(names) {
		return names[k]
	}
	return names[Internal]
}

// Error is a failure with a kind and a sentence that may be shown.
type Error struct {
	Kind    Kind
	Message string // one sentence, safe to show, saying what to do
	Field   string // the form field or setting it concerns, or ""
	cause   error
}

// Error is the message, followed by the cause for logs.
func (e *Error) Error() string {
	if e.cause == nil {
		return e.Message
	}
	return e.Message + ": " + e.cause.Error()
}

// Unwrap is the error underneath, if any; it is for logs and never shown.
func (e *Error) Unwrap() error { return e.cause }

// New makes a fault of the kind with a formatted message.
func New(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
}

// Field makes an Invalid fault about one field.
func Field(field, format string, args ...any) *Error {
	return &Error{Kind: Invalid, Field: field, Message: fmt.Sprintf(format, args...)}
}

// Wrap makes a fault of the kind around a cause that only logs may show.
func Wrap(kind Kind, cause error, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...), cause: cause}
}

// KindOf is the kind of the outermost fault in err's chain; Internal when there is none.
func KindOf(err error) Kind {
	if f, ok := errors.AsType[*Error](err); ok {
		return f.Kind
	}
	return Internal
}

// Is reports whether err is a fault of the kind.
func Is(err error, kind Kind) bool { return err != nil && KindOf(err) == kind }

// Message is the sentence that may be shown for err; for an internal error
// one that gives nothing away.
func Message(err error) string {
	if f, ok := errors.AsType[*Error](err); ok {
		return f.Message
	}
	return "Something went wrong on our side. Please try again in a moment."
}
