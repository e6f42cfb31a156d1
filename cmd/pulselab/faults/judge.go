package faults

import (
	"fmt"
	"slices"
	"time"

	"github.com/collabpulse/weekly/internal/delivery"
)

// Row is what the ledger says of one reader.
type Row struct {
	State  delivery.State
	Reason delivery.Reason
	Doubts int
}

// Absence is a reader who asked not to be mailed, and when that was acknowledged;
// the zero time when no answer came, so that it may or may not have been taken.
type Absence struct {
	Acknowledged time.Time
	Connections  int // open to the relay at that moment
}

// Break is a pause: nothing may begin in it beyond the groups in hand.
type Break struct {
	From, To    time.Time
	Connections int
}

// Evidence is what a run leaves behind: what the relay recorded, what the ledger
// says, and what the harness did.
type Evidence struct {
	Readers []string // active when the digest was launched
	Mails   []Mail
	Refused map[string]int
	Left    map[string]Absence
	Pauses  []Break

	State   string
	Planned int
	Counts  map[delivery.State]int // as the product tells them
	Rows    map[string]Row
	Strays  int // rows that belong to no reader we know

	AtStake int // messages that crashes and breaks may have left in doubt
}

// Sum are the figures of a run.
type Sum struct {
	Mails      int `json:"mails"`
	Doubts     int `json:"doubts"`
	Duplicates int `json:"duplicates"` // copies beyond each reader's first
	Missing    int `json:"missing"`
	Refused    int `json:"refused"`
	Left       int `json:"left"`
	Late       int `json:"late"` // mails begun after the reader's leaving was acknowledged
	AtStake    int `json:"at_stake"`
}

// Judge holds the recorder against the ledger and names every broken promise. It
// believes the recorder, and the ledger only where it accuses itself.
func Judge(e Evidence) (sum Sum, findings []string) {
	j := judge{Evidence: e, copies: map[string]int{}}
	for _, m := range e.Mails {
		j.copies[m.To]++
	}
	j.sum = Sum{Mails: len(e.Mails), Refused: len(e.Refused), Left: len(e.Left), AtStake: e.AtStake}
	j.reconcile()
	for _, reader := range e.Readers {
		j.reader(reader)
	}
	j.strangers()
	j.doubts()
	j.late()
	j.paused()
	return j.sum, j.findings
}

type judge struct {
	Evidence
	copies   map[string]int
	sum      Sum
	findings []string
	told     map[string]int
}

// toldAtMost are the readers named for one kind of failure: the rest are counted.
const toldAtMost = 5

func (j *judge) find(format string, args ...any) {
	if j.told == nil {
		j.told = map[string]int{}
	}
	if j.told[format]++; j.told[format] <= toldAtMost {
		j.findings = append(j.findings, fmt.Sprintf(format, args...))
	} else if j.told[format] == toldAtMost+1 {
		j.findings = append(j.findings, "… and more of the same")
	}
}

// reconcile: the digest is sent, and planned = sent + failed + skipped + unknown,
// in what the product tells and in the rows themselves.
func (j *judge) reconcile() {
	if j.State != "sent" {
		j.find("the digest is %s, not sent", j.State)
	}
	byRow := map[delivery.State]int{}
	for _, row := range j.Rows {
		byRow[row.State]++
	}
	settled := 0
	for _, state := range []delivery.State{delivery.Sent, delivery.Failed, delivery.Skipped, delivery.Unknown} {
		settled += byRow[state]
		if byRow[state] != j.Counts[state] {
			j.find("the product tells of %d %s, the ledger has %d", j.Counts[state], state, byRow[state])
		}
	}
	if settled != j.Planned || len(j.Rows) != j.Planned || j.Strays > 0 {
		j.find("the ledger does not add up: %d planned, %d rows, %d settled, %d of nobody", j.Planned, len(j.Rows), settled, j.Strays)
	}
}

// reader: got it once, or the ledger truly says why not.
func (j *judge) reader(who string) {
	row, planned := j.Rows[who]
	absence, left := j.Left[who]
	copies := j.copies[who]
	if extra := copies - 1; extra > 0 {
		j.sum.Duplicates += extra
		if extra > row.Doubts {
			j.find("%s got %d mails with %d doubts in the ledger (%s)", who, copies, row.Doubts, row.State)
		}
	}
	if copies > 0 {
		return
	}
	switch {
	case row.State == delivery.Failed && j.Refused[who] > 0:
	case left && (!planned || row.State == delivery.Skipped):
	case row.State == delivery.Unknown && row.Doubts > 1:
	default:
		j.sum.Missing++
		j.find("%s got nothing and the ledger says %s (planned %t, %d doubts, refused %d times, asked to leave %t at %s)",
			who, row.State, planned, row.Doubts, j.Refused[who], left, absence.Acknowledged.Format(time.TimeOnly))
	}
}

// strangers: nobody is mailed who is not a reader.
func (j *judge) strangers() {
	for who := range j.copies {
		if !slices.Contains(j.Readers, who) {
			j.find("%s was mailed and is no reader", who)
		}
	}
}

// doubts: no more of them than what was on the wire when something broke.
func (j *judge) doubts() {
	for _, row := range j.Rows {
		j.sum.Doubts += row.Doubts
	}
	if j.sum.Doubts > j.AtStake {
		j.find("%d doubts, and at most %d were on the wire when something broke", j.sum.Doubts, j.AtStake)
	}
}

// late: who left gets no more than what was in hand.
func (j *judge) late() {
	allowed := 0
	for _, m := range j.Mails {
		a, left := j.Left[m.To]
		if left && !a.Acknowledged.IsZero() && m.Begun.After(a.Acknowledged) {
			j.sum.Late++
			allowed = max(allowed, delivery.Group*a.Connections)
		}
	}
	if j.sum.Late > allowed {
		j.find("%d mails were begun after their readers had left, and at most %d were in hand", j.sum.Late, allowed)
	}
}

// paused: a pause stops all but what was in hand.
func (j *judge) paused() {
	for _, p := range j.Pauses {
		n := 0
		for _, m := range j.Mails {
			if m.Begun.After(p.From) && m.Begun.Before(p.To) {
				n++
			}
		}
		if n > delivery.Group*p.Connections {
			j.find("%d mails were begun while the digest was paused, and at most %d were in hand", n, delivery.Group*p.Connections)
		}
	}
}
