package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/source"
	"github.com/collabpulse/weekly/internal/topic"
)

const noSource = "There is no such source."

// AddSource takes up a feed, due at once. An address that is a source already is
// a fault.Conflict, an unknown topic a fault.Invalid on "topic".
func (s *Store) AddSource(ctx context.Context, url string, to topic.ID) (added source.Source, err error) {
	err = s.update(ctx, "add source", func(t *tx) error {
		if err := t.knowTopic(ctx, to); err != nil {
			return err
		}
		id, err := scanID(t.QueryRowContext(ctx, `INSERT INTO sources (url, title, topic_id, active, due_at, created_at)
			VALUES ($1, '', $2, TRUE, $3, $3) ON CONFLICT (url) DO NOTHING RETURNING id`, storable(url), int(to), millis(t.now)))
		if errors.Is(err, sql.ErrNoRows) {
			return fault.New(fault.Conflict, "That feed is a source already.")
		}
		added = source.Source{ID: id, URL: storable(url), Topic: to, Active: true, Due: instant(millis(t.now)), Created: instant(millis(t.now))}
		return err
	})
	return added, err
}

// RemoveSource forgets a feed. What it gave stays in the pool. An unknown id is a
// fault.NotFound.
func (s *Store) RemoveSource(ctx context.Context, id int64) error {
	return s.update(ctx, "remove source", func(t *tx) error {
		return t.one(ctx, noSource, "DELETE FROM sources WHERE id = $1", id)
	})
}

// SetSourceActive pauses a feed, or takes it up again, due at once. An unknown id
// is a fault.NotFound.
func (s *Store) SetSourceActive(ctx context.Context, id int64, active bool) error {
	return s.update(ctx, "set source active", func(t *tx) error {
		return t.one(ctx, noSource, "UPDATE sources SET active = $1, due_at = $2 WHERE id = $3", active, millis(t.now), id)
	})
}

// Sources lists all feeds in the order they were added.
func (s *Store) Sources(ctx context.Context) ([]source.Source, error) {
	all, err := list(ctx, s.read, scanSource, selectSource+" ORDER BY so.id")
	return all, wrap("sources", err)
}

// Source reads one feed; an unknown id is a fault.NotFound.
func (s *Store) Source(ctx context.Context, id int64) (source.Source, error) {
	one, err := scanSource(s.read.QueryRowContext(ctx, selectSource+" WHERE so.id = $1", id))
	return one, wrap("source", noRows(err, noSource))
}

// DueSources are the active feeds whose time to be looked at has come, the
// longest waiting first.
func (s *Store) DueSources(ctx context.Context) ([]int64, error) {
	ids, err := list(ctx, s.read, scanID, "SELECT id FROM sources WHERE active AND due_at <= $1 ORDER BY due_at, id", millis(s.now()))
	return ids, wrap("due sources", err)
}

// LookNow makes a feed due at once. An unknown id is a fault.NotFound, a paused
// feed a fault.Conflict.
func (s *Store) LookNow(ctx context.Context, id int64) error {
	return s.update(ctx, "look now", func(t *tx) error {
		var active bool
		err := t.QueryRowContext(ctx, "UPDATE sources SET due_at = $1 WHERE id = $2 RETURNING active", millis(t.now), id).Scan(&active)
		if err == nil && !active {
			return fault.New(fault.Conflict, "This source is paused; resume it first.")
		}
		return noRows(err, noSource)
	})
}

const selectSource = `SELECT so.id, so.url, so.title, so.topic_id, so.active, so.etag, so.last_modified,
		so.due_at, so.fetched_at, so.succeeded_at, so.failures, so.error, COALESCE(given.stories, 0), so.created_at
	FROM sources so LEFT JOIN (SELECT source_id, COUNT(*) AS stories FROM stories GROUP BY source_id) given ON given.source_id = so.id`

func scanSource(row scanner) (source.Source, error) {
	var so source.Source
	var due, fetched, succeeded, created int64
	err := row.Scan(&so.ID, &so.URL, &so.Title, &so.Topic, &so.Active, &so.Validators.ETag, &so.Validators.LastModified,
		&due, &fetched, &succeeded, &so.Failures, &so.Error, &so.Stories, &created)
	so.Due, so.Fetched, so.Succeeded, so.Created = instant(due), instant(fetched), instant(succeeded), instant(created)
	return so, err
}
