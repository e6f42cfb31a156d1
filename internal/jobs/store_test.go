package jobs

import "github.com/collabpulse/weekly/internal/store"

// The store is every part of the database that this package asks for.
var (
	_ Agenda  = (*store.Store)(nil)
	_ Chores  = (*store.Store)(nil)
	_ Digests = (*store.Store)(nil)
)
