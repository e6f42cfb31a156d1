package storetest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the "pgx" driver

	"github.com/collabpulse/weekly/internal/store"
	"github.com/collabpulse/weekly/migrations"
)

// PostgresURL makes a database with the schema and nothing in it, beside the one
// PULSE_TEST_POSTGRES_URL names, and drops it with the test. Without the variable
// the test is skipped.
func PostgresURL(t testing.TB) string {
	t.Helper()
	if os.Getenv("PULSE_TEST_POSTGRES_URL") == "" {
		t.Skip("PULSE_TEST_POSTGRES_URL is not set: not tried on PostgreSQL")
	}
	s, err := theServer()
	if err != nil {
		t.Fatal(err)
	}
	name := fresh()
	if _, err := s.db.Exec("CREATE DATABASE " + name + " TEMPLATE " + s.template); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := s.db.Exec("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	return s.named(name)
}

// fresh is a name that no database has.
func fresh() string { return "pulse_test_" + strings.ToLower(rand.Text()[:12]) }

// server is the PostgreSQL server of the tests, with the template of their databases.
type server struct {
	url      url.URL
	db       *sql.DB
	template string
}

// theServer is asked for by every test of the process and readied by the first.
var theServer = sync.OnceValues(func() (*server, error) { return readied(os.Getenv("PULSE_TEST_POSTGRES_URL")) })

// readied connects and makes sure of the template. Migrating costs seconds and
// copying what was migrated costs none, so a template is made once for each
// schema there ever was: its name says which, and it stays on the server for the
// next process.
func readied(raw string) (*server, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, errors.New("PULSE_TEST_POSTGRES_URL is not a URL") // err would show a password
	}
	db, err := sql.Open("pgx", raw)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(4)
	hash, err := schemaHash()
	if err != nil {
		return nil, err
	}
	s := &server{url: *u, db: db, template: "pulse_template_" + hash}
	return s, s.makeTemplate(context.Background())
}

func schemaHash() (string, error) {
	sum := sha256.New()
	err := fs.WalkDir(migrations.Postgres(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(migrations.Postgres(), path)
		fmt.Fprintf(sum, "%s %d\n%s", path, len(text), text)
		return err
	})
	return hex.EncodeToString(sum.Sum(nil)[:8]), err
}

// templateLock is the advisory lock under which templates are made: any number,
// so long as nobody else uses it.
const templateLock = 20261123

// makeTemplate makes the template unless there is one. It is made under another
// name and renamed when it is complete, so that a process that dies on the way
// leaves no half of one behind.
func (s *server) makeTemplate(ctx context.Context) error {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock($1)", templateLock); err != nil {
		return err
	}
	defer conn.ExecContext(ctx, "SELECT pg_advisory_unlock($1)", templateLock)
	var there bool
	err = conn.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)", s.template).Scan(&there)
	if err != nil || there {
		return err
	}
	name := fresh()
	if _, err := conn.ExecContext(ctx, "CREATE DATABASE "+name); err != nil {
		return err
	}
	if err := s.fill(ctx, name); err != nil {
		return err
	}
	_, err = conn.ExecContext(ctx, "ALTER DATABASE "+name+" RENAME TO "+s.template)
	return err
}

// fill migrates a database and takes out what a migration puts in, which hangs on
// more than the schema.
func (s *server) fill(ctx context.Context, name string) error {
	db, err := store.Open(ctx, s.named(name), store.Options{Hasher: Hasher()})
	if err != nil {
		return err
	}
	defer db.Close()
	if err := db.Migrate(ctx); err != nil {
		return err
	}
	raw, err := sql.Open("pgx", s.named(name))
	if err != nil {
		return err
	}
	defer raw.Close()
	_, err = raw.ExecContext(ctx, "DELETE FROM topics; DELETE FROM settings")
	return err
}

// named is the address of a database on the server.
func (s *server) named(name string) string {
	u := s.url
	u.Path = "/" + name
	return u.String()
}
