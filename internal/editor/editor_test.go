package editor

import (
	"encoding/base64"
	"errors"
	"testing"

	"github.com/collabpulse/weekly/internal/fault"
)

func TestRolesKeepTheirNumbersAndWords(t *testing.T) {
	t.Parallel()
	for word, role := range map[string]Role{"editor": 1, "admin": 2} {
		if got, err := ParseRole(word); err != nil || got != role || role.String() != word {
			t.Errorf("%q is read as %d, %v; %d is %q", word, got, err, role, role)
		}
	}
	for _, word := range []string{"", "Admin", "owner"} {
		_, err := ParseRole(word)
		if f, ok := errors.AsType[*fault.Error](err); !ok || f.Kind != fault.Invalid || f.Field != "role" {
			t.Errorf("%q: %v", word, err)
		}
	}
	if Role(9).String() != "editor" {
		t.Error("a role that is not known must not read as admin")
	}
}

func TestATicketCannotBeGuessedAndIsKnownByItsDigestOnly(t *testing.T) {
	t.Parallel()
	seen := map[Ticket]bool{}
	for range 1000 {
		ticket := NewTicket()
		if raw, err := base64.RawURLEncoding.DecodeString(string(ticket)); err != nil || len(raw) != 32 {
			t.Fatalf("%q: %v", ticket, err)
		}
		if seen[ticket] {
			t.Fatal("the same ticket twice")
		}
		seen[ticket] = true
		if ticket.Digest() != Ticket(string(ticket)).Digest() || ticket.Digest() == NewTicket().Digest() {
			t.Fatal("a digest is one ticket's")
		}
	}
}
