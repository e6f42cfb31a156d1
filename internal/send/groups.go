package send

import (
	"cmp"
	"slices"
	"time"
)

// Group is a domain group that is held back, for whoever watches.
type Group struct {
	Name  string
	Until time.Time // it gets nothing until then
	Width int       // lanes that may send to it afterwards
}

// Groups lists the domain groups that this process holds back, by name. All others
// may have as much as there is.
func (s *Sender) Groups() []Group { return s.brakes.state() }

func (b *brakes) state() []Group {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []Group
	for name, at := range b.groups {
		all = append(all, Group{Name: name, Until: at.until, Width: at.width})
	}
	slices.SortFunc(all, func(a, b Group) int { return cmp.Compare(a.Name, b.Name) })
	return all
}
