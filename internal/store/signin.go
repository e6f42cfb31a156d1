package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/collabpulse/weekly/internal/address"
	"github.com/collabpulse/weekly/internal/editor"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/link"
	"github.com/collabpulse/weekly/internal/outbox"
)

// How many sign-in letters can be asked for, how long what is left of a sign-in
// is kept, and how often using a session prolongs it.
const (
	signInLimit  = 5
	signInWindow = 15 * time.Minute
	keepSignIns  = 24 * time.Hour
	slideEvery   = 24 * time.Hour
)

// RequestSignIn mails an editor a link to sign in with. It is nil whatever is
// known of the address, and past the limit nothing more is mailed.
func (s *Store) RequestSignIn(ctx context.Context, a address.Address) error {
	return s.update(ctx, "request sign-in", func(t *tx) error {
		e, err := t.editorBy(ctx, a)
		if fault.Is(err, fault.NotFound) {
			return t.withhold(ctx, a)
		}
		if err != nil {
			return err
		}
		var recent int
		err = t.QueryRowContext(ctx, "SELECT COUNT(*) FROM sign_ins WHERE editor_id = $1 AND created_at > $2",
			e.ID, millis(t.now.Add(-signInWindow))).Scan(&recent)
		if err != nil {
			return err
		}
		if recent >= signInLimit {
			return t.withhold(ctx, a)
		}
		id, expires, err := t.newSignIn(ctx, e.ID)
		if err != nil {
			return err
		}
		_, err = t.letter(ctx, outbox.Letter{Kind: outbox.SignIn, Editor: e.ID, SignIn: id, To: e.Address, Expires: expires})
		return err
	})
}

// NewSignIn opens a sign-in for an editor without mailing it, for an operator to
// hand over. Somebody who is no editor is a fault.NotFound.
func (s *Store) NewSignIn(ctx context.Context, a address.Address) (signIn int64, expires time.Time, err error) {
	err = s.update(ctx, "new sign-in", func(t *tx) error {
		e, err := t.editorBy(ctx, a)
		if err != nil {
			return err
		}
		signIn, expires, err = t.newSignIn(ctx, e.ID)
		return err
	})
	return signIn, expires, err
}

func (t *tx) newSignIn(ctx context.Context, of int64) (id int64, expires time.Time, err error) {
	_, err = t.ExecContext(ctx, "DELETE FROM sign_ins WHERE editor_id = $1 AND created_at < $2", of, millis(t.now.Add(-keepSignIns)))
	if err != nil {
		return 0, expires, err
	}
	expires = instant(millis(t.now.Add(link.SignInFor)))
	id, err = scanID(t.QueryRowContext(ctx, "INSERT INTO sign_ins (editor_id, created_at, expires_at) VALUES ($1, $2, $3) RETURNING id",
		of, millis(t.now), millis(expires)))
	return id, expires, err
}

// UseSignIn turns a sign-in into a session, once: of two at the same time one
// gets it. A sign-in that was used, has expired or never was is a fault.Gone.
func (s *Store) UseSignIn(ctx context.Context, signIn int64) (ticket editor.Ticket, session editor.Session, err error) {
	err = s.update(ctx, "use sign-in", func(t *tx) error {
		who, err := scanID(t.QueryRowContext(ctx, `UPDATE sign_ins SET used_at = $1
			WHERE id = $2 AND used_at = 0 AND expires_at > $1 RETURNING editor_id`, millis(t.now), signIn))
		if errors.Is(err, sql.ErrNoRows) {
			return fault.New(fault.Gone, "This sign-in link was used or is too old. Ask for a fresh one.")
		}
		if err != nil {
			return err
		}
		if session.Editor, err = scanEditor(t.QueryRowContext(ctx, selectEditor+" WHERE id = $1", who)); err != nil {
			return err
		}
		session.Created, session.Expires = instant(millis(t.now)), instant(millis(t.now.Add(editor.SessionFor)))
		ticket = editor.NewTicket()
		return t.open(ctx, ticket, session)
	})
	if err != nil {
		return "", editor.Session{}, err
	}
	return ticket, session, nil
}

// open keeps a session and drops those that have run out.
func (t *tx) open(ctx context.Context, ticket editor.Ticket, session editor.Session) error {
	if _, err := t.ExecContext(ctx, "DELETE FROM sessions WHERE expires_at <= $1", millis(t.now)); err != nil {
		return err
	}
	digest := ticket.Digest()
	_, err := t.ExecContext(ctx, "INSERT INTO sessions (ticket_digest, editor_id, created_at, expires_at) VALUES ($1, $2, $3, $4)",
		digest[:], session.Editor.ID, millis(session.Created), millis(session.Expires))
	return err
}

// Session is who holds the ticket; fault.Unauthorised when nobody does any more.
// Using a session prolongs it, in writing at most once a day.
func (s *Store) Session(ctx context.Context, ticket editor.Ticket) (editor.Session, error) {
	digest, now := ticket.Digest(), s.now()
	session, err := scanSession(s.read.QueryRowContext(ctx, `SELECT e.id, e.address, e.name, e.role, e.created_at, s.created_at, s.expires_at
		FROM sessions s JOIN editors e ON e.id = s.editor_id WHERE s.ticket_digest = $1 AND s.expires_at > $2`, digest[:], millis(now)))
	if errors.Is(err, sql.ErrNoRows) {
		return editor.Session{}, signInFirst()
	}
	if err != nil || session.Expires.Sub(now) > editor.SessionFor-slideEvery {
		return session, wrap("session", err)
	}
	err = s.update(ctx, "prolong session", func(t *tx) error {
		session.Expires = instant(millis(t.now.Add(editor.SessionFor)))
		return t.one(ctx, "", "UPDATE sessions SET expires_at = $1 WHERE ticket_digest = $2", millis(session.Expires), digest[:])
	})
	if fault.Is(err, fault.NotFound) { // signed out in the meantime
		err = signInFirst()
	}
	return session, err
}

func signInFirst() error { return fault.New(fault.Unauthorised, "Please sign in.") }

// EndSession signs a browser out. A ticket nobody holds is no error.
func (s *Store) EndSession(ctx context.Context, ticket editor.Ticket) error {
	return s.update(ctx, "end session", func(t *tx) error {
		digest := ticket.Digest()
		_, err := t.ExecContext(ctx, "DELETE FROM sessions WHERE ticket_digest = $1", digest[:])
		return err
	})
}

func scanSession(row scanner) (editor.Session, error) {
	var session editor.Session
	var created, expires int64
	e, err := scanEditor(wider{row, []any{&created, &expires}})
	session.Editor, session.Created, session.Expires = e, instant(created), instant(expires)
	return session, err
}
