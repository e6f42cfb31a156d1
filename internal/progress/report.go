package progress

import (
	"time"

	"github.com/collabpulse/weekly/internal/delivery"
)

// Report is what one worker says of itself with its heartbeat. It holds no address
// and no secret: relays are named by host and port.
type Report struct {
	Relays []RelayState `json:"relays,omitempty"`
	Groups []GroupState `json:"groups,omitempty"`
}

// RelayState is one relay as a worker sees it.
type RelayState struct {
	Name     string    `json:"name"`               // host and port
	Open     int       `json:"open"`               // connections lent out, or being opened
	Idle     int       `json:"idle"`               // connections that rest
	Failures int       `json:"failures,omitempty"` // in a row; 0 for a relay that works
	Until    time.Time `json:"until,omitzero"`     // left alone until then
}

// GroupState is one domain group that a worker holds back; there is none for a group
// that may have all it wants.
type GroupState struct {
	Name  string    `json:"name"`
	Until time.Time `json:"until,omitzero"` // it gets nothing until then
	Width int       `json:"width"`          // lanes that may send to it afterwards
}

// Relay is a relay's part of a digest, with what workers say of it.
type Relay struct {
	Name                   string
	Sent, Deferred, Failed int
	Seen                   bool      // a worker has reported on it
	Away                   bool      // every worker that has reported on it finds it failing
	Until                  time.Time // the last of them tries it again then
	Open                   int       // connections in use, of all workers
}

func (r *Relay) add(c Cell) {
	switch {
	case c.State == delivery.Sent:
		r.Sent += c.Count
	case c.State == delivery.Failed:
		r.Failed += c.Count
	case c.Wait == Deferred:
		r.Deferred += c.Count
	}
}

// told adds what workers report. A relay of the reports is shown although nothing
// went by it yet; a group only where the digest has readers in it.
func (l *Look) told(reports []Report, groups map[string]*Group, relays map[string]*Relay) {
	for _, report := range reports {
		for _, s := range report.Relays {
			in(relays, s.Name).told(s)
		}
		for _, s := range report.Groups {
			if g := groups[s.Name]; g != nil {
				g.told(s, l.At)
			}
		}
	}
}

func (r *Relay) told(s RelayState) {
	r.Away = s.Failures > 0 && (r.Away || !r.Seen)
	r.Seen = true
	r.Open += s.Open
	if s.Until.After(r.Until) {
		r.Until = s.Until
	}
}

// told keeps the longest rest; each worker holds a group back by itself.
func (g *Group) told(s GroupState, now time.Time) {
	if s.Until.After(now) && s.Until.After(g.Rest) {
		g.Rest = s.Until
	}
	g.Width += s.Width
}

// Resting reports whether the group gets nothing for now.
func (g Group) Resting() bool { return !g.Rest.IsZero() }
