package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/topic"
)

// Topics lists the topics in the order of forms and digests.
func (s *Store) Topics(ctx context.Context) ([]topic.Topic, error) {
	all, err := list(ctx, s.read, scanTopic, "SELECT id, slug, name, blurb, position FROM topics ORDER BY position, id")
	return all, wrap("topics", err)
}

func scanTopic(row scanner) (topic.Topic, error) {
	var one topic.Topic
	err := row.Scan(&one.ID, &one.Slug, &one.Name, &one.Blurb, &one.Position)
	return one, err
}

// knowTopic refuses a topic that does not exist.
func (t *tx) knowTopic(ctx context.Context, id topic.ID) error {
	var one int
	err := t.QueryRowContext(ctx, "SELECT 1 FROM topics WHERE id = $1", int(id)).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return fault.Field("topic", "Choose one of the topics.")
	}
	return err
}
