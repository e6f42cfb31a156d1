package progress

import (
	"time"

	"github.com/collabpulse/weekly/internal/digest"
)

// Backlog is what waits in the ledger at one moment, of all digests and letters.
type Backlog struct {
	At           time.Time
	Digests      map[digest.State]int // how many there are; every state that editors meet is there
	Letters      int                  // of the outbox, waiting, those put off included
	OldestRow    time.Time            // when the row of a digest being sent was due that has waited longest; zero for none
	OldestLetter time.Time
	Workers      int           // registered
	Late         time.Duration // how long after its time the digest that was launched last went out
}
