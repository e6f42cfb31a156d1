// Package consent is the append-only evidence of who agreed to or withdrew
// what, when, from where and to which wording (GDPR Art. 7(1)).
//
// A row is written in the transaction that changes the subscriber. Nothing ever
// updates one; erasing a subscriber reduces theirs to hash, time and wording.
package consent

import (
	"time"

	"github.com/collabpulse/weekly/internal/address"
	"github.com/collabpulse/weekly/internal/subscriber"
)

// Kind is what happened. The numbers are stored.
type Kind uint8

// The kinds of consent.
const (
	Asked      Kind = 1 // filled in the sign-up form
	Confirmed  Kind = 2 // pressed the button behind the mailed link
	Imported   Kind = 3 // brought along by an operator, who vouches for it
	Changed    Kind = 4 // changed topics, pace or language
	Left       Kind = 5 // left by page, one click or mail
	Suppressed Kind = 6 // an operator or a bounce ended it
	Erased     Kind = 7 // asked to be forgotten
	Returned   Kind = 8 // took leaving back at once
)

var kindNames = map[Kind]string{
	Asked: "asked", Confirmed: "confirmed", Imported: "imported", Changed: "changed",
	Left: "left", Suppressed: "suppressed", Erased: "erased", Returned: "returned",
}

// String is the kind's word, as exports show it.
func (k Kind) String() string { return kindNames[k] }

// Consent is one piece of evidence.
type Consent struct {
	ID         int64
	Subscriber int64
	Address    address.Hash
	Kind       Kind
	At         time.Time
	Evidence   subscriber.Evidence
}

// Wording is the sentence a reader agrees to by sending the sign-up form. It is
// stored with each consent; change it here and old evidence keeps the old text.
const Wording = "Yes, send me Collab Pulse Weekly, one email a week at most. I can leave with one click at any time."
