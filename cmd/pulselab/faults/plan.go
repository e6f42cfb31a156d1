package faults

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strings"
)

// Kind is one thing that goes wrong, in the words of the report.
type Kind string

// The strikes: each happens once, at its moment.
const (
	KillWorker    Kind = "kill -9 a worker"
	KillAll       Kind = "kill -9 everything"
	Term          Kind = "SIGTERM"
	Freeze        Kind = "SIGSTOP beyond the lease"
	FlushAll      Kind = "FLUSHALL"
	RedisAway     Kind = "Redis away"
	DatabaseCrash Kind = "PostgreSQL restarted"
	TwoSchedulers Kind = "two schedulers"
	FullDisk      Kind = "full disk"
	LeaveNow      Kind = "readers leave"
	PauseResume   Kind = "pause and resume"
)

// The weathers: each lasts for a part of the send, and a relay in it does this to
// some messages or connections.
const (
	Greylist    Kind = "relay 451"
	Throttle    Kind = "relay 421 4.7.28"
	TooLarge    Kind = "relay 552"
	ResetBefore Kind = "relay reset before DATA"
	ResetInside Kind = "relay reset in DATA"
	ResetAfter  Kind = "relay reset after the final dot"
	Stall       Kind = "relay stalls"
	Slow        Kind = "relay slow"
	NoTLS       Kind = "relay refuses STARTTLS"
)

// weathers says in how many of a thousand messages each weather shows; for NoTLS
// it is of connections.
var weathers = map[Kind]uint64{
	Greylist: 150, Throttle: 8, TooLarge: 10, ResetBefore: 10, ResetInside: 10, ResetAfter: 12, Stall: 2, Slow: 150, NoTLS: 600,
}

// strikes are what can befall each engine's installation, beside readers who
// leave and editors who pause, which most runs have.
var strikes = map[string][]Kind{
	SQLite:   {KillAll, KillAll, Term, Freeze, FullDisk, ClockSet},
	Postgres: {KillWorker, KillWorker, KillAll, Term, Freeze, FlushAll, RedisAway, DatabaseCrash, TwoSchedulers, ClockSet},
}

// Step is a strike and its moment: when so many hundredths of the readers have
// their mail.
type Step struct {
	At   int  `json:"at"`
	Kind Kind `json:"kind"`
}

// Spell is a weather and how long it lasts, in hundredths of the readers mailed.
type Spell struct {
	From int  `json:"from"`
	To   int  `json:"to"`
	Kind Kind `json:"kind"`
}

// Plan is everything that goes wrong in one run. It follows from the seed, the
// engine and patience alone.
type Plan struct {
	Seed   uint64 `json:"seed"`
	Engine string `json:"engine"`
	// Patient runs leave dead and frozen workers to the product's own sweep, which
	// waits a lease (delivery.Lease). In the others the harness makes the very call
	// that the sweep makes, so that a run takes seconds.
	Patient bool    `json:"patient"`
	Rate    int     `json:"rate,omitempty"` // mails a second that the readers' domain may have; 0 for all there are
	Steps   []Step  `json:"steps"`
	Spells  []Spell `json:"spells"`
}

// rationed is the rate of those plans that have one: rows without leave are put off, and
// put off again, while all else goes on.
const rationed = 400

// Draw makes the plan of a seed. Quick plans are never patient.
func Draw(seed uint64, engine string, quick bool) Plan {
	random := rand.New(rand.NewPCG(seed, sum(engine)))
	p := Plan{Seed: seed, Engine: engine, Patient: random.IntN(6) == 0 && !quick}
	if seed%5 == 0 {
		p.Rate = rationed
	}
	kinds := slices.Clone(strikes[engine])
	random.Shuffle(len(kinds), func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
	kinds = kinds[:2+random.IntN(2)]
	for _, often := range []Kind{LeaveNow, PauseResume} {
		if random.IntN(3) > 0 {
			kinds = append(kinds, often)
		}
	}
	for _, kind := range kinds {
		p.Steps = append(p.Steps, Step{At: 5 + random.IntN(75), Kind: kind})
	}
	slices.SortStableFunc(p.Steps, func(a, b Step) int { return a.At - b.At })
	p.Spells = drawSpells(random)
	return p
}

func drawSpells(random *rand.Rand) (spells []Spell) {
	kinds := []Kind{Greylist, Throttle, TooLarge, ResetBefore, ResetInside, ResetAfter, Stall, Slow, NoTLS}
	random.Shuffle(len(kinds), func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
	for _, kind := range kinds[:2+random.IntN(2)] {
		from := random.IntN(80)
		spells = append(spells, Spell{From: from, To: from + 10 + random.IntN(30), Kind: kind})
	}
	return spells
}

// withKill is the plan with a kill that no build without the intent survives: the
// control must not be green for want of a fault.
func (p Plan) withKill() Plan {
	p.Steps = append([]Step{{At: 3, Kind: KillAll}}, p.Steps...)
	return p
}

// weather is what the relay does to one message: a reader's so-many-eth visit
// while so many hundredths have their mail. It depends on the seed and on these
// alone. From the third visit on a reader is left in peace, so that no reader is
// refused so often that the product rightly gives up.
func (p Plan) weather(percent int, reader string, visit int) Kind {
	if visit > 2 {
		return ""
	}
	for _, s := range p.Spells {
		if s.Kind != NoTLS && s.From <= percent && percent < s.To && p.chance(s.Kind, reader, visit) {
			return s.Kind
		}
	}
	return ""
}

// refusesTLS says whether the relay's so-many-eth connection is refused STARTTLS.
func (p Plan) refusesTLS(percent, connection int) bool {
	return slices.ContainsFunc(p.Spells, func(s Spell) bool {
		return s.Kind == NoTLS && s.From <= percent && percent < s.To && p.chance(NoTLS, "", connection)
	})
}

func (p Plan) chance(kind Kind, reader string, visit int) bool {
	return sum(fmt.Sprint(p.Seed, kind, reader, visit))%1000 < weathers[kind]
}

// has reports whether a strike is in the plan.
func (p Plan) has(kind Kind) bool {
	return slices.ContainsFunc(p.Steps, func(s Step) bool { return s.Kind == kind })
}

// String is the plan in one line.
func (p Plan) String() string {
	var parts []string
	for _, s := range p.Steps {
		parts = append(parts, fmt.Sprintf("%s at %d%%", s.Kind, s.At))
	}
	for _, s := range p.Spells {
		parts = append(parts, fmt.Sprintf("%s %d–%d%%", s.Kind, s.From, s.To))
	}
	if p.Patient {
		parts = append(parts, "patient")
	}
	return strings.Join(parts, ", ")
}

func sum(text string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(text))
	n := h.Sum64()
	n ^= n >> 33 // the low bits of FNV alone are not even enough for a chance
	n *= 0xff51afd7ed558ccd
	return n ^ n>>33
}
