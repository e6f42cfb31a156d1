package web

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/collabpulse/weekly/internal/fault"
)

// policy is what a page may load and do, and who may show it in a frame.
type policy struct {
	csp      string // Content-Security-Policy
	frames   string // X-Frame-Options, for scanners and old browsers
	referrer string
}

const ours = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; "

var (
	// policyPage is every page's unless it says otherwise.
	policyPage = policy{ours + "img-src 'self'", "DENY", "no-referrer"}
	// policyPictures is for pages that show a digest, whose pictures live elsewhere.
	policyPictures = policy{ours + "img-src 'self' https: http: data:", "DENY", "no-referrer"}
	// policyFrame is for the mailbox's pages, which show a mail in a frame.
	policyFrame = policy{ours + "img-src 'self'; frame-src 'self'", "DENY", "no-referrer"}
	// policyConsole is for pages that show stories and previews. Its referrer stays
	// within the site, because a browser that sends none at all sends "Origin: null"
	// with a form, and over plain HTTP that is all there is to tell our own form by.
	policyConsole = policy{ours + "img-src 'self' https: http: data:; frame-src 'self'", "DENY", "same-origin"}
	// policyMail is for a mail's own HTML, which may do nothing but be looked at. Its
	// links open outside the frame.
	policyMail = policy{"sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; " +
		"img-src https: http: data: cid:; frame-ancestors 'self'", "SAMEORIGIN", "no-referrer"}
)

// apply sets the policy's fields; a later policy replaces an earlier one.
func (p policy) apply(h http.Header) {
	h.Set(echo.HeaderContentSecurityPolicy, p.csp)
	h.Set(echo.HeaderXFrameOptions, p.frames)
	h.Set(echo.HeaderReferrerPolicy, p.referrer)
}

// under puts a group of routes under another policy than policyPage.
func (s *Server) under(p policy) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			p.apply(c.Response().Header())
			return next(c)
		}
	}
}

// atHome keeps pages for the few, the console and the mailbox, to our own name. A
// page of somebody else's whose name is made to lead here (DNS rebinding) would be
// the same origin to a browser on this machine, and could read what it shows.
// Addresses without a name cannot be so bent.
func (s *Server) atHome(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		host := (&url.URL{Host: c.Request().Host}).Hostname()
		if _, err := netip.ParseAddr(host); err != nil && host != "localhost" && !strings.EqualFold(host, s.base.Hostname()) {
			return fault.New(fault.NotFound, "This page is not served under this name.")
		}
		return next(c)
	}
}

// secure sets the fields every answer carries.
func (s *Server) secure(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		policyPage.apply(h)
		h.Set(echo.HeaderXContentTypeOptions, "nosniff")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
		if s.base.Scheme == "https" {
			h.Set(echo.HeaderStrictTransportSecurity, "max-age=31536000") // RFC 6797
		}
		return next(c)
	}
}

// private marks pages that belong to one person: no cache keeps them and no
// search engine lists them.
func (s *Server) private(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set(echo.HeaderCacheControl, "no-store")
		h.Set("X-Robots-Tag", "noindex")
		return next(c)
	}
}
