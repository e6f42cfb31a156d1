package web

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/collabpulse/weekly/internal/digest"
)

// reception is a room behind a real HTTP server, whose time limits are far shorter
// than a stream lasts.
type reception struct {
	*newsroom
	server   *httptest.Server
	stopping chan struct{}
}

func newReception(t *testing.T, change ...func(*Config)) *reception {
	t.Helper()
	return receptionFor(t, 700*time.Millisecond, change...)
}

// receptionFor has a server that gives a request so long.
func receptionFor(t *testing.T, limit time.Duration, change ...func(*Config)) *reception {
	t.Helper()
	r := &reception{stopping: make(chan struct{})}
	r.newsroom = newRoom(t, append(change, func(c *Config) { c.Stopping = r.stopping })...)
	r.server = httptest.NewUnstartedServer(r.Handler())
	r.server.Config.ReadTimeout, r.server.Config.WriteTimeout = limit, limit
	r.server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	r.server.Start()
	t.Cleanup(r.server.Close)
	return r
}

// follow opens a digest's stream.
func (r *reception) follow(d digest.Digest) *follower {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 20*time.Second)
	r.t.Cleanup(cancel)
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, r.server.URL+listed{Digest: d}.Path()+"/live", nil)
	if err != nil {
		r.t.Fatal(err)
	}
	q.Host = r.base.Host
	q.AddCookie(&http.Cookie{Name: "__Host-pulse", Value: string(r.ticket)})
	a, err := http.DefaultClient.Do(q)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { a.Body.Close() })
	return &follower{t: r.t, Response: a, lines: bufio.NewReader(a.Body), cancel: cancel}
}

// follower reads a stream of events as a browser does.
type follower struct {
	*http.Response
	t      *testing.T
	lines  *bufio.Reader
	cancel func()
}

// next is the next event; "" at the end of the stream.
func (f *follower) next() (event, data string) {
	f.t.Helper()
	for {
		line, err := f.lines.ReadString('\n')
		if err == io.EOF {
			return "", ""
		}
		if err != nil {
			f.t.Fatalf("the stream broke: %v", err)
		}
		line = strings.TrimSuffix(line, "\n")
		switch name, value, _ := strings.Cut(line, ": "); {
		case name == "event":
			event = value
		case name == "data":
			data = value
		case line == "" && event != "":
			return event, data
		}
	}
}

func (f *follower) want(event, text string) {
	f.t.Helper()
	if e, data := f.next(); e != event || !strings.Contains(data, text) {
		f.t.Fatalf("event %q of %d octets, want %q with %q in it", e, len(data), event, text)
	}
}

func TestAStreamFollowsADigestToItsEnd(t *testing.T) {
	t.Parallel()
	r := newReception(t)
	d := r.launched(4)
	f := r.follow(d)
	for name, want := range map[string]string{"Content-Type": "text/event-stream", "X-Accel-Buffering": "no", "Cache-Control": "no-store", "Set-Cookie": ""} {
		if got := f.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	f.want("look", "4</b> waiting")
	r.clock.Advance(time.Second)
	r.deliver(d.ID, 0)
	f.want("look", "4</b> sent")
	if _, err := r.store.FinishDigest(r.ctx, d.ID); err != nil {
		t.Fatal(err)
	}
	f.want("over", "")
	f.want("", "")
	if open := r.streamsOpen(); open != 0 {
		t.Errorf("%d streams are still counted", open)
	}
}

// streamsOpen is how many there are, once those that are ending have ended.
func (r *reception) streamsOpen() (open int64) {
	for range 200 {
		if open = r.watchers.open.Load(); open == 0 {
			return 0
		}
		time.Sleep(10 * time.Millisecond)
	}
	return open
}

func TestAStreamDoesNotHoldUpAServerThatStops(t *testing.T) {
	t.Parallel()
	r := newReception(t)
	f := r.follow(r.launched(1))
	f.want("look", "waiting")
	close(r.stopping)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := r.server.Config.Shutdown(ctx); err != nil {
		t.Errorf("the server did not stop: %v", err)
	}
	f.want("", "")
}

func TestWhoIsSignedOutReadsNoFurther(t *testing.T) {
	t.Parallel()
	r := newReception(t)
	r.watchers.recheck = time.Millisecond
	f := r.follow(r.launched(1))
	f.want("look", "waiting")
	if err := r.store.EndSession(r.ctx, r.ticket); err != nil {
		t.Fatal(err)
	}
	if event, _ := f.next(); event != "" {
		t.Errorf("event %q after signing out", event)
	}
	if again := r.follow(r.digest(1)); again.StatusCode != http.StatusUnauthorized && again.Request.URL.Path != signInPage {
		t.Errorf("status %d at %s", again.StatusCode, again.Request.URL.Path)
	}
}

func TestThereIsALimitToStreams(t *testing.T) {
	t.Parallel()
	r := newReception(t)
	r.watchers.limit = 1
	d := r.launched(1)
	first := r.follow(d)
	first.want("look", "waiting")
	if second := r.follow(d); second.StatusCode != http.StatusServiceUnavailable || second.Header.Get("Retry-After") == "" {
		t.Errorf("a stream too many: status %d", second.StatusCode)
	}
	first.cancel()
	if open := r.streamsOpen(); open != 0 {
		t.Errorf("%d streams are open although nobody looks", open)
	}
	r.follow(d).want("look", "waiting")
}

func TestADigestThatIsNotGoingOutHasNoStreamToSpeakOf(t *testing.T) {
	t.Parallel()
	r := newReception(t)
	f := r.follow(r.draft())
	f.want("over", "")
	f.want("", "")
}
