package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/collabpulse/weekly/internal/address"
	"github.com/collabpulse/weekly/internal/consent"
	"github.com/collabpulse/weekly/internal/subscriber"
)

// Consents lists the evidence kept of one subscriber, the oldest first; nothing
// for an id nobody has.
func (s *Store) Consents(ctx context.Context, subscriberID int64) ([]consent.Consent, error) {
	all, err := list(ctx, s.read, scanConsent, `SELECT c.id, c.subscriber_id, c.address_hash, c.kind, c.at,
			c.network, c.user_agent, c.page, c.detail, w.text
		FROM consents c JOIN wordings w ON w.id = c.wording_id WHERE c.subscriber_id = $1 ORDER BY c.id`, subscriberID)
	return all, wrap("consents", err)
}

func scanConsent(row scanner) (consent.Consent, error) {
	var c consent.Consent
	var hash []byte
	var at int64
	err := row.Scan(&c.ID, &c.Subscriber, &hash, &c.Kind, &at,
		&c.Evidence.Network, &c.Evidence.UserAgent, &c.Evidence.Page, &c.Evidence.Detail, &c.Evidence.Wording)
	copy(c.Address[:], hash)
	c.At = instant(at)
	return c, err
}

// consent writes evidence of what changes in this transaction.
func (t *tx) consent(ctx context.Context, of int64, hash address.Hash, kind consent.Kind, ev subscriber.Evidence) error {
	wording, err := t.wording(ctx, ev.Wording)
	if err != nil {
		return err
	}
	ev = kept(ev)
	_, err = t.ExecContext(ctx, `INSERT INTO consents (subscriber_id, address_hash, kind, at, network, user_agent, page, wording_id, detail)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		of, hash[:], int(kind), millis(t.now), ev.Network, ev.UserAgent, ev.Page, wording, ev.Detail)
	return err
}

// kept bounds what a stranger's request can make us keep.
func kept(ev subscriber.Evidence) subscriber.Evidence {
	ev.Network, ev.UserAgent, ev.Page = clipped(ev.Network, 64), clipped(ev.UserAgent, 200), clipped(ev.Page, 64)
	ev.Detail = clipped(ev.Detail, 400)
	return ev
}

// wording is the id of a text that was agreed to; each is kept once, however
// many agreed to it.
func (t *tx) wording(ctx context.Context, text string) (int64, error) {
	text = storable(text)
	id, err := scanID(t.QueryRowContext(ctx, "SELECT id FROM wordings WHERE text = $1", text))
	if !errors.Is(err, sql.ErrNoRows) {
		return id, err
	}
	if _, err := t.ExecContext(ctx, "INSERT INTO wordings (text) VALUES ($1) ON CONFLICT (text) DO NOTHING", text); err != nil {
		return 0, err
	}
	return scanID(t.QueryRowContext(ctx, "SELECT id FROM wordings WHERE text = $1", text))
}
