package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"time"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/outbox"
	"github.com/collabpulse/weekly/internal/topic"
)

// ComposeDigest makes a digest of what is new, and tells the editors that a draft
// waits for them. With nothing new it is skipped and says so.
//
// For a slot there is one digest ever, whoever asks and how often: the second to
// ask gets the first one's, with created false, and so it is for a form. One asked
// for by hand has no time to be sent at, and without a form is always made anew.
//
// Before its time a slot with nothing new is not given up: the answer is a skipped
// digest with no id, nothing is stored, and whoever asks again finds what has come
// since.
func (s *Store) ComposeDigest(ctx context.Context, o digest.Order) (d digest.Digest, created bool, err error) {
	topics, err := s.Topics(ctx)
	if err != nil {
		return d, false, err
	}
	err = s.update(ctx, "compose digest", func(t *tx) error {
		id, err := t.composed(ctx, o)
		if created = errors.Is(err, sql.ErrNoRows); created {
			id, err = t.compose(ctx, o, topics)
		}
		if errors.Is(err, sql.ErrNoRows) { // somebody else was composing it just now
			created = false
			id, err = t.composed(ctx, o)
		}
		if errors.Is(err, errNotYet) {
			d, created = digest.Digest{State: digest.Skipped, Reason: digest.NothingNew, Slot: o.Slot}, false
			return nil
		}
		if err != nil {
			return err
		}
		d, err = digestWithLineUp(ctx, t, selectDigest+" WHERE id = $1", id)
		return err
	})
	return d, created, err
}

// composed finds the digest of a slot or a form; sql.ErrNoRows when there is none.
func (t *tx) composed(ctx context.Context, o digest.Order) (int64, error) {
	if o.Slot.IsZero() {
		return t.asked(ctx, o.Form)
	}
	return scanID(t.QueryRowContext(ctx, "SELECT id FROM digests WHERE schedule = $1 AND slot_date = $2", o.Slot.Schedule, o.Slot.Date))
}

// asked finds the digest that was asked for with a form; sql.ErrNoRows when there is
// none.
func (t *tx) asked(ctx context.Context, f digest.Form) (int64, error) {
	if f == "" {
		return 0, sql.ErrNoRows
	}
	return scanID(t.QueryRowContext(ctx, "SELECT id FROM digests WHERE form = $1", string(f)))
}

// errNotYet is why nothing is composed for a slot to come.
var errNotYet = errors.New("nothing is new yet")

// compose inserts a digest and returns its id; sql.ErrNoRows when its slot or form has
// one already, errNotYet when there is nothing for one to come.
func (t *tx) compose(ctx context.Context, o digest.Order, topics []topic.Topic) (int64, error) {
	d, err := t.draft(ctx, o, topics)
	if err != nil {
		return 0, err
	}
	if d.State == digest.Skipped && o.Slot.At.After(t.now) {
		return 0, errNotYet
	}
	id, err := t.insertDigest(ctx, d, o.Form)
	if err != nil || d.State == digest.Skipped {
		return id, err
	}
	if err := t.insertLineUp(ctx, id, d.LineUp); err != nil {
		return 0, err
	}
	return id, t.letterToEditors(ctx, outbox.Review, id)
}

func (t *tx) draft(ctx context.Context, o digest.Order, topics []topic.Topic) (digest.Digest, error) {
	d := digest.Digest{State: digest.Draft, Slot: o.Slot, SendAt: o.Slot.At}
	var err error
	if d.Window, err = t.window(ctx, o.Since); err != nil {
		return d, err
	}
	if d.LineUp, err = t.candidates(ctx, d.Window, topics, o.Limits); err != nil {
		return d, err
	}
	if d.LineUp.Empty() {
		d.State, d.Reason, d.SendAt = digest.Skipped, digest.NothingNew, time.Time{}
		return d, nil
	}
	d.Subject = clipped(digest.DefaultSubject(d.LineUp), digest.MaxSubject)
	d.Preheader = clipped(digest.DefaultPreheader(d.LineUp), digest.MaxPreheader)
	return d, nil
}

// window ends now and starts a little before the digest launched last ended.
func (t *tx) window(ctx context.Context, since time.Time) (digest.Window, error) {
	w := digest.Window{From: since, To: t.now}
	if !since.IsZero() {
		return w, nil
	}
	last, err := scanDigest(t.QueryRowContext(ctx, selectLatest))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		w.From, err = t.now.Add(-digest.FirstWindow), nil
	case err == nil:
		w.From = last.Window.To.Add(-digest.Overlap)
	}
	return w, err
}

func (t *tx) candidates(ctx context.Context, w digest.Window, topics []topic.Topic, limits digest.Limits) (l digest.LineUp, err error) {
	stories, err := t.freshStories(ctx, w)
	if err != nil {
		return l, err
	}
	spotlights, err := t.waitingSpotlights(ctx)
	if limits == (digest.Limits{}) {
		limits = digest.DefaultLimits
	}
	return digest.LineUpFrom(topics, stories, spotlights, limits), err
}

func (t *tx) insertDigest(ctx context.Context, d digest.Digest, form digest.Form) (int64, error) {
	var salt delivery.Salt
	rand.Read(salt[:]) // never fails since Go 1.24
	text := func(s string) sql.NullString { return sql.NullString{String: s, Valid: !d.Slot.IsZero()} }
	return scanID(t.QueryRowContext(ctx, `INSERT INTO digests (state, reason, schedule, slot_date, slot_at, window_from, window_to,
			subject, preheader, intro, send_at, composed_at, salt, form)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, '', $10, $11, $12, $13) ON CONFLICT DO NOTHING RETURNING id`,
		int(d.State), d.Reason, text(d.Slot.Schedule), text(d.Slot.Date), millis(d.Slot.At), millis(d.Window.From), millis(d.Window.To),
		d.Subject, d.Preheader, millis(d.SendAt), millis(t.now), salt[:], formColumn(form)))
}

// formColumn is a form as it is stored: no two digests have the same, but for NULL.
func formColumn(f digest.Form) sql.NullString {
	return sql.NullString{String: string(f), Valid: f != ""}
}
