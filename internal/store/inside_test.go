package store

import (
	"context"

	"github.com/collabpulse/weekly/internal/outbox"
)

// Number reads one number by SQL: what a test must see that no method shows.
func (s *Store) Number(ctx context.Context, query string, args ...any) (n int64, err error) {
	err = s.read.QueryRowContext(ctx, query, args...).Scan(&n)
	return n, err
}

// Damage changes the database as no method would.
func (s *Store) Damage(ctx context.Context, query string, args ...any) error {
	_, err := s.write.ExecContext(ctx, query, args...)
	return err
}

// TellEditors writes the letters that a change of a digest causes.
func (s *Store) TellEditors(ctx context.Context, kind outbox.Kind, digest int64) error {
	return s.update(ctx, "tell editors", func(t *tx) error { return t.letterToEditors(ctx, kind, digest) })
}

// Column runs a query of one text column, for tests that look at the schema itself.
func (s *Store) Column(ctx context.Context, query string) ([]string, error) {
	return list(ctx, s.read, func(row scanner) (text string, err error) { return text, row.Scan(&text) }, query)
}
