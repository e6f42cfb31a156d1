package send_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/collabpulse/weekly/internal/address"
	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/fault"
)

// row is one delivery in a book.
type row struct {
	state   delivery.State
	attempt int
	worker  int64
	due     time.Time
	edition string
	group   string
	outcome delivery.Outcome
	doubts  int
	tries   int
}

// book is a ledger in memory that holds the same guards as the one in SQL: every
// change after a claim names the state, the worker's attempt, and changes
// nothing otherwise.
type book struct {
	mu        sync.Mutex
	rows      map[int64]*row
	workers   map[int64]*delivery.Worker
	last      int64
	paused    string // why, "" while the digest is sending
	charge    string // the answer it is paused for
	tolerated string // the answer that an editor takes for the readers' own
	inactive  map[int64]bool

	away        error // what every call answers while the database is away
	noBeats     bool  // beats alone do not come through
	vagueClaims int   // so many claims are committed although they fail
	hidden      int   // so many claims find every row locked by somebody else
	claims      int
	allotted    map[string]int // mails taken out of each day's allowance
	mostHanding int            // per worker, ever
}

const theDigest = 7

var digestScope = delivery.Scope{Digest: theDigest}

var errAway = errors.New("the database is away")

func newBook(readers int) *book {
	b := &book{rows: map[int64]*row{}, workers: map[int64]*delivery.Worker{}, inactive: map[int64]bool{}, allotted: map[string]int{}}
	for id := int64(1); id <= int64(readers); id++ {
		b.rows[id] = &row{due: time.Now(), edition: "2.en.h.0"}
	}
	return b
}

// with runs f with the book to itself.
func (b *book) with(f func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f()
}

// setAway takes the database away, or brings it back with nil.
func (b *book) setAway(err error) { b.with(func() { b.away = err }) }

func (b *book) Claim(_ context.Context, _ delivery.Scope, worker int64, limit int) ([]delivery.Claim, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.away != nil {
		return nil, b.away
	}
	if _, known := b.workers[worker]; !known {
		return nil, fault.New(fault.Gone, "This worker was swept away.")
	}
	b.claims++
	if b.hidden > 0 {
		b.hidden--
		return nil, nil
	}
	var claims []delivery.Claim
	for _, id := range b.dueRows() {
		if len(claims) == limit {
			break
		}
		r := b.rows[id]
		r.state, r.worker, r.attempt = delivery.Claimed, worker, r.attempt+1
		claims = append(claims, delivery.Claim{Item: delivery.Item{ID: id, Attempt: r.attempt}, Edition: r.edition, Group: r.group})
	}
	if b.vagueClaims > 0 && len(claims) > 0 {
		b.vagueClaims--
		return nil, errors.New("the connection was lost at commit")
	}
	return claims, nil
}

func (b *book) Allot(_ context.Context, a delivery.Allowance, n int) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.away != nil {
		return 0, b.away
	}
	n = min(n, a.Most-b.allotted[a.Date])
	b.allotted[a.Date] += n
	return n, nil
}

func (b *book) dueRows() []int64 {
	var ids []int64
	for id, r := range b.rows {
		if b.paused == "" && r.state == delivery.Queued && !r.due.After(time.Now()) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// held is the row of an item if it still is as the item says.
func (b *book) held(i delivery.Item, states ...delivery.State) (*row, bool) {
	r := b.rows[i.ID]
	return r, r.attempt == i.Attempt && slices.Contains(states, r.state)
}

func (b *book) Turn(_ context.Context, _ delivery.Scope, worker int64, results []delivery.Result, next []delivery.Item) (delivery.Intent, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.away != nil {
		return delivery.Intent{}, b.away
	}
	b.record(results)
	return b.intend(worker, next), nil
}

func (b *book) intend(worker int64, items []delivery.Item) delivery.Intent {
	var intent delivery.Intent
	for _, i := range items {
		r, ok := b.held(i, delivery.Claimed)
		switch {
		case !ok || b.paused != "":
			intent.Skipped = append(intent.Skipped, i)
		case b.inactive[i.ID]:
			r.state = delivery.Skipped
			intent.Skipped = append(intent.Skipped, i)
		default:
			r.state = delivery.Handing
			intent.Go = append(intent.Go, delivery.Recipient{Item: i, Address: addressOf(i.ID), Language: "en"})
		}
	}
	handing := 0
	for _, r := range b.rows {
		if r.state == delivery.Handing && r.worker == worker {
			handing++
		}
	}
	b.mostHanding = max(b.mostHanding, handing)
	return intent
}

func (b *book) record(results []delivery.Result) {
	for _, res := range results {
		r, ok := b.held(res.Item, delivery.Handing)
		if late, mine := b.held(res.Item, delivery.Unknown); mine && res.Verdict == delivery.Accepted {
			late.state = delivery.Sent // a late result may settle a doubt
		}
		if ok && b.charge != "" && res.Charge() == b.charge {
			res.Verdict = delivery.NotTried
		}
		if ok {
			r.settle(res.Outcome)
		}
	}
}

func (r *row) settle(o delivery.Outcome) {
	r.outcome = o
	switch o.Verdict {
	case delivery.Accepted:
		r.state = delivery.Sent
	case delivery.RefusedForGood:
		r.state = delivery.Failed
	case delivery.InDoubt:
		r.state, r.doubts = delivery.Unknown, r.doubts+1
	case delivery.Deferred:
		r.state, r.tries, r.due = delivery.Queued, r.tries+1, time.Now().Add(delivery.BackOff(r.tries+1))
	case delivery.NotTried:
		r.state = delivery.Queued
	}
}

func (b *book) HandBack(_ context.Context, _ delivery.Scope, _ int64, back ...delivery.Return) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.away != nil {
		return b.away
	}
	for _, some := range back {
		for _, i := range some.Items {
			if r, ok := b.held(i, delivery.Claimed, delivery.Handing); ok {
				r.state = delivery.Queued
				if !some.Due.IsZero() {
					r.due = some.Due
				}
			}
		}
	}
	return nil
}

func (b *book) Waiting(context.Context, delivery.Scope) (int, time.Time, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var next time.Time
	for _, r := range b.rows {
		if b.paused == "" && r.state == delivery.Queued && r.due.After(time.Now()) && (next.IsZero() || r.due.Before(next)) {
			next = r.due
		}
	}
	return len(b.dueRows()), next, b.away
}

func (b *book) PauseDigest(_ context.Context, id int64, reason string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if id != theDigest {
		return fault.New(fault.NotFound, "There is no such digest.")
	}
	b.paused = reason
	return b.away
}

func (b *book) SuspendDigest(_ context.Context, id int64, charge, reason string, since time.Time) (bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.away != nil || charge == b.tolerated {
		return false, b.away
	}
	b.paused, b.charge = reason, charge
	for _, r := range b.rows {
		if r.state == delivery.Failed && r.outcome.Charge() == charge {
			r.state = delivery.Queued
		}
	}
	return id == theDigest, nil
}

func (b *book) RegisterWorker(_ context.Context, name string) (int64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.away != nil {
		return 0, b.away
	}
	b.last++
	b.workers[b.last] = &delivery.Worker{ID: b.last, Name: name}
	return b.last, nil
}

func (b *book) Beat(_ context.Context, worker int64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.away != nil || b.noBeats {
		return errAway
	}
	w, ok := b.workers[worker]
	if !ok {
		return fault.New(fault.Gone, "This worker was swept away.")
	}
	w.Beat++
	return nil
}

func (b *book) RetireWorker(_ context.Context, worker int64) error {
	b.mu.Lock()
	away := b.away
	b.mu.Unlock()
	if away != nil {
		return away
	}
	_, err := b.Reclaim(context.Background(), worker)
	return err
}

func (b *book) Workers(context.Context) ([]delivery.Worker, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []delivery.Worker
	for _, w := range b.workers {
		all = append(all, *w)
	}
	return all, b.away
}

func (b *book) Reclaim(_ context.Context, worker int64) (delivery.Reclaimed, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var sum delivery.Reclaimed
	for _, r := range b.rows {
		switch {
		case r.worker == worker && r.state == delivery.Claimed:
			r.state, sum.Requeued = delivery.Queued, sum.Requeued+1
		case r.worker == worker && r.state == delivery.Handing:
			r.state, r.doubts, sum.Doubtful = delivery.Unknown, r.doubts+1, sum.Doubtful+1
		}
	}
	delete(b.workers, worker)
	return sum, b.away
}

// count is how many rows stand in each state.
func (b *book) count() map[delivery.State]int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := map[delivery.State]int{}
	for _, r := range b.rows {
		n[r.state]++
	}
	return n
}

func (b *book) row(id int64) row {
	b.mu.Lock()
	defer b.mu.Unlock()
	return *b.rows[id]
}

func addressOf(id int64) address.Address {
	a, err := address.Parse(fmt.Sprintf("reader%d@example.com", id))
	if err != nil {
		panic(err)
	}
	return a
}

// wantCount fails the test unless the rows stand as given.
func (b *book) wantCount(t *testing.T, want map[delivery.State]int) {
	t.Helper()
	got := b.count()
	for s := delivery.Queued; s <= delivery.Unknown; s++ {
		if got[s] != want[s] {
			t.Errorf("%d rows are %v, want %d", got[s], s, want[s])
		}
	}
}
