package web

import (
	"context"

	"github.com/labstack/echo/v4"

	"github.com/collabpulse/weekly/internal/digest"
)

// EmergencyBrake stops everything that goes to many readers.
type EmergencyBrake interface {
	Brake(ctx context.Context) (digest.Brake, error)
	// PullBrake stops every digest before the next message. Pulled again it stays as it is.
	PullBrake(ctx context.Context, by string) error
	// ReleaseBrake returns the digests that go on at once.
	ReleaseBrake(ctx context.Context) (resumed []int64, err error)
}

// brakeKey is where the console keeps the emergency brake in the request's context,
// for every page to show while it is on.
const brakeKey = "brake"

// lookAtBrake has the layout say that the brake is on.
func (c console) lookAtBrake(next echo.HandlerFunc) echo.HandlerFunc {
	return func(ec echo.Context) error {
		if !isFragment(ec) {
			b, err := c.store.Brake(ec.Request().Context())
			if err != nil {
				return err
			}
			if b.On() {
				ec.Set(brakeKey, &b)
			}
		}
		return next(ec)
	}
}

func (c console) pullBrake(ec echo.Context) error {
	by := nameOf(who(ec))
	if err := c.store.PullBrake(ec.Request().Context(), by); err != nil {
		return err
	}
	c.Log.WarnContext(ec.Request().Context(), "emergency brake pulled", "editor", who(ec).ID)
	return done(ec, "/console", "brake-pulled")
}

func (c console) releaseBrake(ec echo.Context) error {
	ctx := ec.Request().Context()
	resumed, err := c.store.ReleaseBrake(ctx)
	if err != nil {
		return err
	}
	c.Log.WarnContext(ctx, "emergency brake released", "editor", who(ec).ID)
	for _, id := range resumed {
		c.Waker.WakeDigest(ctx, id)
	}
	return done(ec, "/console", "brake-released")
}
