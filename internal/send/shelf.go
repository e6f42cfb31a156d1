package send

import (
	"container/list"
	"sync"
)

// shelf keeps the prints used last, up to a number of octets. It is safe for use
// by many lanes.
type shelf struct {
	mu    sync.Mutex
	room  int
	known map[place]*list.Element
	order *list.List // of standing, the one used last in front
}

type place struct {
	digest int64
	key    string
}

type standing struct {
	place
	print
}

func newShelf(room int) *shelf {
	return &shelf{room: room, known: map[place]*list.Element{}, order: list.New()}
}

func (s *shelf) find(digest int64, key string) (print, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.known[place{digest, key}]
	if !ok {
		return print{}, false
	}
	s.order.MoveToFront(e)
	return e.Value.(standing).print, true
}

// put sets a print on the shelf. The one just put stays even when it alone is
// larger than the shelf, because its reader's neighbours come next.
func (s *shelf) put(digest int64, key string, p print) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := place{digest, key}
	if e, ok := s.known[at]; ok {
		s.remove(e)
	}
	s.known[at] = s.order.PushFront(standing{at, p})
	s.room -= p.size()
	for s.room < 0 && s.order.Len() > 1 {
		s.remove(s.order.Back())
	}
}

func (s *shelf) remove(e *list.Element) {
	old := s.order.Remove(e).(standing)
	delete(s.known, old.place)
	s.room += old.size()
}
