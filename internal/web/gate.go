package web

import (
	"context"
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/subscriber"
)

// Gate limits how often something is asked for.
type Gate interface {
	// Allow takes leave to do the named thing once: 0, or how long until there is any.
	Allow(ctx context.Context, name string, q subscriber.Quota) (after time.Duration)
}

// Quotas are how often strangers may have us write a mail. What one address may get is
// the store's to limit.
type Quotas struct {
	PerNetwork subscriber.Quota // sign-ups from one network, and as many requests for a link by mail, of each kind
	SignUps    subscriber.Quota // sign-ups from everywhere together
}

// The things that are limited, each by itself: whoever signs up strangers uses up
// nobody's way to leave.
const (
	signingUp = "sign-up"
	leaving   = "leave"
	choosing  = "preferences"
)

// enter takes leave for a request that will make us write a mail. Without any it is a
// fault.Limited that says when to try again, and the answer says so too (RFC 9110
// §10.2.3). The limit of everybody is asked last, so that one network does not use it up.
func (s *Server) enter(c echo.Context, doing string, all subscriber.Quota) error {
	ctx := c.Request().Context()
	var after time.Duration
	if network, known := s.network(c); known {
		after = s.Gate.Allow(ctx, doing+" from "+network, s.Quotas.PerNetwork)
	}
	whose := "from your network"
	if after == 0 {
		after, whose = s.Gate.Allow(ctx, doing, all), "just now"
	}
	if after == 0 {
		return nil
	}
	c.Response().Header().Set(echo.HeaderRetryAfter, strconv.Itoa(int(math.Ceil(after.Seconds()))))
	return fault.New(fault.Limited, "There were too many requests %s. Please try again in %s.", whose, soon(after))
}

// network is whom a limit counts together: an address of IPv4, or the network that a
// household has of IPv6 (RFC 6177). A private address is that of a proxy nobody told
// us to trust, behind which everybody would be one network.
func (s *Server) network(c echo.Context) (name string, known bool) {
	at, err := netip.ParseAddr(c.RealIP())
	if err != nil || at.IsPrivate() || at.IsLoopback() || at.IsLinkLocalUnicast() {
		return "", false
	}
	at = at.Unmap().WithZone("")
	bits := 64
	if at.Is4() {
		bits = 32
	}
	prefix, err := at.Prefix(bits)
	return prefix.String(), err == nil
}

// soon is a wait as people say it.
func soon(d time.Duration) string {
	if d <= time.Minute {
		return "a minute"
	}
	return fmt.Sprintf("%d minutes", int(math.Ceil(d.Minutes())))
}

// ungated lets everybody through.
type ungated struct{}

func (ungated) Allow(context.Context, string, subscriber.Quota) time.Duration { return 0 }
