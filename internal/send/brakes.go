package send

import (
	"sync"
	"time"

	"github.com/collabpulse/weekly/internal/delivery"
)

// brakes keep a domain group that says we send too much from getting more, and
// from holding up the others. The group rests; then one lane may send to it, and with
// every so many mails taken twice as many lanes, until it has as many as there are.
// Processes that share their brakes (see Share) hear of it from one another, and let
// one of them at a time widen. They are safe for use by many lanes.
type brakes struct {
	rest   time.Duration
	mu     sync.Mutex
	groups map[string]*brake
	shared bool
	news   map[string]time.Time // what others are to be told: until when a group rests, zero for no more
}

// brake is one group that was told to slow down.
type brake struct {
	until time.Time      // stopped until then
	width int            // lanes that may send to it afterwards
	taken int            // mails taken at this width
	lanes map[*lane]bool // those that do
	turn  bool           // whether this process may send to it afterwards
}

const (
	widenAfter  = 64 // mails taken per lane, before as many lanes again may send
	widest      = 64 // lanes, PULSE_SMTP_CONNECTIONS' own bound
	waitForLane = 5 * time.Second
)

func newBrakes(rest time.Duration) *brakes {
	return &brakes{rest: rest, groups: map[string]*brake{}, news: map[string]time.Time{}}
}

// hear takes in what a relay answered for a group.
func (b *brakes) hear(group string, o delivery.Outcome, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	at := b.groups[group]
	switch {
	case o.Throttled():
		b.groups[group] = &brake{until: now.Add(b.rest), width: 1, turn: !b.shared, lanes: map[*lane]bool{}}
		b.tell(group, now.Add(b.rest))
	case at != nil && o.Verdict == delivery.Accepted && !now.Before(at.until):
		if at.taken++; at.taken < widenAfter*at.width {
			return
		}
		if at.width, at.taken = 2*at.width, 0; at.width > widest {
			delete(b.groups, group)
			b.tell(group, time.Time{})
		}
	}
}

// tell makes something news, if there is anybody to be told.
func (b *brakes) tell(group string, until time.Time) {
	if b.shared {
		b.news[group] = until
	}
}

// admit reports whether a lane may send to a group now, and if not, when to ask
// again. A lane that was admitted keeps its place until it leaves.
func (b *brakes) admit(l *lane, group string, now time.Time) (ok bool, again time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	at := b.groups[group]
	switch {
	case at == nil:
		return true, time.Time{}
	case now.Before(at.until):
		return false, at.until
	case !at.turn:
	case at.lanes[l] || len(at.lanes) < at.width:
		at.lanes[l] = true
		return true, time.Time{}
	}
	return false, now.Add(waitForLane)
}

// off reports whether no group is held back at all, as on most days.
func (b *brakes) off() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.groups) == 0
}

// leave gives up the places that a lane has.
func (b *brakes) leave(l *lane) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, at := range b.groups {
		delete(at.lanes, l)
	}
}

// yield lets go of claimed rows whose groups must wait, due when they may be asked
// for again, and returns the others. Letters are few and somebody waits for each, so
// they go to whoever they are for.
func (l *lane) yield(claims []delivery.Claim) ([]delivery.Claim, error) {
	if l.scope == delivery.Outbox || l.brakes.off() {
		return claims, nil
	}
	var ready []delivery.Claim
	later := map[time.Time][]delivery.Item{}
	for _, c := range claims {
		if ok, again := l.brakes.admit(l, c.Group, l.Now()); ok {
			ready = append(ready, c)
		} else {
			later[again] = append(later[again], c.Item)
		}
	}
	var back []delivery.Return
	for due, rows := range later {
		back = append(back, delivery.Return{Items: rows, Due: due})
	}
	return ready, l.putOff(back...)
}
