package web

import (
	"context"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/editor"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/outbox"
)

// DigestRelease lets a digest go. A version that is no longer the newest, and a
// state that does not allow it, are a fault.Conflict.
type DigestRelease interface {
	// ApproveDigest freezes what is sent: the digest as it stands, rendered by the
	// templates of this bundle.
	ApproveDigest(ctx context.Context, id int64, version int, by, bundle string) (digest.Digest, error)
	// ScheduleDigest sets when it goes out; the zero time takes it off the schedule,
	// and one that has passed is a fault.Invalid on the field "at".
	ScheduleDigest(ctx context.Context, id int64, version int, sendAt time.Time) error
	// LaunchDigest sends it now, if it is still that version and was approved with
	// the templates of this bundle.
	LaunchDigest(ctx context.Context, id int64, version int, bundle string) error
	// Snapshot is what was approved; a fault when nothing was.
	Snapshot(ctx context.Context, id int64) (s digest.Snapshot, hash string, err error)
}

// DigestBrakes stop a digest under way. They act before the next message.
type DigestBrakes interface {
	PauseDigest(ctx context.Context, id int64, reason string) error
	// ResumeDigest goes on; a fault.Conflict after a pause so long that somebody has
	// to say, by ResumeLate, that it is to go out all the same.
	ResumeDigest(ctx context.Context, id int64) error
	ResumeLate(ctx context.Context, id int64) error
	// Tolerate takes the answer that a digest paused for by itself as the readers'
	// own fault; a fault.Conflict when it did not.
	Tolerate(ctx context.Context, id int64) error
	CancelDigest(ctx context.Context, id int64, reason string) error
}

// sendTest mails the digest, with the words as they are typed, to the editor who asks.
func (c console) sendTest(ec echo.Context) error {
	return c.change(ec, "test-sent", "", func(ctx context.Context, id int64, form entry) error {
		if _, err := c.keepWords(ctx, id, form); err != nil {
			return err
		}
		if _, _, err := c.draftOf(ctx, id); err != nil {
			return err
		}
		_, err := c.store.QueueLetter(ctx, testLetter(who(ec), id, c.Now()))
		if err == nil {
			c.Waker.WakeOutbox(ctx)
		}
		return err
	})
}

func testLetter(to *editor.Editor, id int64, now time.Time) outbox.Letter {
	return outbox.Letter{
		Kind: outbox.Test, Editor: to.ID, Digest: id, To: to.Address,
		Created: now, Expires: now.Add(outbox.Test.KeepTrying()),
	}
}

// approve freezes what is sent, with the words as they are typed.
func (c console) approve(ec echo.Context) error {
	return c.change(ec, "approved", "", func(ctx context.Context, id int64, form entry) error {
		version, err := c.keepWords(ctx, id, form)
		if err != nil {
			return err
		}
		_, err = c.store.ApproveDigest(ctx, id, version, nameOf(who(ec)), c.editions.Bundle())
		return err
	})
}

// nameOf is how an editor signs: the name, or the role of one who gave none.
func nameOf(e *editor.Editor) string {
	if e.Name != "" {
		return e.Name
	}
	return "an " + e.Role.String()
}

// schedule sets when the digest goes out. The field holds a wall time of the
// schedule's zone, which says "later" where the clocks skip it.
func (c console) schedule(ec echo.Context) error {
	return c.decide(ec, func(ctx context.Context, id int64, form entry) (string, string, error) {
		if form.values.Has("clear") {
			return "unscheduled", "", c.store.ScheduleDigest(ctx, id, form.version(), time.Time{})
		}
		at, moved, err := c.readTime(form.Value("at"))
		if err != nil {
			return "", "", err
		}
		if err := c.store.ScheduleDigest(ctx, id, form.version(), at); err != nil {
			return "", "", err
		}
		deed, err := c.scheduled(ctx, id, moved)
		return deed, "", err
	})
}

// scheduled says what setting a time came to: another day than the one on an
// approved masthead takes the approval back.
func (c console) scheduled(ctx context.Context, id int64, moved bool) (deed string, err error) {
	d, err := c.store.Digest(ctx, id)
	switch {
	case err != nil:
		return "", err
	case moved:
		return "scheduled-later", nil
	case d.State == digest.Draft:
		return "scheduled-draft", nil
	}
	return "scheduled", nil
}

// readTime reads a wall time, and says whether it had to be moved because the
// clocks never show it.
func (c console) readTime(typed string) (at time.Time, moved bool, err error) {
	wall, err := time.Parse(localTime, typed)
	if err != nil {
		return at, false, fault.Field("at", "Choose a day and a time.")
	}
	at = digest.Resolve(wall, c.Schedule.Zone)
	return at, at.In(c.Schedule.Zone).Format(localTime) != wall.Format(localTime), nil
}

// sendNow launches the digest, if it is still the one the editor looked at.
func (c console) sendNow(ec echo.Context) error {
	return c.change(ec, "launched", "", func(ctx context.Context, id int64, form entry) error {
		if err := c.store.LaunchDigest(ctx, id, form.version(), c.editions.Bundle()); err != nil {
			return err
		}
		c.Waker.WakeDigest(ctx, id)
		return nil
	})
}

func (c console) pause(ec echo.Context) error {
	return c.change(ec, "paused", "", func(ctx context.Context, id int64, form entry) error {
		return c.store.PauseDigest(ctx, id, reasonOf(form, "Paused by "+nameOf(who(ec))+"."))
	})
}

func (c console) resume(ec echo.Context) error {
	return c.change(ec, "resumed", "", func(ctx context.Context, id int64, form entry) error {
		if form.values.Has("accept") {
			if err := c.store.Tolerate(ctx, id); err != nil {
				return err
			}
		}
		verb := c.store.ResumeDigest
		if form.values.Has("sure") {
			verb = c.store.ResumeLate
		}
		if err := verb(ctx, id); err != nil {
			return err
		}
		c.Waker.WakeDigest(ctx, id)
		return nil
	})
}

func (c console) cancel(ec echo.Context) error {
	return c.change(ec, "cancelled", "", func(ctx context.Context, id int64, form entry) error {
		return c.store.CancelDigest(ctx, id, reasonOf(form, "Cancelled by "+nameOf(who(ec))+"."))
	})
}

// maxReason is the longest reason kept, in characters.
const maxReason = 200

// reasonOf is what the editor says, or who it was.
func reasonOf(form entry, otherwise string) string {
	if typed := form.Value("reason"); typed != "" {
		return clip(typed, maxReason)
	}
	return otherwise
}
