// Package migrations holds the schema's history for both engines, as goose
// reads it. The two folders have the same versions with the same meaning; the
// store's conformance suite runs on both.
package migrations

import (
	"embed"
	"io/fs"
)

//go:embed sqlite/*.sql postgres/*.sql
var files embed.FS

// SQLite is the history for SQLite.
func SQLite() fs.FS { return sub("sqlite") }

// Postgres is the history for PostgreSQL.
func Postgres() fs.FS { return sub("postgres") }

func sub(dir string) fs.FS {
	f, err := fs.Sub(files, dir)
	if err != nil {
		panic(err) // the directories are embedded above
	}
	return f
}
