package store

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/collabpulse/weekly/internal/fault"
)

// where collects the conditions of a list's filter. Values are always bound.
type where struct {
	all, any []string
	args     []any
}

// and adds a condition in which each ? stands for the value.
func (w *where) and(condition string, value any) {
	w.all = append(w.all, strings.ReplaceAll(condition, "?", w.bind(value)))
}

// or adds a condition of which one must hold.
func (w *where) or(condition string, value any) {
	w.any = append(w.any, strings.ReplaceAll(condition, "?", w.bind(value)))
}

// bind adds a value and names its place.
func (w *where) bind(value any) string {
	w.args = append(w.args, value)
	return "$" + strconv.Itoa(len(w.args))
}

// sql is the WHERE clause, "" without conditions.
func (w *where) sql() string {
	all := w.all
	if len(w.any) > 0 {
		all = append(all[:len(all):len(all)], "("+strings.Join(w.any, " OR ")+")")
	}
	if len(all) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(all, " AND ")
}

// Bounds of a list's page.
const (
	defaultPage = 50
	maxPage     = 1000
)

func pageOf(limit int) int {
	if limit <= 0 {
		return defaultPage
	}
	return min(limit, maxPage)
}

// maxSearch is the longest text looked for, in octets: an address's and a title's
// fit, and no engine is made to match more.
const maxSearch = 256

// searched is what somebody typed as the literal part of a LIKE pattern; the
// query says ESCAPE '\'.
func searched(text string) string {
	text = storable(strings.TrimSpace(text))
	if len(text) > maxSearch {
		end := maxSearch
		for !utf8.RuneStart(text[end]) {
			end--
		}
		text = text[:end]
	}
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text)
}

// storable is a stranger's text as PostgreSQL can keep it: valid UTF-8 without
// NUL. SQLite would take anything, and the two must hold the same.
func storable(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "")
}

// clipped is storable text of so many characters at most.
func clipped(text string, limit int) string {
	text = storable(text)
	if r := []rune(text); len(r) > limit {
		return string(r[:limit])
	}
	return text
}

// one runs a statement that must change a row, and is a fault.NotFound with the
// sentence when it changes none.
func (t *tx) one(ctx context.Context, missing, query string, args ...any) error {
	result, err := t.ExecContext(ctx, query, args...)
	if err != nil {
		return err
	}
	n, err := result.RowsAffected()
	if err == nil && n == 0 {
		return fault.New(fault.NotFound, "%s", missing)
	}
	return err
}

// noRows turns "no rows" into a fault.NotFound with the sentence.
func noRows(err error, missing string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fault.New(fault.NotFound, "%s", missing)
	}
	return err
}

// orNow is a time as it is stored, the transaction's own for a zero one.
func (t *tx) orNow(when time.Time) int64 {
	if when.IsZero() {
		return millis(t.now)
	}
	return millis(when)
}

// nullable is an id as it is stored in a column where none is NULL.
func nullable(id int64) sql.NullInt64 { return sql.NullInt64{Int64: id, Valid: id != 0} }
