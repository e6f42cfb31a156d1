package store

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/collabpulse/weekly/internal/address"
	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/outbox"
)

// QueueLetter writes a letter that nothing else in the database causes, such as
// the test of a digest, and returns its id. Created is the transaction's time;
// a zero Expires becomes what the kind allows.
func (s *Store) QueueLetter(ctx context.Context, l outbox.Letter) (id int64, err error) {
	err = s.update(ctx, "queue letter", func(t *tx) error {
		id, err = t.letter(ctx, l)
		return err
	})
	return id, err
}

// Letter reads one letter and the salt of its Message-ID. To is zero once the
// letter is settled. An unknown id is a fault.NotFound.
func (s *Store) Letter(ctx context.Context, id int64) (outbox.Letter, delivery.Salt, error) {
	var salt []byte
	row := s.read.QueryRowContext(ctx, `SELECT id, kind, subscriber_id, editor_id, digest_id, sign_in_id, stamp, address,
		created_at, expires_at, salt FROM outbox WHERE id = $1 AND kind <> 0`, id)
	l, err := scanLetter(row, &salt)
	if err == nil && len(salt) != len(delivery.Salt{}) {
		err = errors.New("its salt is damaged")
	}
	if err != nil {
		return outbox.Letter{}, delivery.Salt{}, wrap("letter", noRows(err, "There is no such letter."))
	}
	return l, delivery.Salt(salt), nil
}

func scanLetter(row scanner, salt *[]byte) (outbox.Letter, error) {
	var l outbox.Letter
	var to string
	var created, expires int64
	err := row.Scan(&l.ID, &l.Kind, &l.Subscriber, &l.Editor, &l.Digest, &l.SignIn, &l.Stamp, &to, &created, &expires, salt)
	if err != nil {
		return l, err
	}
	l.Created, l.Expires = instant(created), instant(expires)
	l.To, err = storedAddress(to)
	return l, err
}

// letter queues one letter in the transaction that causes it, due at once.
func (t *tx) letter(ctx context.Context, l outbox.Letter) (int64, error) {
	expires := l.Expires
	if expires.IsZero() {
		expires = t.now.Add(l.Kind.KeepTrying())
	}
	return t.post(ctx, l, delivery.Queued, delivery.NoReason, expires)
}

// letterToEditors queues one letter about a digest to every editor.
func (t *tx) letterToEditors(ctx context.Context, kind outbox.Kind, digest int64) error {
	editors, err := list(ctx, t, scanEditor, selectEditor+" ORDER BY id")
	if err != nil {
		return err
	}
	for _, e := range editors {
		l := outbox.Letter{Kind: kind, Editor: e.ID, Digest: digest, To: e.Address}
		if _, err := t.letter(ctx, l); err != nil {
			return err
		}
	}
	return nil
}

// withhold writes a settled row of no kind where a letter would have gone to
// somebody else. It is never sent or shown: it is there so that answering for an
// address costs the same, down to the flush at commit, whatever is known of it.
func (t *tx) withhold(ctx context.Context, to address.Address) error {
	_, err := t.post(ctx, outbox.Letter{To: to}, delivery.Skipped, delivery.Obsolete, t.now)
	return err
}

func (t *tx) post(ctx context.Context, l outbox.Letter, state delivery.State, reason delivery.Reason, expires time.Time) (id int64, err error) {
	var salt delivery.Salt
	rand.Read(salt[:]) // never fails since Go 1.24
	hash, to, group := t.store.hasher.Hash(l.To), l.To.String(), l.To.Group()
	if state == delivery.Skipped {
		to, group = "", ""
	}
	err = t.QueryRowContext(ctx, `INSERT INTO outbox (kind, subscriber_id, editor_id, digest_id, sign_in_id, stamp,
			address, address_hash, salt, state, reason, domain_group, due_at, expires_at, created_at, changed_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) RETURNING id`,
		int(l.Kind), l.Subscriber, l.Editor, l.Digest, l.SignIn, l.Stamp,
		to, hash[:], salt[:], int(state), int(reason), group, millis(t.now), millis(expires), millis(t.now), millis(t.now)).Scan(&id)
	return id, err
}

// lettersSince counts the letters of a kind to an address since a time, which
// bounds what a stranger can have us send to somebody.
func (t *tx) lettersSince(ctx context.Context, to address.Hash, kind outbox.Kind, since time.Time) (n int, err error) {
	err = t.QueryRowContext(ctx, "SELECT COUNT(*) FROM outbox WHERE address_hash = $1 AND kind = $2 AND created_at > $3",
		to[:], int(kind), millis(since)).Scan(&n)
	return n, err
}

// storedAddress reads an address column: "" is no address.
func storedAddress(text string) (address.Address, error) {
	if text == "" {
		return address.Address{}, nil
	}
	a, err := address.Parse(text)
	if err != nil {
		return a, errors.New("a stored address is not one") // its text must reach no log
	}
	return a, nil
}
