package fault_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/collabpulse/weekly/internal/fault"
)

func TestAFaultKeepsItsKindHoweverDeepItLies(t *testing.T) {
	t.Parallel()
	inner := fault.New(fault.Conflict, "Somebody else changed digest %d.", 7)
	for _, c := range []struct {
		name string
		err  error
		want fault.Kind
	}{
		{"itself", inner, fault.Conflict},
		{"wrapped", fmt.Errorf("saving: %w", inner), fault.Conflict},
		{"joined", errors.Join(io.EOF, inner), fault.Conflict},
		{"within another fault", fault.Wrap(fault.Unavailable, inner, "Try again later."), fault.Unavailable},
		{"about a field", fault.Field("email", "Please enter an address."), fault.Invalid},
		{"unforeseen", io.ErrUnexpectedEOF, fault.Internal},
		{"none", nil, fault.Internal},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := fault.KindOf(c.err); got != c.want {
				t.Errorf("the kind is %s, want %s", got, c.want)
			}
			if got := fault.Is(c.err, c.want); got != (c.err != nil) {
				t.Errorf("Is says %v", got)
			}
			if fault.Is(c.err, fault.Gone) {
				t.Error("it is every kind")
			}
		})
	}
}

func TestOnlyTheSentenceIsShown(t *testing.T) {
	t.Parallel()
	cause := errors.New("dial tcp 10.0.0.7:5432: connection refused")
	err := fault.Wrap(fault.Unavailable, cause, "The digest of %s cannot be read just now.", "Tuesday")
	if got := fault.Message(fmt.Errorf("digest 7: %w", err)); got != "The digest of Tuesday cannot be read just now." {
		t.Errorf("shown: %q", got)
	}
	if got := err.Error(); got != "The digest of Tuesday cannot be read just now.: "+cause.Error() {
		t.Errorf("logged: %q", got)
	}
	if !errors.Is(err, cause) {
		t.Error("the cause is lost to logs")
	}
	if got := fault.Message(cause); got != "Something went wrong on our side. Please try again in a moment." {
		t.Errorf("an internal error shows %q", got)
	}
}

func TestAFieldsFaultNamesTheField(t *testing.T) {
	t.Parallel()
	err := fault.Field("topic", "There is no topic %q.", "x%y")
	if err.Field != "topic" || err.Kind != fault.Invalid || err.Message != `There is no topic "x%y".` || err.Unwrap() != nil {
		t.Errorf("got %+v", err)
	}
}

func TestKindsHaveNames(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for k := fault.Internal; k <= fault.Unavailable; k++ {
		if name := k.String(); name == "" || seen[name] {
			t.Errorf("kind %d is called %q, as another is", k, name)
		} else {
			seen[name] = true
		}
	}
	if got := fault.Kind(200).String(); got != "internal" {
		t.Errorf("a kind that does not exist is called %q", got)
	}
}
