package store

import (
	"context"
	"database/sql"
	"errors"
)

// asEncoded says that an edition's body is stored as it was given.
const asEncoded = 0

// Edition reads the kept bytes of one edition of a digest; found is false when
// nobody has kept any yet.
func (s *Store) Edition(ctx context.Context, digest int64, key string) (body []byte, found bool, err error) {
	body, err = edition(ctx, s.read, digest, key)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	return body, err == nil, wrap("edition", err)
}

// KeepEdition keeps the bytes of an edition unless somebody has already, and
// returns those that are kept: the first writer's, for everybody and for good.
func (s *Store) KeepEdition(ctx context.Context, digest int64, key string, body []byte) (kept []byte, err error) {
	err = s.update(ctx, "keep edition", func(t *tx) error {
		_, err := t.ExecContext(ctx, `INSERT INTO editions (digest_id, key, encoding, body, created_at)
			VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`, digest, key, asEncoded, body, millis(t.now))
		if err != nil {
			return err
		}
		kept, err = edition(ctx, t, digest, key)
		return err
	})
	return kept, err
}

func edition(ctx context.Context, q querier, digest int64, key string) (body []byte, err error) {
	err = q.QueryRowContext(ctx, "SELECT body FROM editions WHERE digest_id = $1 AND key = $2 AND encoding = $3",
		digest, key, asEncoded).Scan(&body)
	return body, err
}
