package progress

import (
	"context"
	"sync"
	"time"

	"github.com/collabpulse/weekly/internal/delivery"
)

// Ledger counts. It is usually the store.
type Ledger interface {
	// Count counts a digest's rows; rows of domain groups that are not named are
	// counted as one. A digest that nobody knows is a fault.NotFound.
	Count(ctx context.Context, id int64, named []string) (Count, error)
	// LargestGroups names up to so many domain groups of a digest, the one with most
	// rows first.
	LargestGroups(ctx context.Context, id int64, atMost int) ([]string, error)
	// Reports are what the workers said with their last heartbeat.
	Reports(ctx context.Context) ([]Report, error)
	// Allotted is how many mails of a day's allowance have been taken.
	Allotted(ctx context.Context, a delivery.Allowance) (int, error)
}

// How often is looked: every second, but at most a twentieth of the time is spent
// looking, and a digest that is over is looked at once a minute.
const (
	often    = time.Second
	share    = 20
	afterEnd = time.Minute
)

// Watch looks at digests for everybody in a process who wants to know. It is safe for
// concurrent use.
type Watch struct {
	ledger Ledger
	warmUp delivery.WarmUp
	now    func() time.Time

	mu      sync.Mutex
	digests map[int64]*watched
}

// watched is one digest's latest look. Who has the turn may change it.
type watched struct {
	turn  chan struct{}
	look  Look
	next  time.Time // when a newer look may be taken
	named []string
	of    int // rows when the groups were named
}

// NewWatch makes a watch that knows the calendar of a new sender, if there is one. The
// clock is time.Now when nil.
func NewWatch(ledger Ledger, warmUp delivery.WarmUp, now func() time.Time) *Watch {
	if now == nil {
		now = time.Now
	}
	return &Watch{ledger: ledger, warmUp: warmUp, now: now, digests: map[int64]*watched{}}
}

// Look is the latest look at a digest: one that is still good, whoever had it taken,
// or a new one. Callers that come while one is being taken wait for it. Its Again says
// how long it is good for.
func (w *Watch) Look(ctx context.Context, id int64) (Look, error) {
	d := w.watched(id)
	select {
	case d.turn <- struct{}{}:
		defer func() { <-d.turn }()
	case <-ctx.Done():
		return Look{}, ctx.Err()
	}
	if w.now().Before(d.next) {
		return d.look, nil
	}
	began := w.now()
	look, err := w.take(ctx, id, d)
	if err != nil {
		return Look{}, err
	}
	ended := w.now()
	look.Again = max(often, share*ended.Sub(began))
	if !look.Finished.IsZero() {
		look.Again = max(look.Again, afterEnd)
	}
	d.look, d.next = look, ended.Add(look.Again)
	return look, nil
}

// take counts. The groups that are told apart are chosen anew when the digest has
// grown by a tenth, as it does while it is being planned.
func (w *Watch) take(ctx context.Context, id int64, d *watched) (Look, error) {
	count, err := w.ledger.Count(ctx, id, d.named)
	if err != nil {
		return Look{}, err
	}
	if rows := count.rows(); rows*10 > d.of*11 {
		if d.named, err = w.ledger.LargestGroups(ctx, id, Named); err != nil {
			return Look{}, err
		}
		d.of = rows
		if count, err = w.ledger.Count(ctx, id, d.named); err != nil {
			return Look{}, err
		}
	}
	reports, err := w.ledger.Reports(ctx)
	if err != nil {
		return Look{}, err
	}
	look := Sum(count, reports)
	if today, limited := w.warmUp.At(count.At); limited {
		used, err := w.ledger.Allotted(ctx, today)
		if err != nil {
			return Look{}, err
		}
		look.WarmUp = Warmth{Allowance: today, Used: used}
	}
	return look, nil
}

func (c Count) rows() (n int) {
	for _, cell := range c.Cells {
		n += cell.Count
	}
	return n
}

// remembered is how many digests a watch keeps a look at.
const remembered = 16

func (w *Watch) watched(id int64) *watched {
	w.mu.Lock()
	defer w.mu.Unlock()
	if d := w.digests[id]; d != nil {
		return d
	}
	for other := range w.digests {
		if len(w.digests) >= remembered {
			delete(w.digests, other) // whoever has it still sees it through
		}
	}
	d := &watched{turn: make(chan struct{}, 1)}
	w.digests[id] = d
	return d
}
