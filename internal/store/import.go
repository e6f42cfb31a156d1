package store

import (
	"context"

	"github.com/collabpulse/weekly/internal/address"
	"github.com/collabpulse/weekly/internal/consent"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/subscriber"
)

// ImportBatch is the most profiles that one call of ImportSubscribers takes.
const ImportBatch = 1000

// ImportSubscribers takes one batch of a file in one transaction. The evidence is
// the operator's word for it.
//
// An import adds and corrects, and never brings anybody back: who left, is
// suppressed or was erased stays so, and a reader's pause holds. Pending readers
// become active when the file says they are; a file may end a subscription, and
// its "suppressed" and "erased" mean unsubscribed. An address that is in the batch
// more than once is taken as its last line says and counted once, its other lines
// as unchanged. More than ImportBatch profiles are a fault.Invalid.
func (s *Store) ImportSubscribers(ctx context.Context, profiles []subscriber.Profile, ev subscriber.Evidence) (done subscriber.Imported, err error) {
	if len(profiles) > ImportBatch {
		return done, fault.New(fault.Invalid, "An import takes at most %d readers at a time.", ImportBatch)
	}
	err = s.update(ctx, "import subscribers", func(t *tx) error {
		b := newBatch(s.hasher, profiles)
		if err := t.lookUp(ctx, b); err != nil {
			return err
		}
		done, err = t.take(ctx, b, ev)
		return err
	})
	if err != nil {
		return subscriber.Imported{}, err
	}
	return done, nil
}

// batch is what an import is about to do, by address.
type batch struct {
	arrivals []*arrival
	by       map[address.Hash]*arrival
}

// arrival is one address of a file, and what is known of it.
type arrival struct {
	subscriber.Profile
	hash   address.Hash
	lines  int                    // how many lines of the batch name it
	known  *subscriber.Subscriber // nil when nobody has the address
	banned bool                   // a suppression of any kind holds
}

func newBatch(hasher address.Hasher, profiles []subscriber.Profile) *batch {
	b := &batch{by: make(map[address.Hash]*arrival, len(profiles))}
	for _, p := range profiles {
		hash := hasher.Hash(p.Address)
		a := b.by[hash]
		if a == nil {
			a = &arrival{hash: hash, Profile: p}
			a.State = asImported(p.State)
			b.by[hash] = a
			b.arrivals = append(b.arrivals, a)
		}
		p.State = afterImport(a.State, p.State)
		a.Profile, a.lines = p, a.lines+1
	}
	return b
}

// asImported is the state in which a file's reader is added.
func asImported(file subscriber.State) subscriber.State {
	if file == subscriber.Suppressed || file == subscriber.Erased {
		return subscriber.Unsubscribed
	}
	return file
}

// afterImport is the state of a known reader after a file that says another one.
func afterImport(known, file subscriber.State) subscriber.State {
	file = asImported(file)
	switch known {
	case subscriber.Pending:
		return file
	case subscriber.Active:
		if file == subscriber.Pending {
			return known
		}
		return file
	case subscriber.Paused:
		if file == subscriber.Unsubscribed {
			return file
		}
	}
	return known
}

// gone reports whether an import has to leave a known reader alone.
func gone(s subscriber.State) bool {
	return s == subscriber.Unsubscribed || s == subscriber.Suppressed || s == subscriber.Erased
}

// meet tells the arrival who has the address already.
func (a *arrival) meet(known subscriber.Subscriber) {
	a.known = &known
	a.State = afterImport(known.State, a.State)
}

// fate is what becomes of an arrival.
type fate uint8

const (
	added fate = iota
	updated
	unchanged
	suppressed
)

// fate decides, and names the evidence for what is added or updated.
func (a *arrival) fate() (fate, consent.Kind) {
	switch {
	case a.known == nil && a.banned:
		return suppressed, 0
	case a.known == nil:
		return added, evidenceFor(a.State)
	case a.banned || gone(a.known.State) || a.same():
		return unchanged, 0
	case a.known.State == subscriber.Pending && a.State != subscriber.Pending:
		return updated, evidenceFor(a.State)
	case a.State == subscriber.Unsubscribed:
		return updated, consent.Left
	default:
		return updated, consent.Changed
	}
}

// cadence is the one a file says, or the reader's own.
func (a *arrival) cadence() subscriber.Cadence {
	if a.known == nil {
		return a.WishedCadence(subscriber.Weekly)
	}
	return a.WishedCadence(a.known.Cadence)
}

func (a *arrival) same() bool {
	return a.State == a.known.State && a.Topics == a.known.Topics && a.Language == a.known.Language && a.Timezone == a.known.Timezone &&
		a.WishedHour() == a.known.Hour && a.cadence() == a.known.Cadence
}

// evidenceFor is the kind of consent with which a file's reader comes into a state.
func evidenceFor(s subscriber.State) consent.Kind {
	switch s {
	case subscriber.Pending:
		return consent.Asked
	case subscriber.Unsubscribed:
		return consent.Left
	default:
		return consent.Imported
	}
}

// take writes a batch, with a consent for each reader added or updated.
func (t *tx) take(ctx context.Context, b *batch, ev subscriber.Evidence) (done subscriber.Imported, err error) {
	var sorted [suppressed + 1]map[consent.Kind][]*arrival
	for i := range sorted {
		sorted[i] = make(map[consent.Kind][]*arrival)
	}
	for _, a := range b.arrivals {
		what, kind := a.fate()
		sorted[what][kind] = append(sorted[what][kind], a)
		done = done.Plus(counted(what, a.lines))
	}
	for _, kind := range []consent.Kind{consent.Asked, consent.Imported, consent.Changed, consent.Left} {
		ids, err := t.insertArrivals(ctx, sorted[added][kind])
		if err != nil {
			return done, err
		}
		// Somebody who signed up since the look-up is as they wanted it.
		lost := len(sorted[added][kind]) - len(ids)
		done = done.Plus(subscriber.Imported{Added: -lost, Unchanged: lost})
		moved, err := t.updateArrivals(ctx, sorted[updated][kind])
		if err != nil {
			return done, err
		}
		if err := t.consents(ctx, append(ids, moved...), kind, ev); err != nil {
			return done, err
		}
	}
	return done, nil
}

// counted is one arrival of so many lines in the figures of an import.
func counted(what fate, lines int) subscriber.Imported {
	switch what {
	case added:
		return subscriber.Imported{Added: 1, Unchanged: lines - 1}
	case updated:
		return subscriber.Imported{Updated: 1, Unchanged: lines - 1}
	case suppressed:
		return subscriber.Imported{Suppressed: lines}
	default:
		return subscriber.Imported{Unchanged: lines}
	}
}
