package digest

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/collabpulse/weekly/internal/fault"
)

// Order asks for a digest to be composed.
type Order struct {
	Slot   Slot      // zero when an editor or operator asks by hand
	Since  time.Time // take stories that appeared after this; zero for "since the last digest"
	Limits Limits
	Form   Form
}

// Form names one filled-in form, so that a digest asked for with it twice, by a second
// click or a browser that tries again, is made once. The zero value is no form: each
// such order makes a digest of its own.
type Form string

// ParseForm takes the name that a form came with. One that cannot be ours is none.
func ParseForm(text string) Form {
	if len(text) > 64 || strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "" {
		return ""
	}
	return Form(text)
}

// FirstWindow is how far the first digest of all looks back.
const FirstWindow = 14 * 24 * time.Hour

// Overlap is how far a window reaches back into the one before it. A story bears
// the moment its feed was looked at and is there a little later, when the look is
// written: one looked at just before a digest was composed may have missed it. A
// look takes minutes at the most.
const Overlap = time.Hour

// Texts are what an editor writes into a digest.
type Texts struct {
	Subject   string
	Preheader string
	Intro     string
}

// Check says which text is too long or missing, as a fault.Invalid on its field.
func (t Texts) Check() error {
	switch {
	case strings.TrimSpace(t.Subject) == "":
		return fault.Field("subject", "A digest needs a subject.")
	case utf8.RuneCountInString(t.Subject) > MaxSubject:
		return fault.Field("subject", "The subject is longer than %d characters.", MaxSubject)
	case utf8.RuneCountInString(t.Preheader) > MaxPreheader:
		return fault.Field("preheader", "The preheader is longer than %d characters.", MaxPreheader)
	case utf8.RuneCountInString(t.Intro) > MaxIntro:
		return fault.Field("intro", "The intro is longer than %d characters.", MaxIntro)
	}
	return nil
}
