package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/topic"
)

// ReviseDigest writes an editor's texts, and like every change to what would be
// sent voids an approval. A text that breaks a rule is a fault.Invalid on its
// field; a digest that has moved on, or that somebody else changed since the
// version given, a fault.Conflict.
func (s *Store) ReviseDigest(ctx context.Context, id int64, version int, texts digest.Texts) error {
	if err := texts.Check(); err != nil {
		return err
	}
	return s.revise(ctx, "revise digest", id, version, func(t *tx, _ digest.Digest) (bool, error) {
		_, err := t.ExecContext(ctx, "UPDATE digests SET subject = $1, preheader = $2, intro = $3 WHERE id = $4",
			storable(texts.Subject), storable(texts.Preheader), storable(texts.Intro), id)
		return true, err
	})
}

// IncludeStory takes a story into a digest or out of it, whether it was offered or
// comes from anywhere in the pool; such a one stands last in its section. A story
// that does not exist is a fault.NotFound, a hidden one a fault.Conflict, and so
// is what ReviseDigest says.
func (s *Store) IncludeStory(ctx context.Context, id int64, version int, story int64, included bool) error {
	return s.rearrange(ctx, "include story", id, version, func(t *tx, _ digest.LineUp) (bool, error) {
		st, err := scanStory(t.QueryRowContext(ctx, selectStory+" WHERE st.id = $1", story))
		switch {
		case err != nil:
			return false, noRows(err, "There is no such story.")
		case included && st.Hidden:
			return false, fault.New(fault.Conflict, "That story is hidden; show it again before including it.")
		}
		result, err := t.ExecContext(ctx, "UPDATE digest_stories SET included = $1 WHERE digest_id = $2 AND story_id = $3", included, id, story)
		if offered, err := changed(result, err); offered || err != nil || !included {
			return offered, err
		}
		last, err := scanID(t.QueryRowContext(ctx, "SELECT COALESCE(MAX(position), 0) FROM digest_stories WHERE digest_id = $1", id))
		if err != nil {
			return false, err
		}
		return true, t.insertPlace(ctx, id, story, int(last)+1, true)
	})
}

// MoveStory swaps a story with the included story of its topic above or below.
// Where there is none nothing changes. A story that is not included is a
// fault.NotFound; otherwise as ReviseDigest.
func (s *Store) MoveStory(ctx context.Context, id int64, version int, story int64, up bool) error {
	return s.rearrange(ctx, "move story", id, version, func(t *tx, l digest.LineUp) (bool, error) {
		here, there, found := neighbours(l, story, up)
		if !found {
			return false, fault.New(fault.NotFound, "That story is not in this digest.")
		}
		if there.Story.ID == 0 {
			return false, nil
		}
		if err := t.place(ctx, id, here.Story.ID, there.Position); err != nil {
			return false, err
		}
		return true, t.place(ctx, id, there.Story.ID, here.Position)
	})
}

// neighbours finds an included story and the one of its topic to swap it with,
// which is zero at either end.
func neighbours(l digest.LineUp, story int64, up bool) (here, there digest.Place, found bool) {
	var before digest.Place
	previous := make(map[topic.ID]digest.Place)
	for _, p := range l.Places {
		switch {
		case !p.Included:
			continue
		case p.Story.ID == story:
			here, before, found = p, previous[p.Story.Topic], true
		case found && !up && p.Story.Topic == here.Story.Topic:
			return here, p, true
		}
		previous[p.Story.Topic] = p
	}
	if up {
		there = before
	}
	return here, there, found
}

func (t *tx) place(ctx context.Context, digestID, story int64, position int) error {
	_, err := t.ExecContext(ctx, "UPDATE digest_stories SET position = $1 WHERE digest_id = $2 AND story_id = $3", position, digestID, story)
	return err
}

// IncludeSpotlight takes a spotlight into a digest or out of it. A digest carries
// one of each pillar, so another of its pillar makes way. One that does not exist
// is a fault.NotFound; a hidden one, or one that a digest has carried, a
// fault.Conflict; otherwise as ReviseDigest.
func (s *Store) IncludeSpotlight(ctx context.Context, id int64, version int, spotlight int64, included bool) error {
	return s.revise(ctx, "include spotlight", id, version, func(t *tx, _ digest.Digest) (bool, error) {
		sp, err := scanSpotlight(t.QueryRowContext(ctx, selectSpotlight+" WHERE sp.id = $1", spotlight))
		switch {
		case err != nil:
			return false, noRows(err, noSpotlight)
		case included && sp.Hidden:
			return false, fault.New(fault.Conflict, "That spotlight is hidden; show it again before including it.")
		case included && sp.Carried != 0:
			return false, fault.New(fault.Conflict, "That spotlight has been in a digest already.")
		}
		result, err := t.ExecContext(ctx, `UPDATE digest_spotlights SET included = FALSE WHERE digest_id = $1 AND included
			AND (spotlight_id = $2 OR $3 AND spotlight_id IN (SELECT id FROM spotlights WHERE pillar = $4))`,
			id, spotlight, included, int(sp.Pillar))
		if left, err := changed(result, err); err != nil || !included {
			return left, err
		}
		_, err = t.ExecContext(ctx, `INSERT INTO digest_spotlights (digest_id, spotlight_id, position, included) VALUES ($1, $2, $3, TRUE)
			ON CONFLICT (digest_id, spotlight_id) DO UPDATE SET included = TRUE`, id, spotlight, int(sp.Pillar))
		return true, err
	})
}

// ScheduleDigest says when an approved digest is to be launched; the zero time
// takes that back. The day is on the masthead, so another day voids an approval,
// and otherwise it stands; a held digest is no longer held. A time that has passed
// is a fault.Invalid on the field "at", and it fails as ReviseDigest does.
func (s *Store) ScheduleDigest(ctx context.Context, id int64, version int, sendAt time.Time) error {
	return s.update(ctx, "schedule digest", func(t *tx) error {
		d, err := t.digestToEdit(ctx, id, version)
		if err != nil {
			return err
		}
		if !sendAt.IsZero() && sendAt.Before(t.now.Add(-schedulingTakes)) {
			return fault.Field("at", "That time has passed; choose a later one.")
		}
		stands, err := t.stillStands(ctx, d, sendAt)
		if err != nil {
			return err
		}
		if !stands {
			return t.void(ctx, id, sendAt)
		}
		_, err = t.ExecContext(ctx, "UPDATE digests SET send_at = $1, state = $2, reason = '', version = version + 1 WHERE id = $3",
			millis(sendAt), int(digest.Approved), id)
		return err
	})
}

// schedulingTakes is how far a time may have passed: whoever says "now" means it.
const schedulingTakes = time.Minute

// stillStands reports whether a digest is approved and stays so when it is sent at
// that time. A held one must not have lost anything to another meanwhile.
func (t *tx) stillStands(ctx context.Context, d digest.Digest, sendAt time.Time) (bool, error) {
	if d.Hash == "" {
		return false, nil
	}
	snapshot, _, err := snapshotOf(ctx, t, d.ID)
	if err != nil || !sendAt.IsZero() && !digest.SameDay(snapshot.Date, sendAt, t.store.zone) {
		return false, err
	}
	return true, t.sharesNothing(ctx, d.ID)
}

// revise makes one change to what a digest says. Unless it turns out to be none,
// the digest is a draft again, and a time that it missed is forgotten.
func (s *Store) revise(ctx context.Context, what string, id int64, version int, change func(*tx, digest.Digest) (bool, error)) error {
	return s.update(ctx, what, func(t *tx) error {
		d, err := t.digestToEdit(ctx, id, version)
		if err != nil {
			return err
		}
		if made, err := change(t, d); err != nil || !made {
			return err
		}
		return t.void(ctx, id, stillAhead(d))
	})
}

// unapproved is what a digest without approval has in its columns.
const unapproved = "snapshot = '', snapshot_hash = '', approved_at = 0, approved_by = ''"

// void makes a digest a draft that is to be sent at that time.
func (t *tx) void(ctx context.Context, id int64, sendAt time.Time) error {
	_, err := t.ExecContext(ctx, "UPDATE digests SET state = $1, reason = '', "+unapproved+", send_at = $2, version = version + 1 WHERE id = $3",
		int(digest.Draft), millis(sendAt), id)
	return err
}

// rearrange is revise for a change of the stories. Texts that are still as they
// were proposed name stories, so they are proposed anew.
func (s *Store) rearrange(ctx context.Context, what string, id int64, version int, change func(*tx, digest.LineUp) (bool, error)) error {
	return s.revise(ctx, what, id, version, func(t *tx, d digest.Digest) (bool, error) {
		before, err := lineUp(ctx, t, id)
		if err != nil {
			return false, err
		}
		if made, err := change(t, before); err != nil || !made {
			return made, err
		}
		after, err := lineUp(ctx, t, id)
		if err != nil {
			return false, err
		}
		subject, preheader := proposedAnew(d, before, after)
		_, err = t.ExecContext(ctx, "UPDATE digests SET subject = $1, preheader = $2 WHERE id = $3", subject, preheader, id)
		return true, err
	})
}

// proposedAnew are a digest's subject and preheader after its stories changed.
func proposedAnew(d digest.Digest, before, after digest.LineUp) (subject, preheader string) {
	subject, preheader = d.Subject, d.Preheader
	if subject == digest.DefaultSubject(before) {
		subject = digest.DefaultSubject(after)
	}
	if preheader == digest.DefaultPreheader(before) {
		preheader = digest.DefaultPreheader(after)
	}
	return subject, preheader
}

// stillAhead is when a digest is to be launched, unless that was missed.
func stillAhead(d digest.Digest) time.Time {
	if d.State == digest.Held {
		return time.Time{}
	}
	return d.SendAt
}

// digestToEdit holds a digest that an editor changes, when its state allows that
// and it is still as the editor saw it.
func (t *tx) digestToEdit(ctx context.Context, id int64, version int) (digest.Digest, error) {
	d, err := t.digestFor(ctx, id, digest.Edit)
	if err == nil && d.Version != version {
		err = stale()
	}
	return d, err
}

func stale() error {
	return fault.New(fault.Conflict, "Somebody else changed this digest meanwhile; look at it again.")
}

// changed reports whether a statement changed a row.
func changed(result sql.Result, err error) (bool, error) {
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n > 0, err
}
