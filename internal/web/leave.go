package web

import (
	"context"
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/collabpulse/weekly/internal/address"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/link"
	"github.com/collabpulse/weekly/internal/subscriber"
)

// Leavers lets people go. A link that is not the subscriber's is a fault.NotFound.
type Leavers interface {
	Leaver(ctx context.Context, id int64, tag link.Tag) (subscriber.Subscriber, error)
	// Leave is nil for somebody who has already left or was erased.
	Leave(ctx context.Context, id int64, tag link.Tag, ev subscriber.Evidence) error
	// TakeBack takes leaving back; a fault.Gone when that is no longer possible.
	TakeBack(ctx context.Context, id, stamp int64, ev subscriber.Evidence) error
	// AskForLeaveLink mails a fresh link, and answers the same to every address.
	AskForLeaveLink(ctx context.Context, to address.Address) error
}

// askLeave shows the button behind a leave link. The page names nobody, so a
// forwarded mail gives no address away.
func (s *Server) askLeave(c echo.Context) error {
	id, tag, err := link.Parse(c.Param("token"))
	if err != nil {
		return s.cannotLeave(c)
	}
	who, err := s.Leavers.Leaver(c.Request().Context(), id, tag)
	switch {
	case fault.Is(err, fault.NotFound):
		return s.cannotLeave(c)
	case err != nil:
		return err
	case !reads(who.State):
		return s.page(c, http.StatusOK, "public/left", nil)
	}
	return s.page(c, http.StatusOK, "public/leave", s.instead(who))
}

// instead is the way to less mail for somebody about to leave; "" for who has not even
// confirmed.
func (s *Server) instead(who subscriber.Subscriber) string {
	if who.State == subscriber.Pending {
		return ""
	}
	claim := link.Claim{Subject: who.ID, Stamp: who.Moves, Expires: s.Now().Add(link.InsteadFor)}
	return s.Site.Preferences(s.Signer.Sign(link.Preferences, claim))
}

// reads reports whether somebody in the state could still be mailed.
func reads(st subscriber.State) bool {
	return st == subscriber.Pending || st == subscriber.Active || st == subscriber.Paused
}

// leave is the button, and a mail client's one click (RFC 8058 §3.2): one POST,
// no cookie read or set, no redirect, nothing to answer. The link alone decides,
// so a body in any encoding, damaged or missing, does as well.
func (s *Server) leave(c echo.Context) error {
	id, tag, err := link.Parse(c.Param("token"))
	if err != nil {
		return s.cannotLeave(c)
	}
	ctx, page := c.Request().Context(), leavePage(c)
	var before subscriber.Subscriber
	if page == "form" { // only a person can take it back
		before, _ = s.Leavers.Leaver(ctx, id, tag) // leaving does not wait for it to be possible
	}
	err = s.Leavers.Leave(ctx, id, tag, s.evidence(c, page))
	switch {
	case fault.Is(err, fault.NotFound):
		return s.cannotLeave(c)
	case err != nil: // nothing was stored, so the mail client had better try again
		return fault.Wrap(fault.Unavailable, err, "We could not take you off the list just now. Please try again in a minute.")
	}
	return s.page(c, http.StatusOK, "public/left", s.undo(ctx, before, tag))
}

// undo is the token with which somebody who has just left may take it back; "" for who
// did not read before, or paused without an end, which nothing remembers.
func (s *Server) undo(ctx context.Context, before subscriber.Subscriber, tag link.Tag) string {
	if before.State != subscriber.Active && (before.State != subscriber.Paused || before.PausedUntil.IsZero()) {
		return ""
	}
	now, err := s.Leavers.Leaver(ctx, before.ID, tag)
	if err != nil || now.State != subscriber.Unsubscribed {
		return ""
	}
	return s.Signer.Sign(link.Undo, link.Claim{Subject: now.ID, Stamp: now.Changed.UnixMilli(), Expires: s.Now().Add(link.UndoFor)})
}

// takeBack is the button that undoes leaving.
func (s *Server) takeBack(c echo.Context) error {
	claim, err := s.Signer.Verify(link.Undo, c.Param("token"), s.Now())
	if err == nil {
		err = s.Leavers.TakeBack(c.Request().Context(), claim.Subject, claim.Stamp, s.evidence(c, "form"))
	}
	switch {
	case err == nil:
		return s.page(c, http.StatusOK, "public/returned", nil)
	case errors.Is(err, link.ErrExpired), errors.Is(err, link.ErrForged), fault.Is(err, fault.Gone):
		return s.page(c, http.StatusGone, "public/unreturned", nil)
	}
	return err
}

// leavePage tells the page's button from a mail client's one click.
func leavePage(c echo.Context) string {
	if readForm(c) == nil && c.Request().PostFormValue("button") != "" {
		return "form"
	}
	return "mail"
}

// leaveByMail is for who has no link at hand.
func (s *Server) leaveByMail(c echo.Context) error {
	return s.page(c, http.StatusOK, "public/unleft", mailForm{})
}

// cannotLeave answers a link that proves nothing with a way that works: a form
// that mails a fresh link.
func (s *Server) cannotLeave(c echo.Context) error {
	s.metrics.badLeaves.Inc()
	return s.page(c, http.StatusNotFound, "public/unleft", mailForm{Broken: true})
}

// askLeaveLink takes that form.
func (s *Server) askLeaveLink(c echo.Context) error {
	return s.mailLink(c, linkByMail{leaving, "public/unleft", "public/leave-asked", s.Leavers.AskForLeaveLink})
}
