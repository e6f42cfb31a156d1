package app

import "context"

// countWorkers is how many worker processes the ledger knows, for the queue to have
// lanes for each. Asked in vain it is one: the next tick asks again.
func (a *App) countWorkers(ctx context.Context) int {
	workers, err := a.Store.Workers(ctx)
	if err != nil {
		return 1
	}
	return len(workers)
}

// wakeOpen has this process take part in the digests that are being sent.
func (a *App) wakeOpen(ctx context.Context) {
	digests, err := a.Store.OpenDigests(ctx)
	if err != nil {
		return // the next tick wakes them
	}
	for _, id := range digests {
		a.Queue.WakeDigest(ctx, id)
	}
}
