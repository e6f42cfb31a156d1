package app

import (
	"context"
	"time"

	"github.com/collabpulse/weekly/internal/gather"
	"github.com/collabpulse/weekly/internal/send"
)

// sender joins ledger, relays and templates into the send loop.
func (a *App) sender(worker *send.Worker) (*send.Sender, error) {
	stationery := send.Stationery{Signer: a.signer, Site: a.Site, Now: time.Now}
	digests := send.NewDigestComposer(a.Store, a.Renderer, a.relays, stationery)
	letters := send.NewLetterComposer(a.Store, a.Store, a.Store, a.Renderer, send.LetterOptions{Stationery: stationery, Next: a.schedule.Next})
	return send.New(ledger{a.Store, a.meters}, a.Store, wire{a.relays, a.meters}, send.ByScope(digests, letters), worker, send.Options{
		Log:     a.log,
		Rest:    a.Settings.ThrottleRest,
		Rates:   a.Settings.DomainRates,
		WarmUp:  a.Settings.Calendar(),
		Observe: a.meters.Handed,
	}), nil
}

// gatherer visits sources and wakes nobody: stories wait for their digest.
func (a *App) gatherer() visitor {
	return visitor{Gatherer(a.Settings, a.Store, a.log)}
}

// visitor is a gatherer whose report nobody waits for.
type visitor struct{ gatherer *gather.Gatherer }

// Gather looks at one source.
func (v visitor) Gather(ctx context.Context, source int64) error {
	_, err := v.gatherer.Gather(ctx, source)
	return err
}
