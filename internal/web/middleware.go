package web

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/collabpulse/weekly/internal/fault"
)

// maxBody is how much any request may send, in octets.
const maxBody = 64 << 10

const requestKey = "request"

// identify gives every request an id of our own: what a client sends as one is
// not believed, because it goes into the log.
func (s *Server) identify(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		id := rand.Text()[:16]
		c.Set(requestKey, id)
		c.Response().Header().Set(echo.HeaderXRequestID, id)
		return next(c)
	}
}

func requestID(c echo.Context) string {
	id, _ := c.Get(requestKey).(string)
	return id
}

// route is the pattern that matched, never the path: paths hold tokens.
func route(c echo.Context) string {
	if path := c.Path(); path != "" {
		return path
	}
	return "unmatched"
}

// observe answers errors, then logs and counts the request. It names neither
// the person's network nor their browser.
func (s *Server) observe(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		start := time.Now()
		if err := next(c); err != nil {
			c.Error(err)
		}
		took := time.Since(start)
		method, status := c.Request().Method, c.Response().Status
		if !streaming(c) { // a stream takes as long as somebody looks
			s.metrics.request(method, route(c), status, took)
		}
		s.Log.Log(c.Request().Context(), loudness(c), "request", "request", requestID(c), "method", method,
			"route", route(c), "status", status, "ms", took.Milliseconds())
		return nil
	}
}

// streaming reports whether the answer was a stream of events.
func streaming(c echo.Context) bool {
	return c.Response().Header().Get(echo.HeaderContentType) == "text/event-stream"
}

// loudness keeps what machines ask for all day, and what every page loads, out
// of a log that people read.
func loudness(c echo.Context) slog.Level {
	switch c.Path() {
	case "/healthz", "/readyz", "/metrics", "/static/*":
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

// rescue turns a panic into an internal error with its stack.
func (s *Server) rescue(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler {
					panic(p) // net/http's own way of dropping a connection
				}
				err = fmt.Errorf("web: panic: %v\n%s", p, debug.Stack())
			}
		}()
		return next(c)
	}
}

// bound limits what a request may send. One that announces more is refused
// before a byte of it is read.
func (s *Server) bound(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		if r.ContentLength > maxBody {
			return &http.MaxBytesError{Limit: maxBody}
		}
		r.Body = http.MaxBytesReader(c.Response(), r.Body, maxBody)
		return next(c)
	}
}

// open are the routes that any site may post to: they read no cookie, so there
// is nothing a stranger's page could borrow. The sign-up form is embedded on
// other sites, and RFC 8058 clicks come from mail providers.
var open = map[string]bool{"/subscribe": true, "/confirm/:token": true, "/leave": true, "/leave/:token": true}

// sameOrigin refuses a form that another site's page sent.
func (s *Server) sameOrigin(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if open[c.Path()] {
			return next(c)
		}
		if err := s.origin.Check(c.Request()); err != nil {
			return fault.Wrap(fault.Forbidden, err, "This form was sent from another site, so nothing was done.")
		}
		return next(c)
	}
}

// readForm parses the body, whatever form encoding it has. A body over the
// limit comes back as the limit's error, any other that cannot be read as a fault.
func readForm(c echo.Context) error {
	err := c.Request().ParseForm()
	if err == nil {
		err = c.Request().ParseMultipartForm(maxBody)
	}
	if err == nil || errors.Is(err, http.ErrNotMultipart) {
		return nil
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return err
	}
	return fault.Wrap(fault.Invalid, err, "The form arrived damaged. Please send it again.")
}

// clientNetwork says whom a request comes from: the connection's other end, or,
// when that is a trusted proxy, the last address before it in X-Forwarded-For.
func clientNetwork(trusted []netip.Prefix) echo.IPExtractor {
	if len(trusted) == 0 {
		return echo.ExtractIPDirect()
	}
	options := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, p := range trusted {
		p = p.Masked()
		mask := net.CIDRMask(p.Bits(), p.Addr().BitLen())
		options = append(options, echo.TrustIPRange(&net.IPNet{IP: p.Addr().AsSlice(), Mask: mask}))
	}
	return echo.ExtractIPFromXFFHeader(options...)
}

// answerHead answers HEAD as GET; net/http leaves the body out (RFC 9110 §9.3.2).
func answerHead(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			r = r.Clone(r.Context())
			r.Method = http.MethodGet
		}
		next.ServeHTTP(w, r)
	})
}
