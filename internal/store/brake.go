package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/collabpulse/weekly/internal/digest"
)

// Brake is the emergency brake as it is now.
func (s *Store) Brake(ctx context.Context) (digest.Brake, error) {
	b, err := brake(ctx, s.read)
	return b, wrap("brake", err)
}

func brake(ctx context.Context, q querier) (b digest.Brake, err error) {
	var pulled int64
	err = q.QueryRowContext(ctx, "SELECT pulled_at, pulled_by FROM emergency_brake WHERE id = 1").Scan(&pulled, &b.By)
	if errors.Is(err, sql.ErrNoRows) {
		return digest.Brake{}, nil
	}
	b.Pulled = instant(pulled)
	return b, err
}

// braked is whether the emergency brake is pulled. Claims and intents ask it anew
// each time, so it acts before the next mail is handed over, in every worker.
const braked = "EXISTS (SELECT 1 FROM emergency_brake)"

// PullBrake stops every digest at the next intent, and lets none be launched, until
// ReleaseBrake. Pulled again it stays as it is: the first who pulled it is named.
func (s *Store) PullBrake(ctx context.Context, by string) error {
	return s.update(ctx, "pull brake", func(t *tx) error {
		_, err := t.ExecContext(ctx, "INSERT INTO emergency_brake (id, pulled_at, pulled_by) VALUES (1, $1, $2) ON CONFLICT DO NOTHING",
			millis(t.now), clipped(by, 100))
		return err
	})
}

// ReleaseBrake lets digests go out again, and returns those that go on at once. The
// time it took does not count towards the rows' patience. A digest that somebody
// paused stays paused; and after longer than digest.StaleAfter those that were going
// out are paused too, since the pull, for an editor to say that they are still
// news. Releasing what is not pulled does nothing.
func (s *Store) ReleaseBrake(ctx context.Context) (resumed []int64, err error) {
	err = s.update(ctx, "release brake", func(t *tx) error {
		resumed = nil
		b, err := brake(ctx, t)
		if err != nil || !b.On() {
			return err
		}
		if _, err := t.ExecContext(ctx, "DELETE FROM emergency_brake"); err != nil {
			return err
		}
		if b.Long(t.now) {
			_, err = t.ExecContext(ctx, "UPDATE digests SET state = $1, reason = $2, paused_at = $3 WHERE state = $4",
				int(digest.Paused), "The emergency brake was on for long.", millis(b.Pulled), int(digest.Sending))
			return err
		}
		resumed, err = list(ctx, t, scanID, "UPDATE digests SET paused_for = paused_for + $1 WHERE state = $2 RETURNING id",
			millis(t.now)-millis(b.Pulled), int(digest.Sending))
		return err
	})
	return resumed, err
}
