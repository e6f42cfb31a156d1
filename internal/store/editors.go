package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/collabpulse/weekly/internal/address"
	"github.com/collabpulse/weekly/internal/editor"
	"github.com/collabpulse/weekly/internal/fault"
)

// AddEditor gives somebody the console. An address that is an editor's already
// is a fault.Conflict.
func (s *Store) AddEditor(ctx context.Context, a address.Address, name string, role editor.Role) (e editor.Editor, err error) {
	err = s.update(ctx, "add editor", func(t *tx) error {
		hash := s.hasher.Hash(a)
		e = editor.Editor{Address: a, Name: storable(name), Role: role, Created: instant(millis(t.now))}
		err := t.QueryRowContext(ctx, `INSERT INTO editors (address, address_hash, name, role, created_at)
			VALUES ($1, $2, $3, $4, $5) ON CONFLICT (address_hash) DO NOTHING RETURNING id`,
			a.String(), hash[:], e.Name, int(role), millis(t.now)).Scan(&e.ID)
		if errors.Is(err, sql.ErrNoRows) {
			return fault.New(fault.Conflict, "That address is an editor's already.")
		}
		return err
	})
	return e, err
}

// RemoveEditor takes the console from somebody at once: sessions and sign-ins go
// with the editor. An address that is no editor's is a fault.NotFound.
func (s *Store) RemoveEditor(ctx context.Context, a address.Address) error {
	return s.update(ctx, "remove editor", func(t *tx) error {
		e, err := t.editorBy(ctx, a)
		if err != nil {
			return err
		}
		_, err = t.ExecContext(ctx, "DELETE FROM editors WHERE id = $1", e.ID)
		return err
	})
}

// Editors lists everybody who may sign in, the longest-serving first.
func (s *Store) Editors(ctx context.Context) ([]editor.Editor, error) {
	all, err := list(ctx, s.read, scanEditor, selectEditor+" ORDER BY id")
	return all, wrap("editors", err)
}

const selectEditor = "SELECT id, address, name, role, created_at FROM editors"

func scanEditor(row scanner) (editor.Editor, error) {
	var e editor.Editor
	var text string
	var created int64
	if err := row.Scan(&e.ID, &text, &e.Name, &e.Role, &created); err != nil {
		return e, err
	}
	var err error
	e.Created = instant(created)
	e.Address, err = storedAddress(text)
	return e, err
}

// editorBy finds an editor by address and holds the row until the transaction ends.
func (t *tx) editorBy(ctx context.Context, a address.Address) (editor.Editor, error) {
	hash := t.store.hasher.Hash(a)
	e, err := scanEditor(t.QueryRowContext(ctx, selectEditor+" WHERE address_hash = $1"+t.store.dialect.forUpdate, hash[:]))
	if errors.Is(err, sql.ErrNoRows) {
		return e, fault.New(fault.NotFound, "Nobody with that address is an editor.")
	}
	return e, err
}
