package consent

import (
	"strings"
	"testing"
)

func TestKindsKeepTheirNumbersAndWords(t *testing.T) {
	t.Parallel()
	for i, word := range []string{"", "asked", "confirmed", "imported", "changed", "left", "suppressed", "erased", "returned", ""} {
		if got := Kind(i).String(); got != word {
			t.Errorf("kind %d is %q, want %q", i, got, word)
		}
	}
}

// A consent is worth what it says (GDPR Art. 7): who sends, how often, and that
// one may leave.
func TestTheWordingSaysWhatIsAgreedTo(t *testing.T) {
	t.Parallel()
	for _, part := range []string{"Collab Pulse Weekly", "a week", "leave"} {
		if !strings.Contains(Wording, part) {
			t.Errorf("%q is not in %q", part, Wording)
		}
	}
}
