// Package digest is one week's number, from the stories that are new to the
// moment the last reader has it.
//
//	            ┌────────── edit voids approval ───────────┐
//	compose ─▶ draft ──approve──▶ approved ──launch──▶ sending ──▶ sent
//	   │         │                  │                   │  ▲
//	   │         └── too late ─▶ held ── send now ──────┤  │
//	   └─▶ skipped (nothing new)                     pause resume
//	                                                    ▼  │
//	                        cancelled ◀── cancel ──── paused
//
// A digest for the weekly slot is a unique row (schedule, local date), so however
// many schedulers run and however often they restart there is one per slot.
// Approval freezes a snapshot and its hash, and what is sent is that snapshot: an
// edit afterwards voids the approval instead of slipping in.
package digest

import (
	"time"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/spotlight"
	"github.com/collabpulse/weekly/internal/story"
)

// State is where a digest stands. The numbers are stored.
type State uint8

// The states.
const (
	Draft     State = 0
	Approved  State = 1
	Sending   State = 2
	Sent      State = 3
	Skipped   State = 4 // nothing new; Reason says so
	Held      State = 5 // not to be launched by itself; an editor decides
	Paused    State = 6
	Cancelled State = 7
)

var stateNames = [...]string{"draft", "approved", "sending", "sent", "skipped", "held", "paused", "cancelled"}

// String is the state's word, "unknown" for a number that a later release stored.
func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return "unknown"
}

// Digest is one number.
type Digest struct {
	ID         int64
	State      State
	Reason     string // why it is skipped, held, paused or cancelled: a sentence
	Slot       Slot   // zero when composed by hand
	Window     Window
	Subject    string
	Preheader  string
	Intro      string    // plain text, blank lines part paragraphs
	SendAt     time.Time // when it is launched once approved; zero for "not scheduled"
	Composed   time.Time
	Approved   time.Time
	ApprovedBy string // the editor's address or name at the time
	Launched   time.Time
	Frozen     time.Time // when the audience was complete
	Paused     time.Time // since when it is paused, zero while it is not
	Finished   time.Time
	Hash       string // of the approved snapshot, "" without approval
	Salt       delivery.Salt
	Doubts     delivery.Doubts
	Excluded   Excluded
	Audience   Audience
	Charge     string // the relays' answer it paused for by itself, such as "550 5.1.1"; "" for none
	Corrects   int64  // the digest it corrects, for its Audience; 0 for none
	Version    int    // counts edits; a form carries the one it was made from
	LineUp     LineUp
}

// Day is the day on the masthead, as an instant of it: that of the time the digest
// is to be sent, or now for one without a time, or whose time was missed.
func (d Digest) Day(now time.Time) time.Time {
	if d.State == Held || d.SendAt.Before(now) {
		return now
	}
	return d.SendAt
}

// SameDay reports whether the zone's calendar has one day for both instants.
func SameDay(a, b time.Time, zone *time.Location) bool {
	return a.In(zone).Format(time.DateOnly) == b.In(zone).Format(time.DateOnly)
}

// Due reports whether the digest is to be launched by itself now: its time has
// come, and is not more than LateAfter past.
func (d Digest) Due(now time.Time) bool {
	return d.State == Approved && !d.SendAt.IsZero() && !d.SendAt.After(now) && now.Sub(d.SendAt) <= LateAfter
}

// Window is the span of time whose stories a digest takes: From < appeared ≤ To.
// It reaches Overlap into the one before it; what that one offered is left out.
type Window struct{ From, To time.Time }

// Slot is one turn of the schedule.
type Slot struct {
	Schedule string    // the schedule's name
	Date     string    // local date, 2006-01-02
	At       time.Time // the instant
}

// IsZero reports whether there is no slot.
func (s Slot) IsZero() bool { return s.Schedule == "" }

// Excluded counts, by reason, the subscribers a freeze did not plan for.
type Excluded struct {
	Pending, Paused, Unsubscribed, Suppressed, Erased int
	NoStories                                         int // active, but nothing in their topics
	OutsideAudience                                   int // active, but the correction is not for them
	NotTheirWeek                                      int // active, but they want fewer digests than all
}

// LineUp is the stories and spotlights of a digest, in order.
type LineUp struct {
	Places   []Place
	Features []Feature
}

// Place is one story in the line-up. Sections are the places of one topic in
// ascending Position; a place that is not included is offered to the editor.
type Place struct {
	Story    story.Story
	Position int
	Included bool
}

// Feature is one spotlight in the line-up.
type Feature struct {
	Spotlight spotlight.Spotlight
	Included  bool
}

// Included lists the included stories in order.
func (l LineUp) Included() []story.Story {
	var stories []story.Story
	for _, p := range l.Places {
		if p.Included {
			stories = append(stories, p.Story)
		}
	}
	return stories
}

// Empty reports whether nothing at all is included.
func (l LineUp) Empty() bool {
	for _, f := range l.Features {
		if f.Included {
			return false
		}
	}
	return len(l.Included()) == 0
}

// Action is what an editor, the scheduler or a command does to a digest.
type Action string

// The actions.
const (
	Edit    Action = "change"
	Approve Action = "approve"
	Launch  Action = "send"
	Pause   Action = "pause"
	Resume  Action = "resume"
	Cancel  Action = "cancel"

	// Correct makes a corrected digest of it for a part of its readers.
	Correct Action = "correct"

	// ResendDoubts sends the copies whose fate nobody knows once more.
	ResendDoubts Action = "resend"
)

var allowed = map[Action][]State{
	Edit:    {Draft, Approved, Held},
	Approve: {Draft, Held},
	Launch:  {Approved, Held},
	Pause:   {Sending},
	Resume:  {Paused},
	Cancel:  {Draft, Approved, Held, Sending, Paused},

	Correct: {Sent, Cancelled},

	ResendDoubts: {Sending, Sent},
}

// Check says whether the action is allowed in the state: nil, or a
// fault.Conflict whose message says what the digest is.
func Check(s State, a Action) error {
	for _, from := range allowed[a] {
		if s == from {
			return nil
		}
	}
	return fault.New(fault.Conflict, "This digest is %s, so you cannot %s it.", s, a)
}

// StaleAfter is how long a digest may be paused and still go on without a second
// thought.
const StaleAfter = 24 * time.Hour

// Stale reports whether the digest has been paused for longer than StaleAfter.
func (d Digest) Stale(now time.Time) bool {
	return d.State == Paused && now.Sub(d.Paused) > StaleAfter
}

// AskToResume is nil for a pause that was short, and otherwise the fault.Conflict
// that says how long it was and what going on means.
func (d Digest) AskToResume(now time.Time) error {
	if !d.Stale(now) {
		return nil
	}
	return fault.New(fault.Conflict, "This digest was paused %d hours ago, and what it says may be old by now. Confirm that it is to go out to those who have not got it yet, or cancel it.",
		int(now.Sub(d.Paused).Hours()))
}

// LateAfter is how late a slot may be found and still be launched by itself.
const LateAfter = 6 * time.Hour
