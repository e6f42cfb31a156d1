package digest

import (
	"slices"

	"github.com/collabpulse/weekly/internal/fault"
)

// Audience is whom a digest is for among those who read. The numbers are stored.
type Audience uint8

// The audiences. Whoever left gets nothing, whichever it is.
const (
	Everybody Audience = 0
	// Received is who has the digest that this one corrects, or may have it: a copy
	// in doubt counts.
	Received Audience = 1
	// Missed is who has not got it for certain, of those who were there when it was
	// launched.
	Missed Audience = 2
)

var audienceNames = [...]string{"everybody", "received", "missed"}

// String is the audience's word, "unknown" for a number that a later release stored.
func (a Audience) String() string {
	if int(a) < len(audienceNames) {
		return audienceNames[a]
	}
	return "unknown"
}

// ParseAudience reads the word of a correction's audience; a fault.Invalid on the
// field "to" otherwise.
func ParseAudience(word string) (Audience, error) {
	for _, a := range []Audience{Received, Missed} {
		if a.String() == word {
			return a, nil
		}
	}
	return 0, fault.Field("to", "A correction goes to those who “received” the digest or to those who “missed” it.")
}

// Exclusion is so many readers whom a digest was not planned for, and why, as a phrase
// to go behind the number.
type Exclusion struct {
	Count int
	Words string
}

// Reasons are the exclusions that there are.
func (e Excluded) Reasons() []Exclusion {
	return slices.DeleteFunc([]Exclusion{
		{e.NoStories, "with nothing in their topics"}, {e.Pending, "not confirmed yet"}, {e.Paused, "paused"},
		{e.Unsubscribed, "unsubscribed"}, {e.Suppressed, "suppressed"}, {e.Erased, "erased"},
		{e.OutsideAudience, "not in the audience"}, {e.NotTheirWeek, "whose week it is not"},
	}, func(x Exclusion) bool { return x.Count == 0 })
}
