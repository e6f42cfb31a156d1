package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/subscriber"
	"github.com/collabpulse/weekly/internal/topic"
)

// pace is what a launch has to know of the digests before it, for readers who want
// fewer than all. The zero value is for a chunk without such readers, and for a
// correction, which goes to whom it goes.
type pace struct {
	// lately are, by cadence, the digests since which not enough time has passed.
	lately map[subscriber.Cadence][]earlier
	back   []backIssue // the newest first, digest.MostMerged at most
}

// backIssue is an earlier digest that may be the last one a reader had.
type backIssue struct {
	earlier
	topics topic.Set // of all digests after it, the one being launched included
}

// earlier is a digest that was launched.
type earlier struct {
	id       int64
	launched time.Time
	family   []int64 // itself and its corrections: who has one of them has it
}

func scanEarlier(row scanner) (e earlier, err error) {
	var launched int64
	err = row.Scan(&e.id, &launched)
	e.launched = instant(launched)
	return e, err
}

// launchedBefore takes: $1 a digest, $2 the time of a launch to go back to. One that was
// cancelled half way is one of them: some have it. A correction is not, and stands for
// what it corrects when that is merged.
const launchedBefore = `SELECT g.id, g.launched_at FROM digests g JOIN digests d ON d.id = $1
	WHERE g.audience = 0 AND g.launched_at > $2 AND g.launched_at <= d.launched_at AND g.id <> d.id ORDER BY g.launched_at DESC, g.id DESC`

// paceOf looks back from a digest that is being frozen, if the chunk has readers whom
// that concerns. Deliveries older than the longest cadence are of no matter.
func (t *tx) paceOf(ctx context.Context, d digest.Digest, c span) (pace, error) {
	var p pace
	if d.Audience != digest.Everybody {
		return p, nil
	}
	var some bool
	err := t.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM subscribers WHERE id > $1 AND id <= $2 AND cadence > 0)", c.after, c.upTo).Scan(&some)
	if err != nil || !some {
		return p, err
	}
	all, err := list(ctx, t, scanEarlier, launchedBefore, d.ID, 0)
	if err != nil {
		return p, err
	}
	p.lately = map[subscriber.Cadence][]earlier{}
	topics := c.topics
	for i, e := range all {
		recent := e.launched.After(d.Launched.Add(-subscriber.Monthly.Apart()))
		if i >= digest.MostMerged && !recent {
			break
		}
		if e.family, err = list(ctx, t, scanID, versions, e.id); err != nil {
			return p, err
		}
		for _, cadence := range subscriber.Cadences() {
			if e.launched.After(d.Launched.Add(-cadence.Apart())) {
				p.lately[cadence] = append(p.lately[cadence], e)
			}
		}
		if i < digest.MostMerged {
			p.back = append(p.back, backIssue{e, topics})
			said, err := newest(ctx, t, e.id)
			if err != nil {
				return p, err
			}
			topics |= said.Topics()
		}
	}
	return p, nil
}

// versions are a digest and its corrections that were launched.
const versions = "SELECT id FROM digests WHERE (id = $1 OR family = $1) AND launched_at > 0 ORDER BY id"

// newest is what a digest's last version says that was not cancelled; nothing if all
// of them were.
func newest(ctx context.Context, q querier, id int64) (digest.Snapshot, error) {
	last, err := scanID(q.QueryRowContext(ctx, newestVersion, id))
	if errors.Is(err, sql.ErrNoRows) {
		return digest.Snapshot{}, nil
	}
	if err != nil {
		return digest.Snapshot{}, err
	}
	snapshot, _, err := snapshotOf(ctx, q, last)
	return snapshot, err
}

var newestVersion = inNumbers(`SELECT id FROM digests WHERE (id = $1 OR family = $1)
	AND launched_at > 0 AND state IN ({digest sending}, {digest paused}, {digest sent}) ORDER BY id DESC LIMIT 1`)

// Missed are the digests launched after one that a reader had and before the one named,
// the newest first, each as its newest correction has it: what is merged into the
// latter for that reader.
func (s *Store) Missed(ctx context.Context, id, since int64) ([]digest.Snapshot, error) {
	var had int64
	if err := s.read.QueryRowContext(ctx, "SELECT launched_at FROM digests WHERE id = $1", since).Scan(&had); err != nil {
		return nil, wrap("missed", noRows(err, noDigest))
	}
	between, err := list(ctx, s.read, scanEarlier, launchedBefore, id, had)
	if err != nil {
		return nil, wrap("missed", err)
	}
	var missed []digest.Snapshot
	for _, e := range between {
		said, err := newest(ctx, s.read, e.id)
		if err != nil {
			return nil, wrap("missed", err)
		}
		missed = append(missed, said)
	}
	return missed, nil
}

// due is whether it is the week of a reader s.
func (p pace) due() string {
	var whens strings.Builder
	for _, cadence := range subscriber.Cadences() {
		if lately := p.lately[cadence]; cadence.Apart() > 0 && len(lately) > 0 {
			fmt.Fprintf(&whens, " WHEN %d THEN NOT %s", cadence, hasAnyOf(lately...))
		}
	}
	if whens.Len() == 0 {
		return "TRUE"
	}
	return "CASE s.cadence" + whens.String() + " ELSE TRUE END"
}

// since is the last digest that a reader s had, if there are any to merge after it;
// else 0. Whoever had none of the last few gets this one alone.
func (p pace) since() string {
	if len(p.back) < 2 {
		return "0"
	}
	text := "CASE WHEN s.cadence = 0 THEN 0"
	for i, b := range p.back {
		answer := b.id
		if i == 0 {
			answer = 0
		}
		text += fmt.Sprintf(" WHEN %s THEN %d", hasAnyOf(b.earlier), answer)
	}
	return text + " ELSE 0 END"
}

// topics are those with stories for a reader s since then; $4 are the digest's own.
func (p pace) topics() string {
	if len(p.back) < 2 {
		return "CAST($4 AS BIGINT)"
	}
	text := "CASE s.since"
	for _, b := range p.back[1:] {
		text += fmt.Sprintf(" WHEN %d THEN %d", b.id, b.topics)
	}
	return text + " ELSE CAST($4 AS BIGINT) END"
}

// hasAnyOf is whether a reader s has one of the digests, may have it, or will.
func hasAnyOf(digests ...earlier) string {
	var all []string
	for _, d := range digests {
		for _, id := range d.family {
			all = append(all, strconv.FormatInt(id, 10))
		}
	}
	ids := strings.Join(all, ", ")
	in := func(table string) string {
		return "EXISTS (SELECT 1 FROM " + table + " f WHERE f.digest_id IN (" + ids + ") AND f.subscriber_id = s.id AND (f.state NOT IN ({failed}, {skipped}) OR f.doubts > 0))"
	}
	return "(" + in("deliveries") + " OR " + in("delivery_history") + ")"
}
