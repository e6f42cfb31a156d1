package store

import (
	"context"
	"fmt"
	"time"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/outbox"
)

// OpenDigests lists the digests that are being sent.
func (s *Store) OpenDigests(ctx context.Context) ([]int64, error) {
	ids, err := list(ctx, s.read, scanID, "SELECT id FROM digests WHERE state = $1 ORDER BY id", int(digest.Sending))
	return ids, wrap("open digests", err)
}

// PauseDigest stops sending; it acts at the next intent. The reason is a sentence
// for the editors. Only a digest that is being sent can be paused: any other is a
// fault.Conflict.
func (s *Store) PauseDigest(ctx context.Context, id int64, reason string) error {
	return s.update(ctx, "pause digest", func(t *tx) error {
		if _, err := t.digestFor(ctx, id, digest.Pause); err != nil {
			return err
		}
		return t.pause(ctx, id, reason)
	})
}

func (t *tx) pause(ctx context.Context, id int64, reason string) error {
	_, err := t.ExecContext(ctx, "UPDATE digests SET state = $1, reason = $2, paused_at = $3 WHERE id = $4",
		int(digest.Paused), clipped(reason, maxReason), millis(t.now), id)
	return err
}

// maxReason is the longest reason kept with a digest, in characters.
const maxReason = 300

// ResumeDigest goes on sending after a pause. The time it took does not count
// towards the rows' patience. A digest that is not paused is a fault.Conflict, and
// so is one that was for longer than digest.StaleAfter, with a sentence that says
// how long: what is news to nobody any more goes out by ResumeLate alone.
func (s *Store) ResumeDigest(ctx context.Context, id int64) error {
	return s.resume(ctx, id, func(d digest.Digest, now time.Time) error { return d.AskToResume(now) })
}

// ResumeLate is ResumeDigest for somebody who was told how long the pause was, and
// wants it to go out all the same.
func (s *Store) ResumeLate(ctx context.Context, id int64) error {
	return s.resume(ctx, id, func(digest.Digest, time.Time) error { return nil })
}

func (s *Store) resume(ctx context.Context, id int64, sure func(digest.Digest, time.Time) error) error {
	return s.update(ctx, "resume digest", func(t *tx) error {
		d, err := t.digestFor(ctx, id, digest.Resume)
		if err != nil {
			return err
		}
		if err := sure(d, t.now); err != nil {
			return err
		}
		_, err = t.ExecContext(ctx, "UPDATE digests SET state = $1, reason = '', charge = '', paused_for = paused_for + $2 - paused_at, paused_at = 0 WHERE id = $3",
			int(digest.Sending), millis(t.now), id)
		return err
	})
}

// CancelDigest ends a digest for good, before its launch or in the middle. Rows
// that no relay has seen are skipped; those being handed over are settled by what
// becomes of them, but nothing of the digest waits again. Its spotlights are to be
// had again if it reached nobody. A digest that is over is a fault.Conflict.
func (s *Store) CancelDigest(ctx context.Context, id int64, reason string) error {
	return s.update(ctx, "cancel digest", func(t *tx) error {
		if _, err := t.digestFor(ctx, id, digest.Cancel); err != nil {
			return err
		}
		_, err := t.ExecContext(ctx, "UPDATE digests SET state = $1, reason = $2 WHERE id = $3",
			int(digest.Cancelled), clipped(reason, maxReason), id)
		if err != nil {
			return err
		}
		if _, err := t.ExecContext(ctx, cancelRows, id, millis(t.now)); err != nil {
			return err
		}
		return t.uncarry(ctx, id)
	})
}

var cancelRows = inNumbers(`UPDATE deliveries SET state = {skipped}, reason = {because cancelled}, worker = 0, changed_at = $2
	WHERE digest_id = $1 AND (+state = {queued} OR +state = {claimed})`)

// ExpireQueued fails the rows of sending digests that have waited for longer than
// delivery.Patience, pauses not counted, and returns how many; a digest that has not
// been out for so long is not looked through. It also settles what a worker gave back
// into a digest that was being cancelled that very moment, and has rows tried now that
// were put off by a clock that was wrong then, for longer than any row ever is.
func (s *Store) ExpireQueued(ctx context.Context) (expired int, err error) {
	err = s.update(ctx, "expire queued", func(t *tx) error {
		if _, err := t.ExecContext(ctx, cancelStragglers, millis(t.now)); err != nil {
			return err
		}
		if _, err := t.ExecContext(ctx, pullBackRows, millis(t.now), millis(t.now.Add(delivery.LongestWait))); err != nil {
			return err
		}
		result, err := t.ExecContext(ctx, expireRows, millis(t.now), millis(t.now.Add(-delivery.Patience)))
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		expired = int(n)
		return err
	})
	return expired, err
}

var (
	cancelStragglers = inNumbers(`UPDATE deliveries SET state = {skipped}, reason = {because cancelled}, changed_at = $1
		WHERE ` + queuedRows + ` AND digest_id IN (SELECT id FROM digests WHERE state = {digest cancelled})`)
	pullBackRows = inNumbers(`UPDATE deliveries SET due_at = $1
		WHERE ` + queuedRows + ` AND due_at > $2 AND digest_id IN (SELECT id FROM digests WHERE state = {digest sending})`)
	expireRows = inNumbers(`UPDATE deliveries SET state = {failed}, reason = {because expired}, changed_at = $1
		WHERE ` + queuedRows + ` AND NOT ` + braked + ` AND digest_id IN (SELECT id FROM digests WHERE state = {digest sending} AND launched_at < $2 - paused_for)
			AND due_at < $2 - (SELECT paused_for FROM digests WHERE id = deliveries.digest_id)`)
)

// FinishDigest declares a digest sent once its audience is complete and every row
// has reached an end, and mails the editors the figures. It is false while
// something is still to be done, and true without a second letter when it was
// finished before. Rows that do not add up to what was planned are an error: they
// would mean that somebody was lost.
func (s *Store) FinishDigest(ctx context.Context, id int64) (finished bool, err error) {
	if ready, err := s.settled(ctx, id); err != nil || !ready {
		return false, wrap("finish digest", err)
	}
	err = s.update(ctx, "finish digest", func(t *tx) error {
		d, err := t.digest(ctx, id)
		if finished = d.State == digest.Sent; err != nil || finished || d.State != digest.Sending {
			return err
		}
		sum, err := tally(ctx, t, id)
		if err != nil {
			return err
		}
		if !sum.Reconciled() {
			return fmt.Errorf("digest %d planned %d and settled %d", id, sum.Planned, sum.Settled())
		}
		finished = true
		return t.finish(ctx, id)
	})
	return finished && err == nil, err
}

// settled asks cheaply, because it is asked after every batch, whether a digest
// may be finished.
func (s *Store) settled(ctx context.Context, id int64) (ready bool, err error) {
	err = s.read.QueryRowContext(ctx, selectSettled, id).Scan(&ready)
	return ready, noRows(err, noDigest)
}

// What is queued is looked for first: while there is some, nobody looks at every row.
var selectSettled = inNumbers(`SELECT d.state = {digest sent} OR d.state = {digest sending} AND d.frozen_at > 0
		AND NOT EXISTS (SELECT 1 FROM deliveries r WHERE r.digest_id = d.id AND r.worker = 0 AND r.state = {queued})
		AND NOT EXISTS (SELECT 1 FROM deliveries r WHERE r.digest_id = d.id AND r.state IN ({claimed}, {handing}))
	FROM digests d WHERE d.id = $1`)

func (t *tx) finish(ctx context.Context, id int64) error {
	_, err := t.ExecContext(ctx, "UPDATE digests SET state = $1, finished_at = $2 WHERE id = $3", int(digest.Sent), millis(t.now), id)
	if err != nil {
		return err
	}
	return t.letterToEditors(ctx, outbox.Finished, id)
}
