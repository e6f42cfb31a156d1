package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/fault"
)

// CorrectDigest makes a draft with the line-up and the words of a digest that was
// sent, or cancelled half way, for one part of its readers: to be mended, approved
// and sent like any other. It may share its stories with what it corrects. Asked for
// with the same form again it is the one there is. A digest in any other state, and
// one that was cancelled before its launch, are a fault.Conflict.
func (s *Store) CorrectDigest(ctx context.Context, id int64, to digest.Audience, form digest.Form) (d digest.Digest, err error) {
	if to != digest.Received && to != digest.Missed {
		return d, fault.Field("to", "A correction is for those who have the digest, or for those who have not.")
	}
	err = s.update(ctx, "correct digest", func(t *tx) error {
		faulty, err := t.digestFor(ctx, id, digest.Correct)
		if err != nil {
			return err
		}
		if faulty.Launched.IsZero() {
			return fault.New(fault.Conflict, "This digest was cancelled before it went out; there is nothing to correct.")
		}
		if err := t.remembered(ctx, id); err != nil {
			return err
		}
		made, err := t.asked(ctx, form)
		if errors.Is(err, sql.ErrNoRows) {
			made, err = t.correct(ctx, id, to, form)
		}
		if errors.Is(err, sql.ErrNoRows) { // just now
			made, err = t.asked(ctx, form)
		}
		if err != nil {
			return err
		}
		d, err = digestWithLineUp(ctx, t, selectDigest+" WHERE id = $1", made)
		return err
	})
	return d, err
}

// correct copies a digest; sql.ErrNoRows when the form has one already.
func (t *tx) correct(ctx context.Context, id int64, to digest.Audience, form digest.Form) (int64, error) {
	var salt delivery.Salt
	rand.Read(salt[:]) // never fails since Go 1.24
	made, err := scanID(t.QueryRowContext(ctx, copyDigest, id, int(to), millis(t.now), salt[:], int(digest.Draft), formColumn(form)))
	if err != nil {
		return 0, err
	}
	for _, copied := range []string{copyStories, copySpotlights} {
		if _, err := t.ExecContext(ctx, copied, id, made); err != nil {
			return 0, err
		}
	}
	return made, nil
}

// The texts take: $1 the digest corrected, and copyDigest $2 audience, $3 now,
// $4 salt, $5 state, $6 form; the others $2 the correction.
const (
	copyDigest = `INSERT INTO digests (state, window_from, window_to, subject, preheader, intro, doubts, composed_at, salt, correction_of, family, audience, form)
		SELECT CAST($5 AS SMALLINT), window_from, window_to, subject, preheader, intro, doubts, CAST($3 AS BIGINT), $4, id,
			CASE WHEN family = 0 THEN id ELSE family END, CAST($2 AS SMALLINT), CAST($6 AS TEXT)
		FROM digests WHERE id = $1 ON CONFLICT DO NOTHING RETURNING id`
	copyStories = `INSERT INTO digest_stories (digest_id, story_id, position, included)
		SELECT CAST($2 AS BIGINT), story_id, position, included FROM digest_stories WHERE digest_id = $1`
	copySpotlights = `INSERT INTO digest_spotlights (digest_id, spotlight_id, position, included)
		SELECT CAST($2 AS BIGINT), spotlight_id, position, included FROM digest_spotlights WHERE digest_id = $1`
)

// kin is whether digest d is of the same line of corrections as digest $1: what
// one of them includes the others may.
const kin = `(CASE WHEN d.family = 0 THEN d.id ELSE d.family END) =
	(SELECT CASE WHEN k.family = 0 THEN k.id ELSE k.family END FROM digests k WHERE k.id = $1)`

// addressed is whether a reader s is in the audience of digest $1.
func addressed(a digest.Audience) string {
	switch a {
	case digest.Received:
		return received
	case digest.Missed:
		return "(NOT " + received + " AND s.id <= (SELECT o.freeze_end FROM digests o WHERE o.id = " + corrected + ") AND " + theirWeek + ")"
	}
	return "TRUE"
}

const (
	corrected = "(SELECT c.correction_of FROM digests c WHERE c.id = $1)"
	// received counts whoever may have it, so that nobody gets a correction of what
	// they have twice, or the same news again as if it were new.
	received = `(EXISTS (SELECT 1 FROM deliveries f WHERE f.digest_id = ` + corrected + ` AND f.subscriber_id = s.id AND ` + hasIt + `)
		OR EXISTS (SELECT 1 FROM delivery_history f WHERE f.digest_id = ` + corrected + ` AND f.subscriber_id = s.id AND ` + hasIt + `))`
	// theirWeek is whether the digest corrected was for the reader at all: who wants
	// fewer than all has it merged into their next one.
	theirWeek = `(s.cadence = 0 OR EXISTS (SELECT 1 FROM deliveries f WHERE f.digest_id = ` + corrected + ` AND f.subscriber_id = s.id)
		OR EXISTS (SELECT 1 FROM delivery_history f WHERE f.digest_id = ` + corrected + ` AND f.subscriber_id = s.id))`
	hasIt = "(f.state IN ({handing}, {sent}, {unknown}) OR f.doubts > 0)"
)
