package store

import (
	"context"
	"database/sql"
	"errors"
	"unicode/utf8"

	"github.com/collabpulse/weekly/internal/address"
	"github.com/collabpulse/weekly/internal/consent"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/subscriber"
	"github.com/collabpulse/weekly/internal/suppression"
)

// maxNote is the longest remark kept with a suppression, in characters.
const maxNote = 200

// Suppress stops all mail to an address, known or not, for as long as the reason
// holds. Saying so again renews it. A note that is too long is a fault.Invalid on
// "note", a reason that does not exist one on "reason".
func (s *Store) Suppress(ctx context.Context, a address.Address, reason suppression.Reason, note string) error {
	if reason.String() == "" {
		return fault.Field("reason", "There is no such reason for a suppression.")
	}
	if utf8.RuneCountInString(note) > maxNote {
		return fault.Field("note", "The note is longer than %d characters.", maxNote)
	}
	return s.update(ctx, "suppress", func(t *tx) error {
		hash := s.hasher.Hash(a)
		r, found, err := t.readerAt(ctx, hash)
		if err != nil {
			return err
		}
		err = t.suppress(ctx, hash, reason, note)
		if err != nil || !found || r.State == subscriber.Unsubscribed || r.State == subscriber.Suppressed {
			return err
		}
		if err := t.setState(ctx, r.ID, subscriber.Suppressed); err != nil {
			return err
		}
		return t.consent(ctx, r.ID, hash, consent.Suppressed, subscriber.Evidence{})
	})
}

// Unsuppress lifts what an operator may lift: everything but leaving and being
// erased, which only the reader undoes by opting in anew (a fault.Conflict). A
// reader whom it had stopped stands again where their own consents left them. An
// address that is not suppressed is a fault.NotFound.
func (s *Store) Unsuppress(ctx context.Context, a address.Address) error {
	return s.update(ctx, "unsuppress", func(t *tx) error {
		hash := s.hasher.Hash(a)
		r, found, err := t.readerAt(ctx, hash)
		if err != nil {
			return err
		}
		left, err := t.liftByOperator(ctx, hash)
		if err != nil || !found || r.State != subscriber.Suppressed {
			return err
		}
		to, err := t.consented(ctx, r.ID)
		if err != nil {
			return err
		}
		if left > 0 {
			to = subscriber.Unsubscribed
		}
		if to == subscriber.Active {
			return t.comeBack(ctx, r)
		}
		return t.setState(ctx, r.ID, to)
	})
}

// Suppressions lists the newest entries, those that time has lifted too.
func (s *Store) Suppressions(ctx context.Context, limit int) ([]suppression.Suppression, error) {
	all, err := list(ctx, s.read, scanSuppression, selectSuppression+" ORDER BY since_at DESC, address_hash, reason LIMIT $1", pageOf(limit))
	return all, wrap("suppressions", err)
}

const selectSuppression = "SELECT address_hash, reason, since_at, until_at, note FROM suppressions"

func scanSuppression(row scanner) (suppression.Suppression, error) {
	var e suppression.Suppression
	var hash []byte
	var since, until int64
	err := row.Scan(&hash, &e.Reason, &since, &until, &e.Note)
	copy(e.Address[:], hash)
	e.Since, e.Until = instant(since), instant(until)
	return e, err
}

// suppress adds an entry. One that still holds keeps the day it began.
func (t *tx) suppress(ctx context.Context, hash address.Hash, reason suppression.Reason, note string) error {
	var until int64
	if hold := reason.HoldFor(); hold > 0 {
		until = millis(t.now.Add(hold))
	}
	_, err := t.ExecContext(ctx, `INSERT INTO suppressions (address_hash, folding, reason, since_at, until_at, note)
		VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (address_hash, reason) DO UPDATE SET
			since_at = CASE WHEN suppressions.until_at = 0 OR suppressions.until_at > excluded.since_at
				THEN suppressions.since_at ELSE excluded.since_at END,
			until_at = excluded.until_at, note = excluded.note`,
		hash[:], address.FoldingVersion, int(reason), millis(t.now), until, storable(note))
	return err
}

// suppressions are the entries that hold now for an address.
func (t *tx) suppressions(ctx context.Context, hash address.Hash) ([]suppression.Suppression, error) {
	return list(ctx, t, scanSuppression, selectSuppression+" WHERE address_hash = $1 AND (until_at = 0 OR until_at > $2)", hash[:], millis(t.now))
}

// banned reports whether an address must not even be asked whether it wants mail.
func (t *tx) banned(ctx context.Context, hash address.Hash) (bool, error) {
	entries, err := t.suppressions(ctx, hash)
	for _, e := range entries {
		if !e.Reason.LiftedByOptIn() {
			return true, err
		}
	}
	return false, err
}

// liftByOptIn removes what a reader lifts by confirming.
func (t *tx) liftByOptIn(ctx context.Context, hash address.Hash) error {
	_, err := t.ExecContext(ctx, "DELETE FROM suppressions WHERE address_hash = $1 AND reason IN ($2, $3)",
		hash[:], int(suppression.Unsubscribed), int(suppression.Erased))
	return err
}

// liftByOperator removes everything else, and returns how many entries are left.
func (t *tx) liftByOperator(ctx context.Context, hash address.Hash) (left int, err error) {
	result, err := t.ExecContext(ctx, "DELETE FROM suppressions WHERE address_hash = $1 AND reason NOT IN ($2, $3)",
		hash[:], int(suppression.Unsubscribed), int(suppression.Erased))
	if err != nil {
		return 0, err
	}
	lifted, err := result.RowsAffected()
	if err != nil {
		return 0, err
	}
	err = t.QueryRowContext(ctx, "SELECT COUNT(*) FROM suppressions WHERE address_hash = $1", hash[:]).Scan(&left)
	switch {
	case err != nil || lifted > 0:
		return left, err
	case left > 0:
		return left, fault.New(fault.Conflict, "This reader left or was erased; only they can undo that, by signing up again.")
	}
	return 0, fault.New(fault.NotFound, "That address is not suppressed.")
}

// consented is the state in which a subscriber's own latest act leaves them.
func (t *tx) consented(ctx context.Context, id int64) (subscriber.State, error) {
	var kind consent.Kind
	err := t.QueryRowContext(ctx, `SELECT kind FROM consents WHERE subscriber_id = $1 AND kind IN ($2, $3, $4, $5, $6)
		ORDER BY id DESC LIMIT 1`,
		id, int(consent.Asked), int(consent.Confirmed), int(consent.Imported), int(consent.Left), int(consent.Returned)).Scan(&kind)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, err
	}
	switch kind {
	case consent.Confirmed, consent.Imported, consent.Returned:
		return subscriber.Active, nil
	case consent.Asked:
		return subscriber.Pending, nil
	default:
		return subscriber.Unsubscribed, nil
	}
}
