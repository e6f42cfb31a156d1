package faults

import (
	"net"
	"sync"
	"time"
)

// Mail is one message that the relay took whole, up to and with its final dot,
// whether or not it then managed to say so.
type Mail struct {
	To    string
	Leave string // the one-click link of its List-Unsubscribe field (RFC 8058)
	Begun time.Time
	Taken time.Time
}

// Relay is an SMTP server that records what it takes and behaves as the plan says.
type Relay struct {
	plan     Plan
	readers  int
	listener net.Listener

	mu       sync.Mutex
	closed   bool
	open     map[*talk]bool
	number   int // connections so far
	mails    []Mail
	got      map[string]int
	visits   map[string]int
	refused  map[string]int // for good
	breaks   int            // connections broken where the sender may have written the final dot and saw no reply
	observed map[Kind]int
}

// listenRelay starts a relay for so many readers on a free port of this machine.
func listenRelay(plan Plan, readers int) (*Relay, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &Relay{plan: plan, readers: readers, listener: listener, open: map[*talk]bool{}, got: map[string]int{},
		visits: map[string]int{}, refused: map[string]int{}, observed: map[Kind]int{}}
	go r.accept()
	return r, nil
}

// URL is what PULSE_SMTP_URLS takes.
func (r *Relay) URL() string { return "smtp://" + r.listener.Addr().String() }

func (r *Relay) accept() {
	for {
		conn, err := r.listener.Accept()
		if err != nil {
			return
		}
		r.mu.Lock()
		r.number++
		t := newTalk(r, conn, r.plan.refusesTLS(r.percent(), r.number))
		if r.closed {
			conn.Close()
		} else {
			r.open[t] = true
		}
		r.mu.Unlock()
		go t.serve()
	}
}

// Close ends every connection.
func (r *Relay) Close() {
	r.listener.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	for t := range r.open {
		t.conn.Close()
	}
}

func (r *Relay) left(t *talk) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.open, t)
}

// percent is how many hundredths of the readers have their mail; with r.mu held.
func (r *Relay) percent() int { return len(r.got) * 100 / max(r.readers, 1) }

// visit notes that a reader's message was begun, and says what is to become of it.
func (r *Relay) visit(to string) Kind {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.visits[to]++
	kind := r.plan.weather(r.percent(), to, r.visits[to])
	if kind != "" {
		r.observed[kind]++
	}
	return kind
}

func (r *Relay) noteKind(kind Kind) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.observed[kind]++
}

func (r *Relay) take(m Mail) {
	r.mu.Lock()
	defer r.mu.Unlock()
	m.Taken = time.Now()
	r.mails = append(r.mails, m)
	r.got[m.To]++
}

func (r *Relay) refuse(to string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refused[to]++
}

func (r *Relay) broke() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.breaks++
}

// Progress is how many hundredths of the readers have their mail, and how many
// messages came in, copies included.
func (r *Relay) Progress() (percent, mails int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.percent(), len(r.mails)
}

// Connections is how many are open.
func (r *Relay) Connections() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.open)
}

// Has reports whether a reader's mail came in, and its leave link.
func (r *Relay) Has(to string) (leave string, has bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range r.mails {
		if m.To == to {
			return m.Leave, true
		}
	}
	return "", false
}
