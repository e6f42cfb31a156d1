package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/collabpulse/weekly/internal/address"
	"github.com/collabpulse/weekly/internal/consent"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/outbox"
	"github.com/collabpulse/weekly/internal/subscriber"
)

// How many letters of a kind strangers can have us send to one address in a day.
const (
	day            = 24 * time.Hour
	confirmsPerDay = 3
	alreadysPerDay = 1
	leavesPerDay   = 3
)

// SignUp takes a request to subscribe. Somebody new, or who had left, becomes
// pending and is mailed a confirmation; an active reader's choices stay as they
// are and a letter tells them; an address that must not be mailed is left alone.
// The answer is nil for all of them, and each ends with one row of the outbox, so
// neither the answer nor its cost says what is known of an address.
func (s *Store) SignUp(ctx context.Context, r subscriber.Request) error {
	return s.update(ctx, "sign up", func(t *tx) error {
		hash := s.hasher.Hash(r.Address)
		banned, err := t.banned(ctx, hash)
		if err != nil {
			return err
		}
		if banned {
			return t.withhold(ctx, r.Address)
		}
		known, fresh, err := t.enrol(ctx, r, hash)
		if err != nil {
			return err
		}
		if known.State == subscriber.Active || known.State == subscriber.Paused {
			return t.tell(ctx, known, outbox.Already, alreadysPerDay)
		}
		return t.ask(ctx, known, r, fresh)
	})
}

// enrol makes sure that the address has a row, and holds it: of two sign-ups at
// once the second waits here for the first.
func (t *tx) enrol(ctx context.Context, r subscriber.Request, hash address.Hash) (known reader, fresh bool, err error) {
	key, leaveDigest := proofs()
	result, err := t.ExecContext(ctx, `INSERT INTO subscribers (address, address_hash, folding, domain_group, state, topics,
			language, timezone, link_key, leave_digest, asked_at, created_at, changed_at, cadence)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT (address_hash) DO NOTHING`,
		r.Address.String(), hash[:], address.FoldingVersion, r.Address.Group(), int(subscriber.Pending), int64(r.Topics),
		r.Language, r.Timezone, key, leaveDigest, millis(t.now), millis(t.now), millis(t.now), int(r.Cadence))
	if err != nil {
		return reader{}, false, err
	}
	n, err := result.RowsAffected()
	if err != nil {
		return reader{}, false, err
	}
	known, found, err := t.readerAt(ctx, hash)
	if err == nil && !found {
		err = errors.New("a row vanished while it was being written")
	}
	return known, n == 1, err
}

// ask makes the reader pending under a fresh stamp, with the request's choices and
// its spelling of the address, since that is where the letter goes. Past the
// day's limit nothing changes, so that a stranger cannot void the links that the
// reader already has.
func (t *tx) ask(ctx context.Context, known reader, r subscriber.Request, fresh bool) error {
	sent, err := t.lettersSince(ctx, known.hash, outbox.Confirm, t.now.Add(-day))
	if err != nil {
		return err
	}
	if sent >= confirmsPerDay && !fresh {
		return t.withhold(ctx, r.Address)
	}
	changed := known.Changed
	if known.State != subscriber.Pending {
		changed = t.now
	}
	_, err = t.ExecContext(ctx, `UPDATE subscribers SET address = $1, domain_group = $2, state = $3, topics = $4,
		language = $5, timezone = $6, asked_at = $7, changed_at = $8, cadence = $10 WHERE id = $9`,
		r.Address.String(), r.Address.Group(), int(subscriber.Pending), int64(r.Topics),
		r.Language, r.Timezone, millis(t.now), millis(changed), known.ID, int(r.Cadence))
	if err != nil {
		return err
	}
	r.Evidence.Detail = r.Preferences().Detail()
	if err := t.consent(ctx, known.ID, known.hash, consent.Asked, r.Evidence); err != nil {
		return err
	}
	_, err = t.letter(ctx, outbox.Letter{Kind: outbox.Confirm, Subscriber: known.ID, Stamp: millis(t.now), To: r.Address})
	return err
}

// tell sends a reader a letter that somebody else may have caused, up to the
// day's limit.
func (t *tx) tell(ctx context.Context, r reader, kind outbox.Kind, perDay int) error {
	sent, err := t.lettersSince(ctx, r.hash, kind, t.now.Add(-day))
	if err != nil {
		return err
	}
	if sent >= perDay {
		return t.withhold(ctx, r.Address)
	}
	_, err = t.letter(ctx, outbox.Letter{Kind: kind, Subscriber: r.ID, To: r.Address})
	return err
}

// Confirm completes the sign-up that the stamp (its time in Unix milliseconds)
// belongs to: the reader becomes active, what opting in lifts is lifted, and a
// welcome goes out. Pressing the button twice is no error. A stamp of another
// sign-up, or of one that has since come to nothing, is a fault.Gone.
func (s *Store) Confirm(ctx context.Context, id, stamp int64, ev subscriber.Evidence) (done subscriber.Subscriber, err error) {
	err = s.update(ctx, "confirm", func(t *tx) error {
		r, err := t.reader(ctx, id)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if stamp == 0 || millis(r.AskedAt) != stamp {
			return staleConfirmation()
		}
		if r.State == subscriber.Pending {
			err = t.activate(ctx, &r, ev)
		} else if r.State != subscriber.Active {
			err = staleConfirmation()
		}
		done = r.Subscriber
		return err
	})
	if err != nil {
		return subscriber.Subscriber{}, err
	}
	return done, nil
}

func staleConfirmation() error {
	return fault.New(fault.Gone, "This link no longer works. Sign up again and we will send you a fresh one.")
}

func (t *tx) activate(ctx context.Context, r *reader, ev subscriber.Evidence) error {
	banned, err := t.banned(ctx, r.hash)
	if err != nil {
		return err
	}
	if banned {
		return staleConfirmation()
	}
	if err := t.liftByOptIn(ctx, r.hash); err != nil {
		return err
	}
	if err := t.setState(ctx, r.ID, subscriber.Active); err != nil {
		return err
	}
	if err := t.consent(ctx, r.ID, r.hash, consent.Confirmed, ev); err != nil {
		return err
	}
	r.State, r.Changed = subscriber.Active, instant(millis(t.now))
	_, err = t.letter(ctx, outbox.Letter{Kind: outbox.Welcome, Subscriber: r.ID, To: r.Address})
	return err
}
