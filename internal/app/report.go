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
// and on the domain groups it holds back each time it beats.
type reporter struct {
	*store.Store
	relays *mail.Pool
	meters *metrics.Meters
	sender atomic.Pointer[send.Sender] // nil until it is there, and nothing is held back
}

// Beat raises the worker's counter, with a report.
func (r *reporter) Beat(ctx context.Context, worker int64) error {
	err := r.BeatWith(ctx, worker, r.report())
	r.meters.Beat(err)
	return err
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
