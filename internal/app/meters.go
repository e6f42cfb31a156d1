package app

import (
	"context"
	"errors"

	"github.com/collabpulse/weekly/internal/address"
	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/mail"
	"github.com/collabpulse/weekly/internal/message"
	"github.com/collabpulse/weekly/internal/metrics"
	"github.com/collabpulse/weekly/internal/send"
	"github.com/collabpulse/weekly/internal/store"
)

// openMeters registers what is counted in every role.
func (a *App) openMeters(context.Context) (err error) {
	if a.meters, err = metrics.NewMeters(a.metrics, address.Providers()); err != nil {
		return err
	}
	return errors.Join(
		metrics.RegisterBuild(a.metrics),
		a.metrics.Register(metrics.NewLedger(a.Store.Backlog)),
		a.metrics.Register(metrics.NewQueues(a.Queue.Board)))
}

// ledger is the store as lanes write it, with the steps timed.
type ledger struct {
	*store.Store
	meters *metrics.Meters
}

// Claim takes rows.
func (l ledger) Claim(ctx context.Context, scope delivery.Scope, worker int64, limit int) ([]delivery.Claim, error) {
	defer l.meters.Ledger("claim")()
	return l.Store.Claim(ctx, scope, worker, limit)
}

// Turn writes results and the next intent.
func (l ledger) Turn(ctx context.Context, scope delivery.Scope, worker int64, results []delivery.Result, next []delivery.Item) (delivery.Intent, error) {
	defer l.meters.Ledger("turn")()
	return l.Store.Turn(ctx, scope, worker, results, next)
}

// HandBack returns rows.
func (l ledger) HandBack(ctx context.Context, scope delivery.Scope, worker int64, back ...delivery.Return) error {
	defer l.meters.Ledger("hand_back")()
	return l.Store.HandBack(ctx, scope, worker, back...)
}

// timedConn is a connection whose deliveries are timed.
type timedConn struct {
	*mail.Conn
	meters *metrics.Meters
}

// Deliver hands messages over.
func (c timedConn) Deliver(ctx context.Context, messages []message.Message) []delivery.Outcome {
	defer c.meters.HandOver(c.Relay())()
	return c.Conn.Deliver(ctx, messages)
}

// counted is a sender whose lanes are counted.
type counted struct {
	*send.Sender
	meters *metrics.Meters
}

// Drain is one lane.
func (c counted) Drain(ctx context.Context, scope delivery.Scope) error {
	defer c.meters.Lane(scope)()
	return c.Sender.Drain(ctx, scope)
}

// roll is the list of workers for a sweep whose finds are counted.
type roll struct {
	*store.Store
	meters *metrics.Meters
}

// Reclaim takes back the rows of a worker.
func (r roll) Reclaim(ctx context.Context, worker int64) (delivery.Reclaimed, error) {
	back, err := r.Store.Reclaim(ctx, worker)
	r.meters.TakenBack(back)
	return back, err
}
