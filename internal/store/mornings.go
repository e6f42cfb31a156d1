package store

import (
	"context"
	"time"

	"github.com/collabpulse/weekly/internal/digest"
)

// morning is one choice of readers: an hour of the day in a zone.
type morning struct {
	timezone string
	hour     int
}

func scanMorning(row scanner) (m morning, err error) {
	err = row.Scan(&m.timezone, &m.hour)
	return m, err
}

// mornings writes down when a digest is due for each zone and hour that readers
// of a chunk chose, unless an earlier chunk did. There are at most some hundreds of
// zones, so planning joins a small table however many readers there are.
func (t *tx) mornings(ctx context.Context, c span, launched time.Time) error {
	chosen, err := list(ctx, t, scanMorning, selectMornings, c.digest, c.after, c.upTo)
	if err != nil {
		return err
	}
	for _, m := range chosen {
		due := digest.Morning(launched, m.hour, t.store.zoneOf(m.timezone))
		_, err := t.ExecContext(ctx, "INSERT INTO mornings (digest_id, timezone, hour, due_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
			c.digest, m.timezone, m.hour, millis(due))
		if err != nil {
			return err
		}
	}
	return nil
}

// selectMornings takes: $1 digest, $2 < id ≤ $3.
var selectMornings = inNumbers(`SELECT DISTINCT s.timezone, s.hour FROM subscribers s
	WHERE s.id > $2 AND s.id <= $3 AND s.hour >= 0 AND s.state = {reader active} AND NOT EXISTS (SELECT 1 FROM mornings m
		WHERE m.digest_id = $1 AND m.timezone = s.timezone AND m.hour = s.hour) ORDER BY s.timezone, s.hour`)

// zoneOf is a reader's zone. None, one that nobody knows and "Local", which means
// something else on every machine, stand for the digest's own.
func (s *Store) zoneOf(name string) *time.Location {
	if name == "" || name == "Local" {
		return s.zone
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return s.zone
	}
	return zone
}
