package progress

import "time"

// Board is what the queues hold: wakes, and whoever acts on them. What there is to do
// stands in the ledger, so an empty board is no loss.
type Board struct {
	Queues []Queue
	Hands  []Hand
}

// Queue is one queue of tasks. Its numbers of a day are of the day in UTC.
type Queue struct {
	Name                                        string // without the installation's own prefix
	Pending, Active, Scheduled, Retry, Archived int
	Waited                                      time.Duration // how long its oldest pending task has waited
	Processed, Failed                           int           // today; Processed includes Failed
	ProcessedEver, FailedEver                   int
	Stopped                                     bool // somebody has paused it
	Days                                        []Day
	Troubles                                    []Trouble
}

// Day is how many tasks a queue was done with on one day, the ones that failed included.
type Day struct {
	Date              time.Time
	Processed, Failed int
}

// Trouble is a task that failed and is tried again.
type Trouble struct {
	Kind  string // of the task
	Task  string // its id, which names a digest or source by number
	Words string // why, without addresses
	Tries int
	Next  time.Time
}

// Hand is a part of a process that takes tasks, and what it does right now.
type Hand struct {
	Host    string
	Process int
	Queues  []string
	Places  int // tasks it takes at once
	Since   time.Time
	Doing   []Doing
}

// Doing is one task under way.
type Doing struct {
	Kind, Task, Queue string
	Since             time.Time
}
