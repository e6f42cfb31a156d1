package render

import (
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/link"
	"github.com/collabpulse/weekly/internal/outbox"
)

// suffice checks that the letter can do what it is for.
func suffice(f outbox.Facts, kind outbox.Kind) error {
	need := ""
	switch kind {
	case outbox.Confirm, outbox.SignIn, outbox.LeaveByMail:
		need = f.Link
	case outbox.PreferencesByMail:
		need = f.Preferences
	case outbox.Review, outbox.Held, outbox.Paused, outbox.Finished:
		need = f.Console
	case outbox.Welcome, outbox.Already:
		return nil
	default:
		return fault.New(fault.Invalid, "There is no letter of kind %q to write from facts.", kind)
	}
	if web(need) == "" {
		return fault.New(fault.Invalid, "A letter of kind %q needs an absolute link.", kind)
	}
	return nil
}

// letter is a letter as its templates print it.
type letter struct {
	frame
	Link, Latest, Console string
	Preferences           string
	First, SendAt         string // "Tuesday, 24 November 2026 at 09:00 CET"
	Digest, Reason        string
	ConfirmFor, SignInFor string // "7 days", "15 minutes"
	PreferencesFor        string
	Headcount             string // "1,204 readers have it."
	Figures               []figure
	Excluded              string // "3 pending, 1 paused"
}

// sizes is one: no letter is too long.
func (l *letter) sizes() iter.Seq[view] {
	return func(yield func(view) bool) { yield(l) }
}

type figure struct{ Name, Value string }

func (r *Renderer) letter(f outbox.Facts) *letter {
	return &letter{
		frame: r.brand.frame(),
		Link:  web(f.Link), Latest: web(f.Latest), Console: web(f.Console),
		Preferences: web(f.Preferences),
		First:       r.moment(f.First), SendAt: r.moment(f.SendAt),
		Digest: line(f.Digest), Reason: line(f.Reason),
		ConfirmFor:     fmt.Sprintf("%d days", link.ConfirmFor/(24*time.Hour)),
		PreferencesFor: fmt.Sprintf("%d days", link.PreferencesFor/(24*time.Hour)),
		SignInFor:      fmt.Sprintf("%d minutes", link.SignInFor/time.Minute),
		Headcount:      headcount(f.Tally.Sent),
		Figures:        figures(f.Tally),
		Excluded:       excluded(f.Excluded),
	}
}

// moment tells an instant by the brand's clocks, naming the zone.
func (r *Renderer) moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	t = t.In(r.brand.Zone)
	zone, _ := t.Zone()
	if strings.HasPrefix(zone, "+") || strings.HasPrefix(zone, "-") {
		zone = "UTC" + zone // a zone without letters of its own, such as Asia/Dubai
	}
	return t.Format("Monday, 2 January 2006 at 15:04 ") + zone
}

func headcount(sent int) string {
	if sent == 0 {
		return "No reader has it."
	}
	return counted(sent, "reader has it.", "readers have it.")
}

// figures are the rows of a finished digest, those at zero left out but for the
// two that everybody looks for.
func figures(t delivery.Tally) []figure {
	out := []figure{{"Planned", thousands(t.Planned)}, {"Sent", thousands(t.Sent)}}
	rest := []struct {
		name string
		n    int
	}{
		{"Failed", t.Failed},
		{"Skipped", t.Skipped},
		{"Unknown", t.Unknown},
		{"Perhaps twice", t.Doubts},
	}
	for _, r := range rest {
		if r.n > 0 {
			out = append(out, figure{r.name, thousands(r.n)})
		}
	}
	return out
}

func excluded(e digest.Excluded) string {
	var some []string
	for _, x := range e.Reasons() {
		some = append(some, thousands(x.Count)+" "+x.Words)
	}
	return strings.Join(some, ", ")
}
