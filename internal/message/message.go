// Package message is one mail as the service means it, before go-mail turns it
// into bytes: who gets it, what it says, and which of the list fields it needs.
// A mail that goes to many is compiled into a Print first, and each reader's
// message then only names what is theirs.
package message

import (
	"time"

	"github.com/collabpulse/weekly/internal/address"
)

// Message is one mail to one person.
type Message struct {
	To       address.Address
	ID       string // left part of the Message-ID (RFC 5322 §3.6.4); the domain of From is the right part
	Return   string // token in the VERP envelope sender, "" for the plain bounce address
	Subject  string
	Text     string // never empty without a Print
	HTML     string // "" for a text-only mail
	Language string // Content-Language (RFC 3282)
	Date     time.Time
	// Leave is the one-click URL. A mail that has one is a list mail and carries
	// List-Unsubscribe, List-Unsubscribe-Post (RFC 8058), List-Id (RFC 2919) and
	// Precedence; one without is a reply to somebody's own action and carries
	// Auto-Submitted: auto-generated (RFC 3834 §5).
	Leave string
	// Preferences is where the reader changes what they get. It stands in prints alone.
	Preferences string
	// Print holds what this message shares with others, ready for the wire.
	// Subject, Text, HTML and Language stand in it then and are empty here.
	Print *Print
}
