// Package editor is the people who sign in to the console, and how they do.
//
// There are no passwords. Whoever asks to sign in is mailed a link; opening it
// shows a page with one button, and only pressing that uses the link up, so mail
// scanners that open every link sign nobody in. A session is a row in SQL known
// by the digest of its cookie.
package editor

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"time"

	"github.com/collabpulse/weekly/internal/address"
	"github.com/collabpulse/weekly/internal/fault"
)

// Role is what somebody may do. The numbers are stored.
type Role uint8

// The roles. They are recorded and shown; an admin may do what an editor may.
const (
	Normal Role = 1
	Admin  Role = 2
)

// String is the role's word.
func (r Role) String() string {
	if r == Admin {
		return "admin"
	}
	return "editor"
}

// ParseRole reads a role's word; a fault.Invalid on the field "role" otherwise.
func ParseRole(word string) (Role, error) {
	switch word {
	case "editor":
		return Normal, nil
	case "admin":
		return Admin, nil
	}
	return 0, fault.Field("role", "There is no role %q; use editor or admin.", word)
}

// Editor is one person.
type Editor struct {
	ID      int64
	Address address.Address
	Name    string
	Role    Role
	Created time.Time
}

// SessionFor is how long a session lasts without use.
const SessionFor = 14 * 24 * time.Hour

// Session is one signed-in browser.
type Session struct {
	Editor  Editor
	Created time.Time
	Expires time.Time
}

// Ticket is a session cookie's value: 32 random octets in base64url.
type Ticket string

// NewTicket draws a ticket.
func NewTicket() Ticket {
	var b [32]byte
	rand.Read(b[:]) // never fails since Go 1.24
	return Ticket(base64.RawURLEncoding.EncodeToString(b[:]))
}

// Digest is what is stored of a ticket, so that a stolen database signs nobody in.
func (t Ticket) Digest() [sha256.Size]byte { return sha256.Sum256([]byte(t)) }
