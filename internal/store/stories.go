package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/story"
	"github.com/collabpulse/weekly/internal/topic"
)

// Stories lists a page of the pool, the newest to arrive first, hidden ones too.
func (s *Store) Stories(ctx context.Context, p story.Pool) ([]story.Story, error) {
	var w where
	if p.Topic != 0 {
		w.and("st.topic_id = ?", int(p.Topic))
	}
	if p.Before > 0 {
		w.and("st.id < ?", p.Before)
	}
	if p.Search != "" {
		for _, column := range []string{"title", "author", "link"} {
			w.or("st."+column+" "+s.dialect.like+` ? ESCAPE '\'`, "%"+searched(p.Search)+"%")
		}
	}
	all, err := list(ctx, s.read, scanStory, selectStory+w.sql()+" ORDER BY st.id DESC LIMIT "+w.bind(pageOf(p.Limit)), w.args...)
	return all, wrap("stories", err)
}

// Story reads one story; an unknown id is a fault.NotFound.
func (s *Store) Story(ctx context.Context, id int64) (story.Story, error) {
	one, err := scanStory(s.read.QueryRowContext(ctx, selectStory+" WHERE st.id = $1", id))
	return one, wrap("story", noRows(err, "There is no such story."))
}

// AddStory keeps a story that an editor adds by hand. Zero times become now. A
// link that is in the pool already is a fault.Conflict, an unknown topic a
// fault.Invalid on "topic".
func (s *Store) AddStory(ctx context.Context, st story.Story) (id int64, err error) {
	err = s.update(ctx, "add story", func(t *tx) error {
		if err := t.knowTopic(ctx, st.Topic); err != nil {
			return err
		}
		id, err = t.insertStory(ctx, st)
		if errors.Is(err, sql.ErrNoRows) {
			return fault.New(fault.Conflict, "That story is in the pool already.")
		}
		return err
	})
	return id, err
}

// HideStory takes a story out of the pool that digests are composed from, or
// puts it back. An unknown id is a fault.NotFound.
func (s *Store) HideStory(ctx context.Context, id int64, hidden bool) error {
	return s.update(ctx, "hide story", func(t *tx) error {
		return t.one(ctx, "There is no such story.", "UPDATE stories SET hidden = $1 WHERE id = $2", hidden, id)
	})
}

// SetStoryTopic moves a story to another topic. An unknown id is a
// fault.NotFound, an unknown topic a fault.Invalid on "topic".
func (s *Store) SetStoryTopic(ctx context.Context, id int64, to topic.ID) error {
	return s.update(ctx, "set story topic", func(t *tx) error {
		if err := t.knowTopic(ctx, to); err != nil {
			return err
		}
		return t.one(ctx, "There is no such story.", "UPDATE stories SET topic_id = $1 WHERE id = $2", int(to), id)
	})
}

// selectStory reads what scanStory scans; stories are "st", and the source's
// title, for display, comes from "so".
const selectStory = "SELECT " + storyColumns + " FROM stories st LEFT JOIN sources so ON so.id = st.source_id"

const storyColumns = `st.id, COALESCE(st.source_id, 0), COALESCE(so.title, ''), st.guid, st.link, st.title, st.summary, st.topic_id,
	st.author, st.picture, st.language, st.published_at, st.appeared_at, st.gathered_at, st.likes, st.comments, st.hidden`

func scanStory(row scanner) (story.Story, error) {
	var st story.Story
	var published, appeared, gathered int64
	err := row.Scan(&st.ID, &st.Source, &st.SourceTag, &st.GUID, &st.Link, &st.Title, &st.Summary, &st.Topic,
		&st.Author, &st.Picture, &st.Language, &published, &appeared, &gathered, &st.Likes, &st.Comments, &st.Hidden)
	st.Published, st.Appeared, st.Gathered = instant(published), instant(appeared), instant(gathered)
	return st, err
}

// insertStory adds a story unless its link, or its id within its source, is
// known: then it returns sql.ErrNoRows.
func (t *tx) insertStory(ctx context.Context, st story.Story) (id int64, err error) {
	err = t.QueryRowContext(ctx, `INSERT INTO stories (source_id, guid, link, title, summary, topic_id, author, picture, language,
			published_at, appeared_at, gathered_at, likes, comments, hidden)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) ON CONFLICT DO NOTHING RETURNING id`,
		nullable(st.Source), storable(st.GUID), storable(st.Link), storable(st.Title), storable(st.Summary), int(st.Topic),
		storable(st.Author), storable(st.Picture), storable(st.Language),
		t.orNow(st.Published), t.orNow(st.Appeared), millis(t.now), st.Likes, st.Comments, st.Hidden).Scan(&id)
	return id, err
}
