package jobs

import (
	"context"
	"time"
)

// Domains finds out which mailbox provider's limits domains fall under.
type Domains interface {
	// Find finds out what is not known yet.
	Find(ctx context.Context) error
}

// domainsFor is how long one search may take; the next one goes on where it ended.
const domainsFor = 5 * time.Minute

// domains finds out the groups of domains.
//
// Safe to run twice: what one run has found the other does not ask for again, and
// both would note the same.
func (w *Workers) domains(ctx context.Context, _ []byte) error {
	if w.work.Domains == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, domainsFor)
	defer cancel()
	return w.work.Domains.Find(ctx)
}

// domainsEvery is how often is looked for domains without a group: that reads every
// subscriber, and only the next digest needs to know.
const domainsEvery = 10 * time.Minute

// domains has the groups of new domains found out.
func (s *Scheduler) domains(ctx context.Context) error {
	if !s.Domains || !s.searched.IsZero() && time.Since(s.searched) < domainsEvery {
		return nil
	}
	s.searched = time.Now()
	_, err := s.client.enqueue(ctx, domainsTask())
	return err
}
