package suppression

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/collabpulse/weekly/internal/fault"
)

var reasons = []Reason{Unsubscribed, Erased, Complaint, HardBounce, NotMe, Manual}

func TestReasonsKeepTheirNumbersAndWords(t *testing.T) {
	t.Parallel()
	words := []string{"unsubscribed", "erased", "complaint", "hard-bounce", "not-me", "manual"}
	for i, word := range words {
		r := Reason(i + 1)
		if got, err := ParseReason(word); err != nil || got != r || r.String() != word {
			t.Errorf("%q is read as %d, %v; %d is %q", word, got, err, r, r)
		}
	}
	_, err := ParseReason("because")
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Kind != fault.Invalid || f.Field != "reason" {
		t.Fatalf("got %v", err)
	}
	for _, word := range words {
		if !strings.Contains(f.Message, word) {
			t.Errorf("the fault does not offer %q: %s", word, f.Message)
		}
	}
}

// Each reason is lifted by one thing: the person's own opting in, time, or an admin.
func TestTheReasonDecidesWhatLiftsASuppression(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	want := map[Reason]struct {
		optIn bool
		hold  time.Duration
	}{
		Unsubscribed: {optIn: true},
		Erased:       {optIn: true},
		Complaint:    {},
		HardBounce:   {hold: 180 * day},
		NotMe:        {hold: 30 * day},
		Manual:       {},
	}
	for _, r := range reasons {
		if r.LiftedByOptIn() != want[r].optIn || r.HoldFor() != want[r].hold {
			t.Errorf("%s: opting in %t, time %v", r, r.LiftedByOptIn(), r.HoldFor())
		}
	}
}

func TestASuppressionHoldsUntilItsEnd(t *testing.T) {
	t.Parallel()
	until := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		until, now time.Time
		want       bool
	}{
		"without an end": {time.Time{}, until.AddDate(100, 0, 0), true},
		"before the end": {until, until.Add(-time.Millisecond), true},
		"at the end":     {until, until, false},
		"after the end":  {until, until.Add(time.Millisecond), false},
	} {
		if got := (Suppression{Until: c.until}).Active(c.now); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
