package delivery

// Scope is which mail a sender works on: one digest's rows, or the outbox.
type Scope struct{ Digest int64 }

// Outbox is the scope of all letters.
var Outbox = Scope{}

// Worker is one process that sends, as the ledger sees it. Beat is a counter it
// keeps raising; only whether it moves means anything.
type Worker struct {
	ID   int64
	Name string
	Beat int64
}

// Reclaimed counts what was taken back from a worker that stopped beating.
type Reclaimed struct {
	Requeued int // were claimed, so nothing can have left
	Doubtful int // were being handed over
	Resent   int // the part of Doubtful that goes out once more
}
