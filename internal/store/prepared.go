package store

import (
	"context"
	"database/sql"
	"sync"
	"sync/atomic"
)

// prepared keeps the statements that every group of a send runs. Reading a step's
// text anew takes SQLite a quarter of the time that the whole step does.
type prepared struct{ byText sync.Map }

// prepare readies texts for use in a transaction. It has to come before the
// transaction begins, because SQLite has one connection that writes.
func (s *Store) prepare(ctx context.Context, texts ...string) error {
	for _, text := range texts {
		if _, known := s.ledgers.prepared.byText.Load(text); known {
			continue
		}
		statement, err := s.write.PrepareContext(ctx, text)
		if err != nil {
			return err
		}
		if _, known := s.ledgers.prepared.byText.LoadOrStore(text, statement); known {
			statement.Close()
		}
	}
	return nil
}

// ready is a prepared text as the transaction's own; prepare must have had it.
func (t *tx) ready(ctx context.Context, text string) *sql.Stmt {
	statement, _ := t.store.ledgers.prepared.byText.Load(text)
	return t.StmtContext(ctx, statement.(*sql.Stmt))
}

// recount has PostgreSQL look anew at how large some tables are. It keeps the plan
// of a prepared statement until then, and one made for a ledger of ten rows reads
// all of it, where a ledger of a hundred thousand wants every row found by its
// key: the intent of a group took 17 ms, not 0.5. Autovacuum would see to it, but
// a minute later, and on some servers never. Where it fails nothing but time is lost.
func (s *Store) recount(ctx context.Context, tables string) {
	if s.dialect.analyze != "" {
		s.write.ExecContext(ctx, s.dialect.analyze+tables)
	}
}

// growth counts the letters that this process claimed, which says how large the
// outbox has become without asking.
type growth struct{ rows atomic.Int64 }

// outgrown adds rows and reports whether they took the count past a thousand, or
// past eight times as many as when it last said so.
func (g *growth) outgrown(rows int) bool {
	now := g.rows.Add(int64(rows))
	before := now - int64(rows)
	mark := int64(1000)
	for mark <= before {
		mark *= 8
	}
	return mark <= now
}
