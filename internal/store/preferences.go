package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/collabpulse/weekly/internal/address"
	"github.com/collabpulse/weekly/internal/consent"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/outbox"
	"github.com/collabpulse/weekly/internal/subscriber"
)

// prefsPerDay is how many links to preferences strangers can have us send to one
// address in a day.
const prefsPerDay = 3

// Preferring is the reader whose preferences a link opens. Nobody, somebody who no
// longer reads, and somebody whose address has changed since the link was made (moves
// tells) are the same fault.Gone.
func (s *Store) Preferring(ctx context.Context, id, moves int64) (subscriber.Subscriber, error) {
	r, err := scanReader(s.read.QueryRowContext(ctx, selectReader+" WHERE id = $1", id))
	r, err = preferring(r, err, moves)
	return r.Subscriber, wrap("preferring", err)
}

// preferring checks a reader just read.
func preferring(r reader, err error, moves int64) (reader, error) {
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return reader{}, err
	}
	if err != nil || r.Moves != moves || r.State != subscriber.Active && r.State != subscriber.Paused {
		return reader{}, fault.New(fault.Gone, "This link no longer works.")
	}
	return r, nil
}

// Prefer writes what a reader chose, and evidence of it if anything changed. A pause
// acts on the next message, the rest from the next launch. The errors are those of
// Preferring.
func (s *Store) Prefer(ctx context.Context, id, moves int64, p subscriber.Preferences, ev subscriber.Evidence) error {
	return s.update(ctx, "prefer", func(t *tx) error {
		r, err := t.reader(ctx, id)
		if r, err = preferring(r, err, moves); err != nil {
			return err
		}
		state := subscriber.Active
		if p.Pause.On {
			state = subscriber.Paused
		}
		if p.Detail() == r.Preferences().Detail() {
			return nil
		}
		if _, err := t.ExecContext(ctx, `UPDATE subscribers SET state = $1, topics = $2, cadence = $3, language = $4, timezone = $5, hour = $6,
				plain = $7, paused_until = $8, changed_at = CASE WHEN state = $1 THEN changed_at ELSE $9 END WHERE id = $10`,
			int(state), int64(p.Topics), int(p.Cadence), p.Language, p.Timezone, p.Hour,
			p.Plain, millis(p.Pause.Until), millis(t.now), id); err != nil {
			return err
		}
		ev.Detail = p.Detail()
		return t.consent(ctx, id, r.hash, consent.Changed, ev)
	})
}

// AskForPreferences mails a reader a fresh link to their preferences. It is nil
// whatever is known of the address.
func (s *Store) AskForPreferences(ctx context.Context, a address.Address) error {
	return s.update(ctx, "ask for preferences", func(t *tx) error {
		r, found, err := t.readerAt(ctx, s.hasher.Hash(a))
		if err != nil {
			return err
		}
		if !found || r.State != subscriber.Active && r.State != subscriber.Paused {
			return t.withhold(ctx, a)
		}
		return t.tell(ctx, r, outbox.PreferencesByMail, prefsPerDay)
	})
}

// EndPauses has readers get digests again whose pause is over, and returns how many.
func (s *Store) EndPauses(ctx context.Context) (int, error) {
	return s.purge(ctx, "end pauses", func(t *tx) (int, error) {
		return t.changed(ctx, endPauses, millis(t.now), purgeChunk)
	})
}

var endPauses = inNumbers(`UPDATE subscribers SET state = {reader active}, paused_until = 0, changed_at = $1
	WHERE id IN (SELECT id FROM subscribers WHERE paused_until > 0 AND paused_until <= $1 AND state = {reader paused} ORDER BY paused_until LIMIT $2)
	AND state = {reader paused} AND paused_until > 0`)
