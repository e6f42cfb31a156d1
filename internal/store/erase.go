package store

import (
	"context"

	"github.com/collabpulse/weekly/internal/address"
	"github.com/collabpulse/weekly/internal/consent"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/subscriber"
	"github.com/collabpulse/weekly/internal/suppression"
)

// EraseSubscriber forgets a person (GDPR Art. 17). A row without personal data
// stays, so that the ledger's counts and an old leave link keep their meaning; so
// do the keyed hash on a suppression, and on consents reduced to hash, time and
// wording. Mail that waits for them is skipped. A fault.NotFound when nobody has
// the address.
func (s *Store) EraseSubscriber(ctx context.Context, a address.Address) error {
	return s.update(ctx, "erase subscriber", func(t *tx) error {
		hash := s.hasher.Hash(a)
		r, found, err := t.readerAt(ctx, hash)
		if err != nil {
			return err
		}
		if !found {
			return fault.New(fault.NotFound, noSubscriber)
		}
		if err := t.suppress(ctx, hash, suppression.Erased, ""); err != nil {
			return err
		}
		if err := t.consent(ctx, r.ID, hash, consent.Erased, subscriber.Evidence{}); err != nil {
			return err
		}
		return t.forget(ctx, r.ID, hash)
	})
}

// forget removes what says who somebody is. A domain says it too when it is one
// person's own, so domain groups go as well.
func (t *tx) forget(ctx context.Context, id int64, hash address.Hash) error {
	if _, err := t.ExecContext(ctx, `DELETE FROM domain_groups WHERE domain = (SELECT domain_group FROM subscribers WHERE id = $1)
		AND NOT EXISTS (SELECT 1 FROM subscribers s WHERE s.domain_group = domain_groups.domain AND s.id <> $1)`, id); err != nil {
		return err
	}
	if _, err := t.ExecContext(ctx, `UPDATE subscribers SET address = '', address_hash = NULL, domain_group = '', state = $1,
		topics = 0, language = '', timezone = '', hour = -1, plain = FALSE, cadence = 0, paused_until = 0, link_key = $2, asked_at = 0, changed_at = $3
		WHERE id = $4`, int(subscriber.Erased), []byte{}, millis(t.now), id); err != nil {
		return err
	}
	if _, err := t.ExecContext(ctx, "UPDATE consents SET network = '', user_agent = '', detail = '' WHERE subscriber_id = $1", id); err != nil {
		return err
	}
	if err := t.skip(ctx, skipDeliveries, id); err != nil {
		return err
	}
	if _, err := t.ExecContext(ctx, "UPDATE deliveries SET domain_group = '' WHERE subscriber_id = $1 AND digest_id IN (SELECT id FROM digests)", id); err != nil {
		return err
	}
	if err := t.skip(ctx, skipLetters, hash[:]); err != nil {
		return err
	}
	_, err := t.ExecContext(ctx, wipeLetters, hash[:])
	return err
}

// skip settles the rows that have not begun to be handed over. One that has is
// asked about again at its next intent, where the suppression stops it.
func (t *tx) skip(ctx context.Context, rows string, who any) error {
	_, err := t.ExecContext(ctx, rows, millis(t.now), who)
	return err
}

var (
	skipDeliveries = inNumbers("UPDATE deliveries SET " + skipErased + " AND subscriber_id = $2 AND digest_id IN (SELECT id FROM digests)")
	skipLetters    = inNumbers("UPDATE outbox SET " + skipErased + " AND address_hash = $2 AND subscriber_id <> 0")
	wipeLetters    = inNumbers("UPDATE outbox SET address = '', domain_group = '' WHERE address_hash = $1 AND subscriber_id <> 0 AND state <> {handing}")
)

const skipErased = "state = {skipped}, reason = {because erased}, changed_at = $1 WHERE state IN ({queued}, {claimed})"
