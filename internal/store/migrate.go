package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/topic"
)

// Migrate brings the schema up to date, under a lock because several processes
// may start at once, adds the default topics to an empty installation, and checks
// that the address key is the one the stored hashes were made with. A schema newer
// than this program is a fault.Conflict.
func (s *Store) Migrate(ctx context.Context) error {
	err := s.migrate(ctx, func(p *goose.Provider) error {
		has, wants, err := p.GetVersions(ctx)
		if err == nil && has > wants {
			err = fault.New(fault.Conflict, "The database has schema version %d, made by a newer program; this one knows %d. Use the newer program.", has, wants)
		}
		if err == nil {
			_, err = p.Up(ctx)
		}
		return err
	})
	if err != nil {
		return wrap("migrate", err)
	}
	return s.update(ctx, "prepare", func(t *tx) error {
		if err := t.seedTopics(ctx); err != nil {
			return err
		}
		return t.checkAddressKey(ctx)
	})
}

// MigrateDown undoes every migration, and with them all data.
func (s *Store) MigrateDown(ctx context.Context) error {
	return wrap("migrate down", s.migrate(ctx, func(p *goose.Provider) error {
		_, err := p.DownTo(ctx, 0)
		return err
	}))
}

// migrate changes the schema while no other process does.
func (s *Store) migrate(ctx context.Context, change func(*goose.Provider) error) (err error) {
	release, err := s.dialect.alone(ctx, s.dsn)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	p, err := s.provider()
	if err != nil {
		return err
	}
	return change(p)
}

// SchemaVersion is the version the database has and the one this program wants.
func (s *Store) SchemaVersion(ctx context.Context) (has, wants int64, err error) {
	p, err := s.provider()
	if err != nil {
		return 0, 0, wrap("schema version", err)
	}
	has, wants, err = p.GetVersions(ctx)
	return has, wants, wrap("schema version", err)
}

// CheckAddressKey is a fault.Conflict when the database was made with another
// PULSE_ADDRESS_KEY. It changes nothing but a database that has none noted yet.
func (s *Store) CheckAddressKey(ctx context.Context) error {
	return s.update(ctx, "check the address key", func(t *tx) error { return t.checkAddressKey(ctx) })
}

func (s *Store) provider() (*goose.Provider, error) {
	var options []goose.ProviderOption
	if s.dialect.name == postgresDialect.name {
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return nil, err
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	return goose.NewProvider(s.dialect.goose, s.write, s.dialect.migrations(), options...)
}

func (t *tx) seedTopics(ctx context.Context) error {
	for _, d := range topic.Defaults() {
		_, err := t.ExecContext(ctx, `INSERT INTO topics (id, slug, name, blurb, position)
			SELECT CAST($1 AS SMALLINT), CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS INTEGER)
			WHERE NOT EXISTS (SELECT 1 FROM topics WHERE id = $1) ON CONFLICT DO NOTHING`,
			int(d.ID), d.Slug, d.Name, d.Blurb, d.Position)
		if err != nil {
			return err
		}
	}
	return nil
}

const addressKeySetting = "address_key_fingerprint"

func (t *tx) checkAddressKey(ctx context.Context) error {
	mine := t.store.hasher.Fingerprint()
	var stored string
	err := t.QueryRowContext(ctx, "SELECT value FROM settings WHERE name = $1", addressKeySetting).Scan(&stored)
	if errors.Is(err, sql.ErrNoRows) {
		_, err = t.ExecContext(ctx, "INSERT INTO settings (name, value, changed_at) VALUES ($1, $2, $3)", addressKeySetting, mine, millis(t.now))
		return err
	}
	if err == nil && stored != mine {
		return fault.New(fault.Conflict, "PULSE_ADDRESS_KEY is not the key this database was made with; under another key every suppression would be forgotten.")
	}
	return err
}
