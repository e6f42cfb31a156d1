package jobs

import "sync"

// gates let so many runs of the same work go on at once in this process, and no
// more: another run would hold a place that other tasks need, or stand beside a
// lane that Redis lost sight of.
type gates struct {
	mu   sync.Mutex
	open map[string]*gate
}

type gate struct {
	runs  int
	again bool // somebody came while it was full
}

func newGates() *gates { return &gates{open: map[string]*gate{}} }

// run runs work unless so many of that name are running already. Then one of
// those runs it once more when it is done, so that whoever comes while the gate
// is full is served by a run that begins afterwards, without waiting for it.
func (g *gates) run(name string, most int, work func() error) error {
	if !g.enter(name, most) {
		return nil
	}
	for {
		err := g.once(name, work)
		if err != nil || !g.more(name) {
			return err
		}
	}
}

func (g *gates) enter(name string, most int) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	at := g.open[name]
	if at == nil {
		at = &gate{}
		g.open[name] = at
	}
	if at.runs >= most {
		at.again = true
		return false
	}
	at.runs++
	return true
}

// once runs work, and leaves the gate if it fails or panics.
func (g *gates) once(name string, work func() error) (err error) {
	done := false
	defer func() {
		if !done || err != nil {
			g.mu.Lock()
			defer g.mu.Unlock()
			g.leave(name)
		}
	}()
	err = work()
	done = true
	return err
}

// more reports whether somebody came meanwhile, and leaves the gate otherwise.
func (g *gates) more(name string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if at := g.open[name]; at.again {
		at.again = false
		return true
	}
	g.leave(name)
	return false
}

func (g *gates) leave(name string) {
	at := g.open[name]
	if at.runs--; at.runs == 0 {
		delete(g.open, name)
	}
}
