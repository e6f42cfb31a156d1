package web

import (
	"context"

	"github.com/labstack/echo/v4"

	"github.com/collabpulse/weekly/internal/digest"
)

// DigestCorrections makes a corrected draft of a digest that is over. One that
// never went out or still may is a fault.Conflict.
type DigestCorrections interface {
	CorrectDigest(ctx context.Context, id int64, to digest.Audience, form digest.Form) (digest.Digest, error)
}

// correction says which digest this one corrects, and for whom.
type correction struct {
	Corrects int64
	Path     string
	To       string
}

// Correction is nil for a digest that corrects none.
func (l listed) Correction() *correction {
	if l.Corrects == 0 {
		return nil
	}
	to := "those who got that one, or may have got it"
	if l.Audience == digest.Missed {
		to = "those who did not get that one"
	}
	return &correction{l.Corrects, listed{Digest: digest.Digest{ID: l.Corrects}}.Path(), to}
}

// correct makes a draft that corrects the digest in the path, and goes there.
func (c console) correct(ec echo.Context) error {
	id, err := pathID(ec, "id")
	if err != nil {
		return err
	}
	form, err := readEntry(ec)
	if err != nil {
		return err
	}
	d, err := c.correction(ec.Request().Context(), id, form)
	if mendable(err) {
		return c.showDigest(ec, describe(err).Status, id, form.wrong(err))
	}
	if err != nil {
		return err
	}
	return done(ec, listed{Digest: d}.Path(), "correction-made")
}

func (c console) correction(ctx context.Context, id int64, form entry) (digest.Digest, error) {
	to, err := digest.ParseAudience(form.Value("to"))
	if err != nil {
		return digest.Digest{}, err
	}
	return c.store.CorrectDigest(ctx, id, to, digest.ParseForm(form.Value("form")))
}
