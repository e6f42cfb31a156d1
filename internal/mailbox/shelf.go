package mailbox

import (
	"slices"
	"strings"
	"sync"
	"time"
)

// shelf keeps the newest messages within a bound of number and octets.
type shelf struct {
	most       int // messages
	mostOctets int

	mu     sync.Mutex
	items  []*item // oldest first, ids without gaps
	count  int64   // all that ever came in, and the newest id
	octets int
}

// item is one message as it came in, and its line in the list once somebody asked for it.
type item struct {
	id       int64
	received time.Time
	from     string
	to       []string
	raw      []byte
	summary  func() Summary
}

// put keeps a message and makes room for it; the newest always stays.
func (s *shelf) put(m *item) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	m.id = s.count
	m.summary = sync.OnceValue(m.summarise)
	s.items = append(s.items, m)
	s.octets += len(m.raw)
	for len(s.items) > s.most || s.octets > s.mostOctets && len(s.items) > 1 {
		s.octets -= len(s.items[0].raw)
		s.items[0] = nil
		s.items = s.items[1:]
	}
}

func (s *shelf) newest(limit int) []*item {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := slices.Clone(s.items[len(s.items)-min(max(limit, 0), len(s.items)):])
	slices.Reverse(list)
	return list
}

func (s *shelf) find(id int64) (*item, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := id - (s.count - int64(len(s.items))) - 1
	if i < 0 || i >= int64(len(s.items)) {
		return nil, false
	}
	return s.items[i], true
}

func (s *shelf) to(recipient string) []*item {
	var list []*item
	for _, m := range s.newest(s.most) {
		if slices.ContainsFunc(m.to, func(to string) bool { return strings.EqualFold(to, recipient) }) {
			list = append(list, m)
		}
	}
	return list
}

func (s *shelf) total() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count
}
