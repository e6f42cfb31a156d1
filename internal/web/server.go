// Package web is everything people see in a browser: the public pages a reader
// meets (sign up, confirm, leave, the archive), the editors' console, the page of
// the embedded mailbox, and the answers machines ask for (health, metrics, the
// one-click POST of RFC 8058).
//
// Three rules hold for every page. It works without JavaScript and loads nothing
// from anywhere else, which a strict Content-Security-Policy enforces. A GET
// changes nothing, so that a mail scanner which opens every link confirms nobody
// and signs nobody out. And it gives nothing away: a known and an unknown address
// get the same answer, tokens stay out of logs, and an unforeseen failure shows a
// request id and no more.
//
// Handlers are thin: they read a request, call one verb of an interface in
// domain words, and return an error or a page. Errors become answers in one place
// (errors.go). The interfaces live beside the handlers that use them; the store
// satisfies all of them, and this package does not know it.
package web

import (
	"cmp"
	"context"
	"embed"
	"html/template"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/link"
)

//go:embed all:templates static
var files embed.FS

// Config is what a Server is made of. Fields said to be optional may be zero.
type Config struct {
	Site     link.Site             // where the service is reached; its URL has no path
	Signer   link.Signer           // verifies the links it signed into mails
	Now      func() time.Time      // the clock; optional
	Log      *slog.Logger          // optional
	Brand    string                // the newsletter's name
	Postal   string                // who sends it; its lines are joined into one; optional
	Schedule digest.Schedule       // says when the next digest goes out
	Limits   digest.Limits         // of digests composed in the console; optional
	Gate     Gate                  // keeps the quotas; optional: without one there are none
	Quotas   Quotas                // of mails that strangers cause
	Readers  Readers               // sign-up and confirmation
	Leavers  Leavers               // leaving
	Choosers Choosers              // preferences
	Digests  Digests               // the public archive
	Pages    Pages                 // draws a digest for the archive
	Console  ConsoleDeps           // what the console needs
	Waker    Waker                 // optional: without one the next tick does the work
	Mailbox  Mailbox               // optional: the embedded mailbox's page is shown when there is one
	Health   []Check               // asked by /readyz
	Metrics  http.Handler          // serves /metrics; optional
	Registry prometheus.Registerer // where the server's own metrics go; optional
	// Stopping is closed when the server is about to stop, so that streams end, which
	// would never end by themselves. Optional.
	Stopping <-chan struct{}
	// TrustedProxies are the networks whose X-Forwarded-For is believed. Without
	// any, the client is whoever opened the connection.
	TrustedProxies []netip.Prefix
}

// Waker wakes workers for what a request has just written. A wake that fails is
// the waker's to log: the next tick finds the work anyway.
type Waker interface {
	WakeOutbox(ctx context.Context)
	WakeDigest(ctx context.Context, id int64)
	WakeSource(ctx context.Context, id int64)
}

// Server answers HTTP requests. It is safe for use by many goroutines.
type Server struct {
	Config
	echo     *echo.Echo
	pages    map[string]*template.Template
	assets   map[string]asset
	origin   *http.CrossOriginProtection
	metrics  *meters
	base     *url.URL
	zippers  sync.Pool // of *gzip.Writer
	kept     atomic.Pointer[keptDigest]
	look     string // version of the styles, for caches
	watchers *streams
}

// New makes a server, with every page parsed and every route in place. It
// returns a fault.Invalid on the field "PULSE_BASE_URL" for a base URL with a
// path, under which no cookie or redirect would be right.
func New(c Config) (*Server, error) {
	base, err := url.Parse(c.Site.Base())
	if err != nil || base.Host == "" || base.Path != "" {
		return nil, fault.Field("PULSE_BASE_URL", "The base URL must be a scheme and a host, such as https://weekly.example.com.")
	}
	s := &Server{Config: c.withDefaults(), base: base, origin: http.NewCrossOriginProtection(), watchers: newStreams()}
	if err := s.origin.AddTrustedOrigin(base.Scheme + "://" + base.Host); err != nil {
		return nil, err
	}
	if s.assets, err = loadAssets(files); err != nil {
		return nil, err
	}
	if s.pages, err = parsePages(files, s.functions()); err != nil {
		return nil, err
	}
	if s.metrics, err = newMeters(c.Registry); err != nil {
		return nil, err
	}
	s.look = s.assets[stylesheet].version
	s.echo = s.router()
	return s, nil
}

func (c Config) withDefaults() Config {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	c.Postal = strings.Join(strings.FieldsFunc(c.Postal, func(r rune) bool { return r == '\n' || r == '\r' }), ", ")
	if c.Waker == nil {
		c.Waker = sleepy{}
	}
	c.Limits = cmp.Or(c.Limits, digest.DefaultLimits)
	if c.Gate == nil {
		c.Gate = ungated{}
	}
	if c.Schedule.Zone == nil {
		c.Schedule.Zone = time.UTC
	}
	return c
}

// sleepy wakes nobody.
type sleepy struct{}

func (sleepy) WakeOutbox(context.Context)        {}
func (sleepy) WakeDigest(context.Context, int64) {}
func (sleepy) WakeSource(context.Context, int64) {}

// Handler is the whole site.
func (s *Server) Handler() http.Handler { return answerHead(s.echo) }

func (s *Server) router() *echo.Echo {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.IPExtractor = clientNetwork(s.TrustedProxies)
	e.HTTPErrorHandler = s.fail
	e.Use(s.identify, s.observe, s.rescue, s.secure, s.bound, s.sameOrigin)

	s.publicRoutes(e)
	s.healthRoutes(e)
	if s.Mailbox != nil {
		s.mailboxRoutes(e.Group("/mailbox", s.private, s.atHome))
	}
	s.consoleRoutes(e.Group("/console", s.private, s.atHome, s.under(policyConsole)))
	return e
}

func (s *Server) publicRoutes(e *echo.Echo) {
	e.GET("/static/*", s.static)
	e.GET("/robots.txt", s.robots)
	e.GET("/", s.home)
	e.POST("/subscribe", s.subscribe)
	e.GET("/subscribed", s.subscribed)
	e.GET("/confirm/:token", s.askConfirm, s.private)
	e.POST("/confirm/:token", s.confirm, s.private)
	e.GET("/leave/:token", s.askLeave, s.private)
	e.POST("/leave/:token", s.leave, s.private)
	e.POST("/undo/:token", s.takeBack, s.private)
	e.GET("/leave", s.leaveByMail)
	e.POST("/leave", s.askLeaveLink, s.private)
	e.GET("/preferences/:token", s.showPreferences, s.private)
	e.POST("/preferences/:token", s.savePreferences, s.private)
	e.GET("/preferences", s.preferencesByMail)
	e.POST("/preferences", s.askPreferencesLink, s.private)
	e.GET("/privacy", s.privacy)
	e.GET("/digests/latest", s.latestDigest)
	e.GET("/digests/:id", s.digest)
}
