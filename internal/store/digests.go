package store

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/digest"
)

const noDigest = "There is no such digest."

// Digest reads one digest with its line-up. An unknown id is a fault.NotFound.
func (s *Store) Digest(ctx context.Context, id int64) (digest.Digest, error) {
	d, err := digestWithLineUp(ctx, s.read, selectDigest+" WHERE id = $1", id)
	return d, wrap("digest", noRows(err, noDigest))
}

// LatestDigest is the one launched last that was not cancelled, with its line-up.
// A fault.NotFound before the first launch.
func (s *Store) LatestDigest(ctx context.Context) (digest.Digest, error) {
	d, err := digestWithLineUp(ctx, s.read, selectLatest)
	return d, wrap("latest digest", noRows(err, "No digest has been sent yet."))
}

// Digests lists the newest digests, without their line-ups.
func (s *Store) Digests(ctx context.Context, limit int) ([]digest.Digest, error) {
	all, err := list(ctx, s.read, scanDigest, selectDigest+" ORDER BY id DESC LIMIT $1", pageOf(limit))
	return all, wrap("digests", err)
}

const selectDigest = `SELECT id, state, reason, COALESCE(schedule, ''), COALESCE(slot_date, ''), slot_at, window_from, window_to,
	subject, preheader, intro, send_at, composed_at, approved_at, approved_by, launched_at, frozen_at, paused_at, finished_at,
	snapshot_hash, salt, doubts, excluded, version, correction_of, audience, charge FROM digests`

// selectLatest finds the digest launched last. One that was cancelled does not
// count: its stories are to be in the next.
var selectLatest = inNumbers(selectDigest + " WHERE launched_at > 0 AND state <> {digest cancelled} ORDER BY launched_at DESC, id DESC LIMIT 1")

func scanDigest(row scanner) (digest.Digest, error) {
	var d digest.Digest
	var slot, from, to, send, composed, approved, launched, frozen, paused, finished int64
	var salt, excluded []byte
	err := row.Scan(&d.ID, &d.State, &d.Reason, &d.Slot.Schedule, &d.Slot.Date, &slot, &from, &to,
		&d.Subject, &d.Preheader, &d.Intro, &send, &composed, &approved, &d.ApprovedBy, &launched, &frozen, &paused, &finished,
		&d.Hash, &salt, &d.Doubts, &excluded, &d.Version, &d.Corrects, &d.Audience, &d.Charge)
	if err != nil {
		return d, err
	}
	d.Slot.At, d.Window = instant(slot), digest.Window{From: instant(from), To: instant(to)}
	d.SendAt, d.Composed, d.Approved = instant(send), instant(composed), instant(approved)
	d.Launched, d.Frozen, d.Paused, d.Finished = instant(launched), instant(frozen), instant(paused), instant(finished)
	if len(salt) != len(delivery.Salt{}) {
		return d, errors.New("a digest's salt is damaged")
	}
	d.Salt, d.Charge = delivery.Salt(salt), strings.Join(answers(d.Charge), " and ")
	return d, json.Unmarshal(excluded, &d.Excluded)
}

// digestWithLineUp reads the one digest that a query finds; sql.ErrNoRows when it
// finds none.
func digestWithLineUp(ctx context.Context, q querier, query string, args ...any) (digest.Digest, error) {
	d, err := scanDigest(q.QueryRowContext(ctx, query, args...))
	if err != nil {
		return d, err
	}
	d.LineUp, err = lineUp(ctx, q, d.ID)
	return d, err
}

// digest reads a digest that is about to change and holds its row until the
// transaction ends. An unknown id is a fault.NotFound.
func (t *tx) digest(ctx context.Context, id int64) (digest.Digest, error) {
	d, err := scanDigest(t.QueryRowContext(ctx, selectDigest+" WHERE id = $1"+t.store.dialect.forUpdate, id))
	return d, noRows(err, noDigest)
}

// digestFor is digest, when the action is allowed in its state; otherwise the
// fault.Conflict that says what it is.
func (t *tx) digestFor(ctx context.Context, id int64, a digest.Action) (digest.Digest, error) {
	d, err := t.digest(ctx, id)
	if err != nil {
		return d, err
	}
	return d, digest.Check(d.State, a)
}
