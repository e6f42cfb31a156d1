package web

import (
	"bytes"
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/collabpulse/weekly/internal/fault"
)

// Streams of server-sent events (HTML, "Server-sent events"). Each is a connection
// and a goroutine for as long as somebody looks, so there is a limit, and a client
// that does not read is dropped.
const (
	streamsAtMost = 100
	writeWithin   = 10 * time.Second
	heartbeat     = 15 * time.Second // so that proxies keep a quiet stream open
	recheckEvery  = 20 * time.Second // whether the editor is still signed in
	breather      = 5 * time.Second  // after a look that failed
)

// streams counts those that are open.
type streams struct {
	open    atomic.Int64
	limit   int64
	recheck time.Duration
}

func newStreams() *streams { return &streams{limit: streamsAtMost, recheck: recheckEvery} }

// enter takes a place; leave gives it back.
func (s *streams) enter() bool {
	if s.open.Add(1) <= s.limit {
		return true
	}
	s.open.Add(-1)
	return false
}

func (s *streams) leave() { s.open.Add(-1) }

// live streams a digest's figures as they change:
//
//	event: look    the figures as HTML, to take the place of those on the page
//	event: over    the digest is no longer going out; load the page anew
//
// It ends with the digest, with the editor's session, when the client goes or does
// not read, and when the server stops. A browser then asks again by itself.
func (c console) live(ec echo.Context) error {
	part, err := c.courseAt(ec)
	if err != nil {
		return err
	}
	if !c.watchers.enter() {
		ec.Response().Header().Set("Retry-After", "30")
		return fault.New(fault.Unavailable, "Too many people watch at once. Reload the page to see how far it is.")
	}
	defer c.watchers.leave()
	s, err := c.openStream(ec)
	if err != nil {
		return err
	}
	return c.follow(ec, s, part)
}

// follow sends what is new until there is a reason to end.
func (c console) follow(ec echo.Context, s *stream, part course) error {
	ctx, checked := ec.Request().Context(), time.Now()
	for {
		if !part.Live() {
			return s.send("over", "")
		}
		if err := c.tellCourse(s, part); err != nil {
			return err
		}
		if !c.await(ctx, s.pauseFor(part.Look.Again)) {
			return nil
		}
		if time.Since(checked) > c.watchers.recheck {
			if !c.stillSignedIn(ec) {
				return nil
			}
			checked = time.Now()
		}
		next, err := c.course(ctx, part.ID)
		if err != nil { // the database is away, most likely; what is shown stays until it is back
			next = part
			next.Look.Again = breather
		}
		part = next
	}
}

// tellCourse sends the figures, or a heartbeat when they are what they were.
func (c console) tellCourse(s *stream, part course) error {
	var b bytes.Buffer
	if err := c.pages["console/digest"].ExecuteTemplate(&b, "progress", view{Now: c.Now(), Data: part}); err != nil {
		return err
	}
	if bytes.Equal(b.Bytes(), s.said) {
		return s.beat()
	}
	s.said = bytes.Clone(b.Bytes())
	return s.send("look", b.String())
}

// await waits, and reports whether to go on.
func (c console) await(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
	case <-c.Stopping:
	}
	return false
}

// stillSignedIn asks anew: whoever signed out, or was removed, reads no further.
func (c console) stillSignedIn(ec echo.Context) bool {
	ticket, ok := c.ticket(ec)
	if !ok {
		return false
	}
	_, err := c.store.Session(ec.Request().Context(), ticket)
	return !fault.Is(err, fault.Unauthorised)
}

// stream is the way to one browser.
type stream struct {
	out     *echo.Response
	control *http.ResponseController
	said    []byte    // the last figures
	spoke   time.Time // when anything was sent last
}

// openStream begins the answer. The server's own time limits are for answers that
// end; from here on each write has its own.
func (c console) openStream(ec echo.Context) (*stream, error) {
	s := &stream{out: ec.Response(), control: http.NewResponseController(ec.Response().Writer)}
	_ = s.control.SetReadDeadline(time.Time{}) // whoever cannot have deadlines has none to lift
	h := s.out.Header()
	h.Del("Set-Cookie") // the page itself keeps the ticket
	h.Set(echo.HeaderContentType, "text/event-stream")
	h.Set("X-Accel-Buffering", "no") // nginx would hold events back until its buffer is full
	s.out.WriteHeader(http.StatusOK)
	return s, s.write("retry: 3000\n\n")
}

func (s *stream) send(event, html string) error {
	return s.write("event: " + event + "\ndata: " + oneLine(html) + "\n\n")
}

// beat shows that the stream is alive, when it has been quiet.
func (s *stream) beat() error {
	if time.Since(s.spoke) < heartbeat {
		return nil
	}
	return s.write(": still here\n\n")
}

// pauseFor is how long to wait for the next look: as long as the present one is good,
// but no longer than a heartbeat.
func (s *stream) pauseFor(again time.Duration) time.Duration {
	return min(max(again, time.Second), heartbeat)
}

func (s *stream) write(text string) error {
	_ = s.control.SetWriteDeadline(time.Now().Add(writeWithin))
	if _, err := s.out.Write([]byte(text)); err != nil {
		return err
	}
	s.spoke = time.Now()
	return s.control.Flush()
}
