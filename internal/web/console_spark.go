package web

import "github.com/collabpulse/weekly/internal/progress"

// spark draws how fast a digest went out over the last minutes: one bar for each
// step of the history, the latest at the right. The figures are in its label.
type spark struct {
	Bars  []beat
	Label string
	Top   string // messages a minute of the highest bar
}

// The drawing's measure: bars of 6 units with 2 between, 40 high.
const (
	sparkStep   = 8
	sparkHeight = 40
)

// Width is the view box's.
func (s spark) Width() int { return len(s.Bars)*sparkStep - 2 }

// sparkOf draws a look's history; nothing while nothing went out.
func sparkOf(l progress.Look) spark {
	top := 0
	for _, n := range l.History {
		top = max(top, n)
	}
	if top == 0 {
		return spark{}
	}
	const perMinute = int(60 / (progress.Beat / 1e9))
	s := spark{Top: grouped(top * perMinute)}
	for i, n := range l.History {
		h := (n*sparkHeight + top - 1) / top // anything at all shows
		s.Bars = append(s.Bars, beat{X: i * sparkStep, Y: sparkHeight - h, H: h})
	}
	s.Label = "Messages a minute over the last ten minutes: " + grouped(l.PerMinute()) + " now, " + s.Top + " at most"
	return s
}

// share is a small bar of a table: how much of something is done, of 100.
type share struct{ Done, Stuck int }

// ShareOf is a domain group's.
func (course) ShareOf(g progress.Group) share {
	if g.Planned == 0 {
		return share{}
	}
	return share{Done: g.Settled() * 100 / g.Planned, Stuck: (g.Deferred + g.Held) * 100 / g.Planned}
}
