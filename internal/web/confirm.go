package web

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/link"
)

var (
	errConfirmForged  = fault.New(fault.NotFound, "This is not a confirmation link of ours. Perhaps it was cut short on its way.")
	errConfirmExpired = fault.New(fault.Gone, "This confirmation link is more than a week old.")
)

// askConfirm shows the button behind a mailed confirmation link. It changes
// nothing, however often a mail scanner opens it.
func (s *Server) askConfirm(c echo.Context) error {
	if _, err := s.confirmClaim(c); err != nil {
		return s.cannotConfirm(c, err)
	}
	return s.page(c, http.StatusOK, "public/confirm", nil)
}

// confirm is the button. Pressing it twice is fine.
func (s *Server) confirm(c echo.Context) error {
	claim, err := s.confirmClaim(c)
	if err != nil {
		return s.cannotConfirm(c, err)
	}
	ctx := c.Request().Context()
	_, err = s.Readers.Confirm(ctx, claim.Subject, claim.Stamp, s.evidence(c, "form"))
	if fault.Is(err, fault.Gone) || fault.Is(err, fault.NotFound) {
		return s.cannotConfirm(c, err)
	}
	if err != nil {
		return err
	}
	s.Waker.WakeOutbox(ctx)
	latest, err := s.newest(ctx)
	if err != nil { // the reader is in all the same, and should be told so
		s.logFailure(c, err)
	}
	return s.page(c, http.StatusOK, "public/confirmed", welcome{Next: s.nextSlot(s.Now()), Latest: latest})
}

// welcome is what a new reader is told.
type welcome struct {
	Next   digest.Slot
	Latest *digest.Digest
}

func (s *Server) confirmClaim(c echo.Context) (link.Claim, error) {
	claim, err := s.Signer.Verify(link.Confirm, c.Param("token"), s.Now())
	switch {
	case errors.Is(err, link.ErrExpired):
		return claim, errConfirmExpired
	case err != nil:
		return claim, errConfirmForged
	}
	return claim, nil
}

// cannotConfirm says why a link no longer works and offers to sign up again.
func (s *Server) cannotConfirm(c echo.Context, err error) error {
	return s.page(c, describe(err).Status, "public/unconfirmed", fault.Message(err))
}
