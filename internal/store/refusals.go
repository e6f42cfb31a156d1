package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/collabpulse/weekly/internal/consent"
	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/outbox"
	"github.com/collabpulse/weekly/internal/subscriber"
	"github.com/collabpulse/weekly/internal/suppression"
)

// giveUp draws the consequence of a refusal for its reader: none when the fault is
// ours, the end of all mail when the address is dead or has refused for too long.
func (t *tx) giveUp(ctx context.Context, digest, reader int64, o delivery.Outcome) error {
	switch o.Blame() {
	case delivery.DeadAddress:
		return t.bounce(ctx, digest, reader)
	case delivery.TheMailbox:
		refusals, err := scanID(t.QueryRowContext(ctx, refusalsInARow, reader, delivery.MaxRefusals))
		if err != nil || refusals < delivery.MaxRefusals {
			return err
		}
		return t.bounce(ctx, digest, reader)
	}
	return nil
}

// refusalsInARow counts how many of the last $2 digests that reached the mailbox of
// reader $1 it refused for good. It is asked only when one was refused, so that no
// mail that is taken costs a count.
var refusalsInARow = inNumbers(`SELECT COUNT(*) FROM (SELECT r.state FROM ` + allOf + `
	WHERE r.state = {sent} OR r.state = {failed} AND r.reason = {because refused} AND r.code >= 500
	ORDER BY g.id DESC LIMIT $2) AS latest WHERE state = {failed}`)

// allOf are the rows of reader $1: a look by the key for each digest there is, so
// that planning and claiming need not keep an index by reader.
const allOf = "digests g JOIN deliveries r ON r.digest_id = g.id AND r.subscriber_id = $1"

func ignoring(expected, err error) error {
	if errors.Is(err, expected) {
		return nil
	}
	return err
}

// bounce stops all mail to a reader whose mailbox does not exist, and keeps the
// evidence. Somebody erased meanwhile has no address left to suppress.
func (t *tx) bounce(ctx context.Context, digest, id int64) error {
	r, err := t.reader(ctx, id)
	if err != nil || r.State == subscriber.Erased {
		return ignoring(sql.ErrNoRows, err)
	}
	if err := t.suppress(ctx, r.hash, suppression.HardBounce, refusedIn(digest)); err != nil {
		return err
	}
	if r.State == subscriber.Unsubscribed || r.State == subscriber.Suppressed {
		return nil
	}
	if err := t.setState(ctx, id, subscriber.Suppressed); err != nil {
		return err
	}
	return t.consent(ctx, id, r.hash, consent.Suppressed, subscriber.Evidence{})
}

// refusedIn is the note by which a suppression is found again should its refusal
// turn out to be our own fault.
func refusedIn(digest int64) string { return fmt.Sprintf("refused in digest %d", digest) }

// chargesAgainst are the answers that a digest is paused for. The digest's row is held, so that a refusal of that kind is either written before the
// suspension, which then finds it, or after it.
func (t *tx) chargesAgainst(ctx context.Context, scope delivery.Scope) ([]string, error) {
	if scope == delivery.Outbox {
		return nil, nil
	}
	var all string
	err := t.QueryRowContext(ctx, "SELECT charge FROM digests WHERE id = $1"+t.store.dialect.forShare, scope.Digest).Scan(&all)
	return answers(all), ignoring(sql.ErrNoRows, err)
}

// answers reads a list of answers as it is stored; none has a comma.
func answers(stored string) []string {
	if stored == "" {
		return nil
	}
	return strings.Split(stored, ",")
}

// SuspendDigest pauses a digest because an answer that relays keep giving is taken
// for our own fault, and tells the editors. Nobody is given up for it: rows that
// got this answer since the time given are queued again as if it had not been
// said, and suppressions that came of it are lifted. Several workers may say
// so, each for what it has heard itself; the editors are told once. It is false, and nothing happens, when an editor has tolerated the
// answer for this digest, or the digest is over.
func (s *Store) SuspendDigest(ctx context.Context, id int64, charge, reason string, since time.Time) (suspended bool, err error) {
	err = s.update(ctx, "suspend digest", func(t *tx) error {
		d, err := t.digest(ctx, id)
		if err != nil {
			return err
		}
		charges, tolerated, err := t.charges(ctx, id)
		suspended = !slices.Contains(tolerated, charge) && (d.State == digest.Sending || d.State == digest.Paused)
		if err != nil || !suspended {
			return err
		}
		if !slices.Contains(charges, charge) {
			if err := t.suspend(ctx, d, append(charges, charge), reason); err != nil {
				return err
			}
		}
		return t.exonerate(ctx, id, charge, since)
	})
	return suspended && err == nil, err
}

// charges are the answers that are held against us now, and those that were
// tolerated.
func (t *tx) charges(ctx context.Context, id int64) (charges, tolerated []string, err error) {
	var against, fine string
	err = t.QueryRowContext(ctx, "SELECT charge, tolerated FROM digests WHERE id = $1", id).Scan(&against, &fine)
	return answers(against), answers(fine), err
}

// suspend pauses a digest that is sending. One that somebody paused meanwhile stays
// as it is, and is charged all the same.
func (t *tx) suspend(ctx context.Context, d digest.Digest, charges []string, reason string) error {
	_, err := t.ExecContext(ctx, "UPDATE digests SET charge = $1 WHERE id = $2", strings.Join(charges, ","), d.ID)
	if err != nil || d.State == digest.Paused {
		return err
	}
	if err := t.pause(ctx, d.ID, reason); err != nil {
		return err
	}
	return t.letterToEditors(ctx, outbox.Paused, d.ID)
}

// exonerate queues the rows again that an answer of our own making has stopped.
func (t *tx) exonerate(ctx context.Context, id int64, charge string, since time.Time) error {
	code, enhanced, _ := strings.Cut(charge, " ")
	readers, err := list(ctx, t, scanID, exonerateRows, id, code, enhanced, millis(since), millis(t.now))
	if err != nil {
		return err
	}
	for _, reader := range readers {
		if err := t.readmit(ctx, id, reader); err != nil {
			return err
		}
	}
	return nil
}

// exonerateRows takes: $1 digest, $2 code, $3 enhanced code, $4 since, $5 now.
var exonerateRows = inNumbers(`UPDATE deliveries SET state = {queued}, reason = 0, worker = 0, tries = 0, due_at = $5, changed_at = $5
	WHERE digest_id = $1 AND code = CAST($2 AS INTEGER) AND enhanced = $3 AND changed_at >= $4
		AND (state = {failed} OR state = {queued} AND tries > 0) RETURNING subscriber_id`)

// readmit undoes what a refusal did to its reader.
func (t *tx) readmit(ctx context.Context, digest, id int64) error {
	r, err := t.reader(ctx, id)
	if err != nil || r.State == subscriber.Erased {
		return ignoring(sql.ErrNoRows, err)
	}
	_, err = t.ExecContext(ctx, "DELETE FROM suppressions WHERE address_hash = $1 AND reason = $2 AND note = $3",
		r.hash[:], int(suppression.HardBounce), refusedIn(digest))
	if err != nil || r.State != subscriber.Suppressed {
		return err
	}
	others, err := t.suppressions(ctx, r.hash)
	if err != nil || len(others) > 0 {
		return err
	}
	to, err := t.consented(ctx, id)
	if err != nil {
		return err
	}
	return t.setState(ctx, id, to)
}

// Tolerate takes the answers that a digest is paused for as the readers' own fault
// from here on, for this digest: resumed, it settles refusals of that kind and
// pauses for them no more. A digest that is not paused for an answer is a
// fault.Conflict.
func (s *Store) Tolerate(ctx context.Context, id int64) error {
	return s.update(ctx, "tolerate", func(t *tx) error {
		d, err := t.digest(ctx, id)
		if err != nil {
			return err
		}
		charges, tolerated, err := t.charges(ctx, id)
		if err != nil {
			return err
		}
		if d.State != digest.Paused || len(charges) == 0 {
			return fault.New(fault.Conflict, "This digest is not paused for an answer of a relay.")
		}
		_, err = t.ExecContext(ctx, "UPDATE digests SET charge = '', tolerated = $1 WHERE id = $2",
			strings.Join(append(tolerated, charges...), ","), id)
		return err
	})
}
