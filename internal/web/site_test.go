package web

import (
	"bytes"
	"context"
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"github.com/collabpulse/weekly/internal/address"
	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/link"
	"github.com/collabpulse/weekly/internal/store"
	"github.com/collabpulse/weekly/internal/store/storetest"
	"github.com/collabpulse/weekly/internal/subscriber"
)

// site is a server on a real store, with what a test may want to look into.
type site struct {
	*Server
	t       *testing.T
	store   *store.Store
	clock   *storetest.Clock
	log     *safeBuffer
	waker   *alarm
	archive *archive
}

// newSite makes one on an empty SQLite database; change may alter its settings.
func newSite(t *testing.T, change ...func(*Config)) *site {
	t.Helper()
	clock := storetest.NewClock()
	db := storetest.Open(t, storetest.SQLiteURL(t), clock)
	st := &site{t: t, store: db, clock: clock, log: &safeBuffer{}, waker: &alarm{}, archive: &archive{}}
	c := Config{
		Site: siteAt(t, "https://weekly.test"), Signer: link.NewSigner([][]byte{[]byte("a secret for tests only")}),
		Now: clock.Now, Log: slog.New(slog.NewJSONHandler(st.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Brand: "Collab Pulse Weekly", Postal: "Collab Pulse, 12 Some Street, Berlin", Schedule: weekly(t),
		Readers: db, Leavers: db, Choosers: db, Digests: st.archive, Pages: st.archive, Waker: st.waker,
	}
	for _, f := range change {
		f(&c)
	}
	server, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	st.Server = server
	return st
}

func siteAt(t *testing.T, base string) link.Site {
	t.Helper()
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	return link.NewSite(u)
}

func weekly(t *testing.T) digest.Schedule {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	s, err := digest.ParseSchedule("weekly", digest.DefaultRule, zone)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// answer is what came back.
type answer struct {
	t      *testing.T
	Status int
	Header http.Header
	Body   string
}

// do sends a request made by hand.
func (s *site) do(r *http.Request) answer {
	s.t.Helper()
	if r.Host == "example.com" { // httptest's own
		r.Host = s.base.Host
	}
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	return answer{s.t, w.Code, w.Header(), w.Body.String()}
}

func (s *site) get(path string) answer {
	s.t.Helper()
	return s.do(httptest.NewRequest(http.MethodGet, path, nil))
}

// post sends a form as a browser on our own page would.
func (s *site) post(path string, form url.Values) answer {
	s.t.Helper()
	return s.do(posting(path, form))
}

func posting(path string, form url.Values) *http.Request {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return r
}

// is fails the test unless the answer has the status.
func (a answer) is(status int) answer {
	a.t.Helper()
	if a.Status != status {
		a.t.Fatalf("status %d, want %d; body:\n%.600s", a.Status, status, a.Body)
	}
	return a
}

// find is what a selector matches in the page.
func (a answer) find(selector string) *goquery.Selection {
	a.t.Helper()
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(a.Body))
	if err != nil {
		a.t.Fatal(err)
	}
	return doc.Find(selector)
}

// shows fails the test unless the selector matches something that contains the text.
func (a answer) shows(selector, text string) answer {
	a.t.Helper()
	if got := a.find(selector).Text(); !strings.Contains(got, text) {
		a.t.Errorf("%q shows %q, want it to contain %q", selector, got, text)
	}
	return a
}

// goesTo fails the test unless the answer redirects there.
func (a answer) goesTo(target string) {
	a.t.Helper()
	if a.Status != http.StatusSeeOther || a.Header.Get("Location") != target {
		a.t.Errorf("status %d to %q, want 303 to %q", a.Status, a.Header.Get("Location"), target)
	}
}

// same is the answer without what is meant to differ each time.
func (a answer) same() answer {
	a.Header = a.Header.Clone()
	a.Header.Del("X-Request-Id")
	a.t = nil
	return a
}

func parse(t *testing.T, text string) address.Address {
	t.Helper()
	a, err := address.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// reader finds the subscriber with the address.
func (s *site) reader(email string) subscriber.Subscriber {
	s.t.Helper()
	found, err := s.store.Subscribers(context.Background(), subscriber.Search{Text: email, Limit: 2})
	if err != nil || len(found) != 1 {
		s.t.Fatalf("%d subscribers found, want 1 (%v)", len(found), err)
	}
	return found[0]
}

// count is how many subscribers there are in all.
func (s *site) count() (n int) {
	s.t.Helper()
	states, err := s.store.CountSubscribers(context.Background())
	if err != nil {
		s.t.Fatal(err)
	}
	for _, c := range states {
		n += c
	}
	return n
}

// pending signs somebody up and is the token in their confirmation mail.
func (s *site) pending(email string) (token string) {
	s.t.Helper()
	s.post("/subscribe", url.Values{"email": {email}}).goesTo("/subscribed")
	return s.confirmToken(email)
}

func (s *site) confirmToken(email string) string {
	r := s.reader(email)
	return s.Signer.Sign(link.Confirm, link.Claim{Subject: r.ID, Stamp: r.AskedAt.UnixMilli(), Expires: s.clock.Now().Add(link.ConfirmFor)})
}

// active signs somebody up and confirms, and is the token of their leave link.
func (s *site) active(email string) (leave string) {
	s.t.Helper()
	s.post("/confirm/"+s.pending(email), nil).is(http.StatusOK)
	r := s.reader(email)
	return r.Key.Token(link.Leave, r.ID)
}

// archive is the digests that went out.
type archive struct {
	digests   []digest.Digest
	snapshots map[int64]digest.Snapshot
	broken    error
}

func (a *archive) Digest(_ context.Context, id int64) (digest.Digest, error) {
	for _, d := range a.digests {
		if d.ID == id {
			return d, a.broken
		}
	}
	return digest.Digest{}, errors.Join(a.broken, fault.New(fault.NotFound, "There is no such digest."))
}

func (a *archive) LatestDigest(context.Context) (digest.Digest, error) {
	for _, d := range a.digests {
		if !d.Launched.IsZero() {
			return d, a.broken
		}
	}
	return digest.Digest{}, fault.New(fault.NotFound, "There is no digest yet.")
}

func (a *archive) Snapshot(_ context.Context, id int64) (digest.Snapshot, string, error) {
	s := a.snapshots[id]
	return s, digest.HashOf(s.Encode()), a.broken
}

func (a *archive) Page(s digest.Snapshot) (template.HTML, error) {
	return template.HTML("<article class=digest><p>" + template.HTMLEscapeString(s.Intro) + "</p></article>"), nil
}

// publish puts a digest in front of the archive.
func (a *archive) publish(d digest.Digest) {
	a.digests = append([]digest.Digest{d}, a.digests...)
	if a.snapshots == nil {
		a.snapshots = map[int64]digest.Snapshot{}
	}
	a.snapshots[d.ID] = digest.Snapshot{Digest: d.ID, Subject: d.Subject, Preheader: d.Preheader, Intro: d.Intro}
}

// alarm counts wakes.
type alarm struct {
	mu     sync.Mutex
	outbox int
}

func (a *alarm) WakeOutbox(context.Context) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.outbox++
}
func (a *alarm) WakeDigest(context.Context, int64) {}
func (a *alarm) WakeSource(context.Context, int64) {}

// safeBuffer is a log that many requests write.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
