package mail

import "time"

// State is one relay as the pool sees it, for whoever watches.
type State struct {
	Name     string    // host and port
	Open     int       // connections lent out, or being opened
	Idle     int       // connections that rest
	Failures int       // in a row; 0 for a relay that works
	Until    time.Time // left aside until then; zero for a relay that works
}

// States lists the relays in the order of the settings.
func (p *Pool) States() []State {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make([]State, len(p.relays))
	for i, r := range p.relays {
		all[i] = State{Name: r.Name, Open: r.used, Idle: len(r.idle), Failures: r.failures, Until: r.until}
	}
	return all
}
