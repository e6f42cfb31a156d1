package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/collabpulse/weekly/internal/delivery"
)

// Allot takes up to n mails out of a day's allowance, and returns how many there
// were left. All processes take from the same.
func (s *Store) Allot(ctx context.Context, a delivery.Allowance, n int) (given int, err error) {
	err = s.update(ctx, "allot", func(t *tx) error {
		allotted := 0 // as it stands, and stays until this transaction ends
		err := t.QueryRowContext(ctx, `INSERT INTO warm_up_days (day, allotted) VALUES ($1, 0)
			ON CONFLICT (day) DO UPDATE SET allotted = warm_up_days.allotted RETURNING allotted`, a.Date).Scan(&allotted)
		if err != nil {
			return err
		}
		given = max(0, min(n, a.Most-allotted))
		_, err = t.ExecContext(ctx, "UPDATE warm_up_days SET allotted = $1 WHERE day = $2", allotted+given, a.Date)
		return err
	})
	return given, err
}

// Allotted is how many mails of a day's allowance have been taken.
func (s *Store) Allotted(ctx context.Context, a delivery.Allowance) (n int, err error) {
	err = s.read.QueryRowContext(ctx, "SELECT allotted FROM warm_up_days WHERE day = $1", a.Date).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return n, wrap("allotted", err)
}
