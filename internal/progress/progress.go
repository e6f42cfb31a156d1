// Package progress says how far a digest has got: how many readers have it, how fast
// it goes out and how long the rest takes, which mail providers hold it up and why,
// and what the relays are doing.
//
//	ledger ──count──▶ cells ──sum──▶ look ──▶ every page, stream and terminal
//
// The ledger counts a digest's rows in one pass and gives cells: so many rows of the
// same kind. Everything people see is a sum of cells, so a look is of one moment, and
// no figure in it contradicts another. The rate is part of the same pass, because
// each row says when it last changed: nobody has to remember an earlier look, and two
// processes that look at the same time see the same.
//
// A pass over a million rows takes the database the better part of a second. So a
// Watch shares its looks among everybody in the process who wants one, and never
// spends more than a twentieth of the time counting.
//
// What the ledger cannot know, such as whether a relay answers this minute, workers
// report with their heartbeats.
package progress

import (
	"cmp"
	"slices"
	"time"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/digest"
)

// Figures of a look.
const (
	// Beat is the length of one step of the history.
	Beat = 15 * time.Second
	// Beats is how many steps the history goes back: ten minutes.
	Beats = 40
	// Named is how many domain groups are told apart; all smaller ones are one.
	Named = 12
)

// minute is how many beats the rate is taken over.
const minute = int(time.Minute / Beat)

// Wait is what a queued row waits for.
type Wait uint8

// The waits. The numbers are those of the counting query.
const (
	NoWait   Wait = iota // it is not queued
	Due                  // for a worker
	Deferred             // a receiving side said "later", and the row waits until it asks again
	Held                 // its domain group rests, or may have no more for now, or nobody today
	Later                // for its reader's hour of the day
)

// Cell is so many rows of a digest that are alike.
type Cell struct {
	Group    string // the domain group, "" for all that are not told apart
	Relay    string // who answered last, "" for nobody yet
	State    delivery.State
	Reason   delivery.Reason
	Wait     Wait
	Doubtful bool      // an outcome of theirs was unknown at least once
	Ago      int       // in which beat they were handed over: 1 is the latest, 0 before the history
	Code     int       // what a receiving side said that put them off; 0 unless deferred
	Enhanced string    // the same as an enhanced status code (RFC 3463)
	Count    int       // how many there are
	LastDue  time.Time // when the last of them is due
}

// Count is a digest's rows as they were counted at one moment.
type Count struct {
	At                         time.Time
	State                      digest.State
	Launched, Frozen, Finished time.Time // zero until then
	Cells                      []Cell
}

// Look is how far a digest has got.
type Look struct {
	Count
	Again time.Duration // when a newer look may be had, from At on

	Tally     delivery.Tally
	Due       int       // queued and waiting for a worker
	Held      int       // queued, but their domain group must wait, or everybody until tomorrow
	Later     int       // queued for their reader's hour
	LastLater time.Time // when the last of these is due
	Resent    int       // in doubt once, and sent again or about to be
	Skips     []Skip    // most first
	Deferrals []Deferral
	Groups    []Group // largest first, the smaller ones together at the end
	Relays    []Relay // by name
	History   [Beats]int
	WarmUp    Warmth // zero on a day without a limit
}

// Warmth is today in the calendar of a new sender.
type Warmth struct {
	delivery.Allowance
	Used int // mails of digests that are out today
}

// UsedUp reports whether the rest waits for tomorrow.
func (w Warmth) UsedUp() bool { return w.Most > 0 && w.Used >= w.Most }

// Skip counts rows that were not to be mailed after all.
type Skip struct {
	Reason delivery.Reason
	Count  int
}

// Deferral counts rows that wait because of the same answer.
type Deferral struct {
	Code     int
	Enhanced string
	Count    int
}

// Group is a domain group's part of a digest.
type Group struct {
	Name                          string // "" for all that are not told apart
	Planned, Sent, Failed         int
	Queued, Deferred, Held, Later int // Queued includes the others
	Rest                          time.Time
	Width                         int // lanes that may send to it, 0 for any number
}

// Settled is how many of the group's rows have reached an end.
func (g Group) Settled() int { return g.Planned - g.Queued }

// Sum makes a look out of a count and what workers report.
func Sum(c Count, reports []Report) Look {
	l := Look{Count: c}
	skips, deferrals := map[delivery.Reason]int{}, map[Deferral]int{}
	groups, relays := map[string]*Group{}, map[string]*Relay{}
	for _, cell := range c.Cells {
		l.add(cell)
		in(groups, cell.Group).add(cell)
		if cell.Relay != "" {
			in(relays, cell.Relay).add(cell)
		}
		if cell.State == delivery.Skipped {
			skips[cell.Reason] += cell.Count
		}
		if cell.Wait == Deferred {
			deferrals[Deferral{Code: cell.Code, Enhanced: cell.Enhanced}] += cell.Count
		}
	}
	for reason, n := range skips {
		l.Skips = append(l.Skips, Skip{reason, n})
	}
	for d, n := range deferrals {
		l.Deferrals = append(l.Deferrals, Deferral{d.Code, d.Enhanced, n})
	}
	l.told(reports, groups, relays)
	l.sort(groups, relays)
	return l
}

// in is the entry of a name, a new one the first time.
func in[T any](all map[string]*T, name string) *T {
	if all[name] == nil {
		all[name] = new(T)
	}
	return all[name]
}

func (l *Look) add(c Cell) {
	t := &l.Tally
	t.Planned += c.Count
	switch c.State {
	case delivery.Queued:
		t.Queued += c.Count
		l.addWaiting(c)
	case delivery.Claimed:
		t.Claimed += c.Count
	case delivery.Handing:
		t.Handing += c.Count
	case delivery.Sent:
		t.Sent += c.Count
	case delivery.Failed:
		t.Failed += c.Count
	case delivery.Skipped:
		t.Skipped += c.Count
	case delivery.Unknown:
		t.Unknown += c.Count
	}
	if c.Doubtful {
		t.Doubts += c.Count
		if c.State != delivery.Unknown {
			l.Resent += c.Count
		}
	}
	if c.Ago > 0 && c.Ago <= Beats {
		l.History[Beats-c.Ago] += c.Count
	}
}

func (l *Look) addWaiting(c Cell) {
	switch c.Wait {
	case Due:
		l.Due += c.Count
	case Deferred:
		l.Tally.Deferred += c.Count
	case Held:
		l.Held += c.Count
	case Later:
		l.Later += c.Count
		if c.LastDue.After(l.LastLater) {
			l.LastLater = c.LastDue
		}
	}
}

func (g *Group) add(c Cell) {
	g.Planned += c.Count
	switch c.State {
	case delivery.Sent:
		g.Sent += c.Count
	case delivery.Failed:
		g.Failed += c.Count
	case delivery.Queued, delivery.Claimed, delivery.Handing:
		g.Queued += c.Count
	}
	switch c.Wait {
	case Deferred:
		g.Deferred += c.Count
	case Held:
		g.Held += c.Count
	case Later:
		g.Later += c.Count
	}
}

// sort puts everything in the order in which it is shown.
func (l *Look) sort(groups map[string]*Group, relays map[string]*Relay) {
	for name, g := range groups {
		g.Name = name
		l.Groups = append(l.Groups, *g)
	}
	for name, r := range relays {
		r.Name = name
		l.Relays = append(l.Relays, *r)
	}
	slices.SortFunc(l.Groups, func(a, b Group) int {
		if (a.Name == "") != (b.Name == "") {
			return cmp.Compare(b.Name, a.Name) // "" comes last
		}
		return cmp.Or(cmp.Compare(b.Planned, a.Planned), cmp.Compare(a.Name, b.Name))
	})
	slices.SortFunc(l.Relays, func(a, b Relay) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(l.Skips, func(a, b Skip) int { return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Reason, b.Reason)) })
	slices.SortFunc(l.Deferrals, func(a, b Deferral) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Enhanced, b.Enhanced))
	})
}
