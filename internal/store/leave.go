package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/collabpulse/weekly/internal/address"
	"github.com/collabpulse/weekly/internal/consent"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/link"
	"github.com/collabpulse/weekly/internal/outbox"
	"github.com/collabpulse/weekly/internal/subscriber"
)

// Leave ends the mail to whoever the link belongs to (RFC 8058 §3.1). It never
// expires, and using it again, or after being erased, is no error. A link that is
// nobody's is a fault.NotFound.
func (s *Store) Leave(ctx context.Context, id int64, tag link.Tag, ev subscriber.Evidence) error {
	return s.update(ctx, "leave", func(t *tx) error {
		r, err := t.reader(ctx, id)
		if r, err = proven(r, err, tag); err != nil {
			return err
		}
		if r.State == subscriber.Unsubscribed || r.State == subscriber.Erased {
			return nil
		}
		if err := t.setState(ctx, id, subscriber.Unsubscribed); err != nil {
			return err
		}
		return t.consent(ctx, id, r.hash, consent.Left, ev)
	})
}

// Leaver is whoever a leave link belongs to, for the page that asks before they
// leave; erased readers too. A link that is nobody's is a fault.NotFound.
func (s *Store) Leaver(ctx context.Context, id int64, tag link.Tag) (subscriber.Subscriber, error) {
	r, err := scanReader(s.read.QueryRowContext(ctx, selectReader+" WHERE id = $1", id))
	r, err = proven(r, err, tag)
	return r.Subscriber, wrap("leaver", err)
}

// TakeBack takes leaving back for a reader who left at the stamp (Unix milliseconds).
// Pressing the button twice is no error. Whoever has left again since, signed up anew,
// or must not be mailed, is a fault.Gone.
func (s *Store) TakeBack(ctx context.Context, id, stamp int64, ev subscriber.Evidence) error {
	return s.update(ctx, "take back", func(t *tx) error {
		r, err := t.reader(ctx, id)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if r.State == subscriber.Active || r.State == subscriber.Paused {
			return nil
		}
		banned, err := t.banned(ctx, r.hash)
		if err != nil {
			return err
		}
		if banned || r.State != subscriber.Unsubscribed || millis(r.Changed) != stamp {
			return fault.New(fault.Gone, "This can no longer be taken back. Sign up again, and we send you a fresh confirmation.")
		}
		if err := t.comeBack(ctx, r); err != nil {
			return err
		}
		return t.consent(ctx, id, r.hash, consent.Returned, ev)
	})
}

// proven checks the tag against a reader just read, in constant time. A reader
// who does not exist and a tag that does not match are the same answer.
func proven(r reader, err error, tag link.Tag) (reader, error) {
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return reader{}, err
	}
	if !tag.Matches(r.leaveDigest) {
		return reader{}, fault.New(fault.NotFound, "This link does not belong to anybody we know.")
	}
	return r, nil
}

// AskForLeaveLink mails a fresh leave link to a reader whose own did not work. It
// is nil whatever is known of the address.
func (s *Store) AskForLeaveLink(ctx context.Context, a address.Address) error {
	return s.update(ctx, "ask for leave link", func(t *tx) error {
		r, found, err := t.readerAt(ctx, s.hasher.Hash(a))
		if err != nil {
			return err
		}
		if !found || r.State == subscriber.Unsubscribed || r.State == subscriber.Suppressed {
			return t.withhold(ctx, a)
		}
		return t.tell(ctx, r, outbox.LeaveByMail, leavesPerDay)
	})
}
