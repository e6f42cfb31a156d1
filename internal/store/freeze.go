package store

import (
	"context"
	"encoding/json"

	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/subscriber"
	"github.com/collabpulse/weekly/internal/topic"
)

// freezeChunk is how many subscribers one transaction looks at: few enough that
// nobody waits long for the write lock of SQLite.
const freezeChunk = 5000

// firstChunk is smaller, so that the first mails go out at once.
const firstChunk = 500

// FreezeDigest plans the next chunk of a launched digest's audience: a queued row
// for everybody who is active, not suppressed and has a story to read, and a count
// by reason of everybody else. It is done when the last subscriber of the launch
// has been looked at. The place it has got to is kept in the transaction that
// plans, so it resumes after a crash, and several may freeze at once.
//
// A pause does not stop it. A cancelled or sent digest is done at once, one not
// launched is a fault.Conflict.
func (s *Store) FreezeDigest(ctx context.Context, id int64) (done bool, err error) {
	var c span
	err = s.update(ctx, "freeze digest", func(t *tx) error {
		d, err := t.digest(ctx, id)
		if err != nil {
			return err
		}
		switch {
		case !d.Frozen.IsZero() || d.State == digest.Cancelled:
			c = span{last: true}
			return nil
		case d.State != digest.Sending && d.State != digest.Paused:
			return fault.New(fault.Conflict, "This digest is %s; it has no audience before it is sent.", d.State)
		}
		c, err = t.freeze(ctx, d)
		return err
	})
	if err == nil && c.telling() {
		s.recount(ctx, "subscribers, suppressions, deliveries")
	}
	return c.last && err == nil, err
}

func (t *tx) freeze(ctx context.Context, d digest.Digest) (span, error) {
	snapshot, _, err := snapshotOf(ctx, t, d.ID)
	if err != nil {
		return span{}, err
	}
	c, err := t.nextChunk(ctx, d.ID, snapshot.Topics())
	c.audience = d.Audience
	if err != nil {
		return c, err
	}
	if c.pace, err = t.paceOf(ctx, d, c); err != nil {
		return c, err
	}
	if err := t.mornings(ctx, c, d.Launched); err != nil {
		return c, err
	}
	planned, err := t.plan(ctx, c, millis(d.Launched))
	if err != nil {
		return c, err
	}
	if err := t.exclude(ctx, c, &d.Excluded); err != nil {
		return c, err
	}
	return c, t.advance(ctx, c, planned, d.Excluded)
}

// span is the subscribers one chunk looks at: after < id ≤ upTo.
type span struct {
	digest      int64
	after, upTo int64
	last        bool
	planned     int // by the chunks before
	audience    digest.Audience
	pace        pace
	topics      topic.Set // with stories in the digest; empty for one that concerns everybody
}

func (c span) first() bool { return c.after == 0 }

// telling is whether a chunk changes what the database ought to know of the size of
// its tables. The first mails do not wait for that, unless there are no others.
func (c span) telling() bool {
	return c.digest != 0 && c.planned <= firstChunk && (c.last || !c.first())
}

// nextChunk bounds a chunk by counting subscribers, not ids: a table may have
// wide gaps between them.
func (t *tx) nextChunk(ctx context.Context, id int64, topics topic.Set) (span, error) {
	c := span{digest: id, topics: topics}
	var end int64
	if err := t.QueryRowContext(ctx, "SELECT freeze_cursor, freeze_end, planned FROM digests WHERE id = $1", id).Scan(&c.after, &end, &c.planned); err != nil {
		return c, err
	}
	size := freezeChunk
	if c.first() {
		size = firstChunk
	}
	err := t.QueryRowContext(ctx, `SELECT COALESCE(MAX(id), $2) FROM
		(SELECT id FROM subscribers WHERE id > $1 AND id <= $2 ORDER BY id LIMIT $3) AS chunk`, c.after, end, size).Scan(&c.upTo)
	c.last = c.upTo >= end
	return c, err
}

// plan writes the rows of a chunk, due since the launch or at the hour that a
// reader chose, and returns how many.
func (t *tx) plan(ctx context.Context, c span, launch int64) (planned int64, err error) {
	result, err := t.ExecContext(ctx, planChunk(c.audience, c.pace), c.digest, c.after, c.upTo, int64(c.topics), launch, millis(t.now))
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// planChunk takes: $1 digest, $2 < id ≤ $3, $4 topics, $5 launch, $6 now. WHERE comes
// before ON CONFLICT because SQLite would otherwise read it as a join's ON.
func planChunk(a digest.Audience, p pace) string {
	return inNumbers(`INSERT INTO deliveries (digest_id, subscriber_id, state, edition, domain_group, due_at, changed_at)
	SELECT CAST($1 AS BIGINT), s.id, {queued}, ` + p.editionKey() + `, COALESCE(g.domain_group, s.domain_group), COALESCE(m.due_at, CAST($5 AS BIGINT)), CAST($6 AS BIGINT)
	FROM ` + p.readers() + ` LEFT JOIN mornings m ON m.digest_id = $1 AND m.timezone = s.timezone AND m.hour = s.hour
		LEFT JOIN domain_groups g ON g.domain = s.domain_group
	WHERE s.id > $2 AND s.id <= $3 AND s.state = {reader active} AND ` + p.concerned() + ` AND ` + addressed(a) + ` AND ` + p.due() + `
		AND NOT EXISTS (SELECT 1 FROM suppressions p WHERE p.address_hash = s.address_hash AND (p.until_at = 0 OR p.until_at > $6))
	ON CONFLICT DO NOTHING`)
}

// In a chunk's texts the readers are s and the digest's topics $4.

// readers are the subscribers, with the digest since which they have missed some.
func (p pace) readers() string {
	return "(SELECT s.*, " + p.since() + " AS since FROM subscribers s) AS s"
}

// editionKey builds in SQL what edition.Key.String builds in Go.
func (p pace) editionKey() string {
	return "CAST(s.topics & " + p.topics() + " AS TEXT) || '." + frameLanguage + ".' || CASE WHEN s.plain THEN 'p' ELSE 'h' END || '.' || CAST(s.since AS TEXT)"
}

// concerned is whether a reader has something to read.
func (p pace) concerned() string {
	return "(CAST($4 AS BIGINT) = 0 OR (s.topics & " + p.topics() + ") <> 0)"
}

// frameLanguage is the language that a reader's frame is in: there is one.
const frameLanguage = subscriber.DefaultLanguage

// exclude counts whom the chunk did not plan for. It asks for those without a row,
// so that together with the rows it is everybody, even if a reader's state changes
// between the two statements; whoever could have been planned for counts as
// suppressed.
func (t *tx) exclude(ctx context.Context, c span, e *digest.Excluded) error {
	var n digest.Excluded
	err := t.QueryRowContext(ctx, excludeChunk(c.audience, c.pace), c.digest, c.after, c.upTo, int64(c.topics)).Scan(
		&n.Pending, &n.Paused, &n.Unsubscribed, &n.Erased, &n.Suppressed, &n.NoStories, &n.OutsideAudience, &n.NotTheirWeek)
	e.Pending += n.Pending
	e.Paused += n.Paused
	e.Unsubscribed += n.Unsubscribed
	e.Erased += n.Erased
	e.Suppressed += n.Suppressed
	e.NoStories += n.NoStories
	e.OutsideAudience += n.OutsideAudience
	e.NotTheirWeek += n.NotTheirWeek
	return err
}

// excludeChunk takes: $1 digest, $2 < id ≤ $3, $4 topics.
func excludeChunk(a digest.Audience, p pace) string {
	addressed, concerned, due := addressed(a), p.concerned(), p.due()
	return inNumbers(`SELECT
		COUNT(*) FILTER (WHERE s.state = {reader pending}), COUNT(*) FILTER (WHERE s.state = {reader paused}),
		COUNT(*) FILTER (WHERE s.state = {reader unsubscribed}), COUNT(*) FILTER (WHERE s.state = {reader erased}),
		COUNT(*) FILTER (WHERE s.state = {reader suppressed} OR s.state = {reader active} AND ` + concerned + ` AND ` + addressed + ` AND ` + due + `),
		COUNT(*) FILTER (WHERE s.state = {reader active} AND NOT ` + concerned + ` AND ` + addressed + ` AND ` + due + `),
		COUNT(*) FILTER (WHERE s.state = {reader active} AND NOT ` + addressed + `),
		COUNT(*) FILTER (WHERE s.state = {reader active} AND ` + addressed + ` AND NOT ` + due + `)
	FROM ` + p.readers() + ` WHERE s.id > $2 AND s.id <= $3
		AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.digest_id = $1 AND d.subscriber_id = s.id)`)
}

func (t *tx) advance(ctx context.Context, c span, planned int64, e digest.Excluded) error {
	counts, err := json.Marshal(e)
	if err != nil {
		return err
	}
	var frozen int64
	if c.last {
		frozen = millis(t.now)
	}
	_, err = t.ExecContext(ctx, "UPDATE digests SET freeze_cursor = $1, planned = planned + $2, excluded = $3, frozen_at = $4 WHERE id = $5",
		c.upTo, planned, string(counts), frozen, c.digest)
	return err
}
