package web

import (
	"context"

	"github.com/labstack/echo/v4"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/digest"
)

// DigestDoubts decides about messages of which nobody knows whether they arrived.
type DigestDoubts interface {
	SetDoubts(ctx context.Context, id int64, policy delivery.Doubts) error
	// Unsettled counts the copies in doubt that may be sent once more.
	Unsettled(ctx context.Context, id int64) (copies int, err error)
	// ResendUnknown sends them; a fault.Conflict when there are none, or the digest
	// is neither going out nor sent.
	ResendUnknown(ctx context.Context, id int64) (copies int, err error)
	// AcceptUnknown counts every copy in doubt as sent.
	AcceptUnknown(ctx context.Context, id int64) (copies int, err error)
}

// unsettled counts what may be sent once more, without asking for a digest that
// has no doubt.
func (c console) unsettled(ctx context.Context, row listed) (int, error) {
	if row.Tally.Unknown == 0 {
		return 0, nil
	}
	return c.store.Unsettled(ctx, row.ID)
}

// Resendable reports whether there is something to send once more, and the digest
// may be sent.
func (v digestView) Resendable() bool { return v.Unsettled > 0 && v.May(string(digest.ResendDoubts)) }

// setDoubts chooses what becomes of doubts from now on.
func (c console) setDoubts(ec echo.Context) error {
	return c.decide(ec, func(ctx context.Context, id int64, form entry) (string, string, error) {
		policy, err := delivery.ParseDoubts(form.Value("doubts"))
		if err != nil {
			return "", "", err
		}
		return "doubts-" + policy.String(), "", c.store.SetDoubts(ctx, id, policy)
	})
}

func (c console) resendUnknown(ec echo.Context) error {
	return c.change(ec, "unknown-resent", "", func(ctx context.Context, id int64, _ entry) error {
		if _, err := c.store.ResendUnknown(ctx, id); err != nil {
			return err
		}
		c.Waker.WakeDigest(ctx, id)
		return nil
	})
}

func (c console) acceptUnknown(ec echo.Context) error {
	return c.change(ec, "unknown-accepted", "", func(ctx context.Context, id int64, _ entry) error {
		_, err := c.store.AcceptUnknown(ctx, id)
		return err
	})
}
