package app

import (
	"context"
	"sync/atomic"

	"github.com/collabpulse/weekly/internal/mail"
	"github.com/collabpulse/weekly/internal/metrics"
	"github.com/collabpulse/weekly/internal/progress"
	"github.com/collabpulse/weekly/internal/send"
	"github.com/collabpulse/weekly/internal/store"
)

// reporter is the ledger's register of workers for one that reports on its relays
// and on the domain groups it holds back each time it beats. It also keeps count of the
// workers, among whom the rates of relays and domain groups are shared.
type reporter struct {
	*store.Store
	relays *mail.Pool
	meters *metrics.Meters
	sender atomic.Pointer[send.Sender] // nil until it is there, and nothing is held back
}

// RegisterWorker enters this process.
func (r *reporter) RegisterWorker(ctx context.Context, name string) (int64, error) {
	id, err := r.Store.RegisterWorker(ctx, name)
	if err == nil {
		r.share(ctx)
	}
	return id, err
}

// Beat raises the worker's counter, with a report.
func (r *reporter) Beat(ctx context.Context, worker int64) error {
	err := r.BeatWith(ctx, worker, r.report())
	r.meters.Beat(err)
	if err == nil {
		r.share(ctx)
	}
	return err
}

// share has this process take its part of the rates. One that died counts until its
// rows are taken back; while nobody can be counted the last part stays.
func (r *reporter) share(ctx context.Context) {
	workers, err := r.Workers(ctx)
	if err != nil {
		return
	}
	r.relays.ShareAmong(len(workers))
	if sender := r.sender.Load(); sender != nil {
		sender.ShareAmong(len(workers))
	}
}

func (r *reporter) report() progress.Report {
	var report progress.Report
	for _, s := range r.relays.States() {
		report.Relays = append(report.Relays, progress.RelayState(s))
	}
	if sender := r.sender.Load(); sender != nil {
		for _, g := range sender.Groups() {
			report.Groups = append(report.Groups, progress.GroupState(g))
		}
	}
	return report
}
