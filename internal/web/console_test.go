package web

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/edition"
	"github.com/collabpulse/weekly/internal/editor"
	"github.com/collabpulse/weekly/internal/progress"
	"github.com/collabpulse/weekly/internal/source"
	"github.com/collabpulse/weekly/internal/spotlight"
	"github.com/collabpulse/weekly/internal/store"
	"github.com/collabpulse/weekly/internal/store/storetest"
	"github.com/collabpulse/weekly/internal/story"
	"github.com/collabpulse/weekly/internal/subscriber"
	"github.com/collabpulse/weekly/internal/topic"
)

// newsroom is a site with an editor who is signed in to its console.
type newsroom struct {
	*site
	ctx    context.Context
	bell   *bell
	editor editor.Editor
	ticket editor.Ticket
	htmx   bool // requests come from htmx
}

// eager looks anew each time, so that a test need not wait.
type eager struct{ ledger progress.Ledger }

func (e eager) Look(ctx context.Context, id int64) (progress.Look, error) {
	return progress.NewWatch(e.ledger, delivery.WarmUp{}, nil).Look(ctx, id)
}

// newRoom opens one on an empty database.
func newRoom(t *testing.T, change ...func(*Config)) *newsroom {
	t.Helper()
	r := &newsroom{ctx: t.Context(), bell: &bell{}}
	r.site = newSite(t, append([]func(*Config){func(c *Config) {
		c.Waker = r.bell
		db := c.Readers.(*store.Store)
		c.Console = ConsoleDeps{Store: db, Editions: press{}, Watcher: eager{db}}
	}}, change...)...)
	var err error
	if r.editor, err = r.store.AddEditor(r.ctx, parse(t, "ines@collabpulse.test"), "Ines", editor.Normal); err != nil {
		t.Fatal(err)
	}
	r.ticket = r.newTicket()
	return r
}

func (r *newsroom) newTicket() editor.Ticket {
	r.t.Helper()
	id, _, err := r.store.NewSignIn(r.ctx, r.editor.Address)
	if err != nil {
		r.t.Fatal(err)
	}
	ticket, _, err := r.store.UseSignIn(r.ctx, id)
	if err != nil {
		r.t.Fatal(err)
	}
	return ticket
}

// get asks for a page with the editor's cookie.
func (r *newsroom) get(path string) answer {
	r.t.Helper()
	return r.ask(httptest.NewRequest(http.MethodGet, path, nil))
}

// post sends a form with the editor's cookie.
func (r *newsroom) post(path string, form url.Values) answer {
	r.t.Helper()
	return r.ask(posting(path, form))
}

func (r *newsroom) ask(q *http.Request) answer {
	r.t.Helper()
	if r.ticket != "" {
		q.AddCookie(&http.Cookie{Name: "__Host-pulse", Value: string(r.ticket)})
	}
	if r.htmx {
		q.Header.Set("HX-Request", "true")
	}
	return r.do(q)
}

// leadsTo fails the test unless the answer redirects to a page of that path, and
// is that page.
func (r *newsroom) leadsTo(a answer, path string) answer {
	r.t.Helper()
	target, _, _ := strings.Cut(a.Header.Get("Location"), "#")
	if at, _, _ := strings.Cut(target, "?"); a.Status != http.StatusSeeOther || at != path {
		r.t.Fatalf("status %d to %q, want 303 to %s; body:\n%.600s", a.Status, target, path, a.Body)
	}
	return r.get(target).is(http.StatusOK)
}

// write puts a story into the pool, so many hours before now.
func (r *newsroom) write(title string, about topic.ID, hours int) int64 {
	r.t.Helper()
	at := r.clock.Now().Add(-time.Duration(hours) * time.Hour)
	id, err := r.store.AddStory(r.ctx, story.Story{
		Link: "https://stories.test/" + url.PathEscape(strings.ToLower(title)), Title: title, Summary: "What " + title + " is about.",
		Topic: about, Author: "Mara", Published: at, Appeared: at, Gathered: at,
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return id
}

// praise writes a spotlight.
func (r *newsroom) praise(headline string, p spotlight.Pillar) int64 {
	r.t.Helper()
	id, err := r.store.SaveSpotlight(r.ctx, spotlight.Spotlight{Pillar: p, Name: "Ayo", Headline: headline, Body: "Why.", Created: r.clock.Now()})
	if err != nil {
		r.t.Fatal(err)
	}
	return id
}

// compose makes a digest of what is new.
func (r *newsroom) compose() digest.Digest {
	r.t.Helper()
	d, _, err := r.store.ComposeDigest(r.ctx, digest.Order{})
	if err != nil {
		r.t.Fatal(err)
	}
	return d
}

// draft is a digest with two stories of one topic.
func (r *newsroom) draft() digest.Digest {
	r.t.Helper()
	r.write("Bread", 1, 1)
	r.write("Vans", 1, 2)
	return r.compose()
}

// launched is a draft that was approved and launched, with so many readers planned for.
func (r *newsroom) launched(readers int) digest.Digest {
	r.t.Helper()
	for i := range readers {
		r.site.active(fmt.Sprintf("reader%d@readers.test", i))
	}
	d := r.draft()
	if _, err := r.store.ApproveDigest(r.ctx, d.ID, d.Version, "Ines", "bundle"); err != nil {
		r.t.Fatal(err)
	}
	if err := r.store.LaunchDigest(r.ctx, d.ID, 0, ""); err != nil {
		r.t.Fatal(err)
	}
	if _, err := r.store.FreezeDigest(r.ctx, d.ID); err != nil {
		r.t.Fatal(err)
	}
	return r.digest(d.ID)
}

func (r *newsroom) digest(id int64) digest.Digest {
	r.t.Helper()
	d, err := r.store.Digest(r.ctx, id)
	if err != nil {
		r.t.Fatal(err)
	}
	return d
}

// deliver hands over what waits in a digest; refuse says how many are refused.
func (r *newsroom) deliver(id int64, refuse int) {
	r.t.Helper()
	scope := delivery.Scope{Digest: id}
	worker, items := r.hand(scope)
	refused := items[:min(refuse, len(items))]
	r.record(scope, worker, refused, delivery.Outcome{Verdict: delivery.RefusedForGood, Code: 550})
	r.record(scope, worker, items[len(refused):], delivery.Outcome{Code: 250})
}

// hand puts what waits on the wire, for a worker of its own.
func (r *newsroom) hand(scope delivery.Scope) (worker int64, handed []delivery.Item) {
	r.t.Helper()
	worker, err := r.store.RegisterWorker(r.ctx, "test")
	if err != nil {
		r.t.Fatal(err)
	}
	claims, err := r.store.Claim(r.ctx, scope, worker, delivery.Group)
	if err != nil {
		r.t.Fatal(err)
	}
	var items []delivery.Item
	for _, c := range claims {
		items = append(items, c.Item)
	}
	intent, err := r.store.Turn(r.ctx, scope, worker, nil, items)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, g := range intent.Go {
		handed = append(handed, g.Item)
	}
	return worker, handed
}

func (r *newsroom) record(scope delivery.Scope, worker int64, items []delivery.Item, outcome delivery.Outcome) {
	r.t.Helper()
	var results []delivery.Result
	for _, i := range items {
		results = append(results, delivery.Result{Item: i, Outcome: outcome, Relay: "relay"})
	}
	if _, err := r.store.Turn(r.ctx, scope, worker, results, nil); err != nil {
		r.t.Fatal(err)
	}
}

// press renders a digest as the titles in it.
type press struct{}

func (press) Bundle() string { return "bundle" }

func (press) Edition(s digest.Snapshot, hash string, k edition.Key) (edition.Edition, error) {
	slots := edition.SlotsFor(hash)
	text := s.Subject + "\n" + s.Intro + "\n"
	for _, section := range s.For(k.Topics).Sections {
		for _, item := range section.Stories {
			text += "* " + item.Title + "\n"
		}
	}
	return edition.Edition{Subject: s.Subject, HTML: "<html><head></head><body><pre>" + text +
		"<a href=\"" + slots.Leave + "\">leave</a><a href=\"" + slots.Preferences + "\">choose</a></pre></body></html>", Text: text + slots.Leave + slots.Preferences, Slots: slots}, nil
}

// bell notes who was woken.
type bell struct {
	mu   sync.Mutex
	rung []string
}

func (b *bell) ring(what string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rung = append(b.rung, what)
}

func (b *bell) WakeOutbox(context.Context)             { b.ring("outbox") }
func (b *bell) WakeDigest(_ context.Context, id int64) { b.ring(fmt.Sprint("digest ", id)) }
func (b *bell) WakeSource(_ context.Context, id int64) { b.ring(fmt.Sprint("source ", id)) }
func (b *bell) woke(t *testing.T, what ...string) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if diff := cmp.Diff(what, b.rung); diff != "" {
		t.Errorf("woken (-want +got):\n%s", diff)
	}
}

// ruin is a store that knows who is signed in and nothing else: its database is gone.
type ruin struct {
	ConsoleStore
	doors Sessions
}

func (r ruin) Session(ctx context.Context, t editor.Ticket) (editor.Session, error) {
	return r.doors.Session(ctx, t)
}

func inRuins(t *testing.T) func(*Config) {
	t.Helper()
	gone := storetest.Open(t, storetest.SQLiteURL(t), storetest.NewClock())
	if err := gone.Close(); err != nil {
		t.Fatal(err)
	}
	return func(c *Config) { c.Console.Store = ruin{gone, c.Console.Store} }
}

// The pages and actions of the console that need somebody signed in.
var (
	consolePages = []string{
		"/console", "/console/sources", "/console/stories", "/console/spotlights", "/console/spotlights/1", "/console/digests",
		"/console/digests/1", "/console/digests/1/preview.html", "/console/digests/1/preview.txt", "/console/digests/1/progress",
		"/console/digests/1/live", "/console/subscribers", "/console/queues",
	}
	consoleActions = map[string]url.Values{
		"/console/sign-out":   nil,
		"/console/brake/pull": nil, "/console/brake/release": nil,
		"/console/sources":          {"url": {"https://feeds.test/a"}, "topic": {"tips-tools"}},
		"/console/sources/1/remove": nil, "/console/sources/1/pause": nil, "/console/sources/1/resume": nil, "/console/sources/1/look": nil,
		"/console/stories":        {"link": {"https://stories.test/a"}, "title": {"A"}, "topic": {"tips-tools"}},
		"/console/stories/1/hide": nil, "/console/stories/1/show": nil, "/console/stories/1/topic": {"topic": {"tips-tools"}},
		"/console/spotlights":        {"pillar": {"bold-business-wins"}, "name": {"Ayo"}, "headline": {"Bread"}},
		"/console/spotlights/1":      {"pillar": {"bold-business-wins"}, "name": {"Ayo"}, "headline": {"Bread"}},
		"/console/spotlights/1/hide": nil, "/console/spotlights/1/show": nil,
		"/console/digests":                     nil,
		"/console/digests/1/texts":             {"version": {"1"}, "subject": {"A"}},
		"/console/digests/1/stories/1/include": nil, "/console/digests/1/stories/1/exclude": nil,
		"/console/digests/1/stories/1/up": nil, "/console/digests/1/stories/1/down": nil,
		"/console/digests/1/spotlights/1/include": nil, "/console/digests/1/spotlights/1/exclude": nil,
		"/console/digests/1/test": nil, "/console/digests/1/approve": nil,
		"/console/digests/1/schedule": {"at": {"2026-11-24T10:00"}}, "/console/digests/1/send": nil,
		"/console/digests/1/pause": nil, "/console/digests/1/resume": nil, "/console/digests/1/cancel": nil,
		"/console/digests/1/doubts": {"doubts": {"leave"}}, "/console/digests/1/resend": nil, "/console/digests/1/accept": nil, "/console/digests/1/correct": {"to": {"missed"}},
	}
)

func TestEveryRouteOfTheConsoleIsTried(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, page := range consolePages {
		known["GET "+pattern(page)] = true
	}
	for action := range consoleActions {
		known["POST "+pattern(action)] = true
	}
	for _, route := range newRoom(t).echo.Routes() {
		open := strings.Contains(route.Path, "/sign-in") || !strings.HasPrefix(route.Path, "/console")
		if name := route.Method + " " + pattern(route.Path); !open && slices.Contains([]string{"GET", "POST"}, route.Method) && !known[name] {
			t.Errorf("%s is not among the routes that the tests go through", name)
		}
	}
}

// pattern puts one word for every number or parameter of a path.
func pattern(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if p == "1" || strings.HasPrefix(p, ":") {
			parts[i] = "*"
		}
	}
	return strings.Join(parts, "/")
}

func TestNobodySeesTheConsoleWithoutSigningIn(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	for _, ticket := range []editor.Ticket{"", "a ticket that we never gave out"} {
		r.ticket = ticket
		for _, page := range consolePages {
			r.get(page).goesTo("/console/sign-in")
		}
		for action, form := range consoleActions {
			r.post(action, form).is(http.StatusUnauthorized).shows("h1", "Please sign in")
		}
	}
	if all, err := r.store.Sources(r.ctx); err != nil || len(all) != 0 {
		t.Errorf("a stranger added a source: %v, %v", all, err)
	}
}

func TestABrokenStoreShowsARequestIdAndNothingElse(t *testing.T) {
	t.Parallel()
	r := newRoom(t, inRuins(t))
	check := func(path string, a answer) {
		a.is(http.StatusInternalServerError)
		if strings.HasSuffix(path, "preview.html") || strings.HasSuffix(path, "preview.txt") {
			return
		}
		if a.shows("h1", "Something broke on our side").find("code").Length() != 1 || strings.Contains(a.Body, "database") {
			t.Errorf("%s: the page says too much or too little:\n%s", path, a.Body)
		}
	}
	for _, page := range consolePages {
		if page == "/console/queues" { // which asks no store
			continue
		}
		check(page, r.get(page))
	}
	for action, form := range consoleActions {
		check(action, r.post(action, form))
	}
}

func TestWhatIsNotThereIsNotFound(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	for _, page := range []string{
		"/console/nothing", "/console/spotlights/9", "/console/spotlights/x", "/console/digests/9", "/console/digests/x", "/console/digests/0",
		"/console/digests/9/preview.html", "/console/digests/9/preview.txt", "/console/digests/9/progress", "/console/digests/x/progress", "/console/digests/9/live", "/console/digests/x/live", "/console/digests/x/preview.txt",
	} {
		r.get(page).is(http.StatusNotFound)
	}
	for _, action := range []string{
		"/console/sources/9/remove", "/console/sources/x/look", "/console/stories/9/hide", "/console/stories/x/hide",
		"/console/spotlights/9/hide", "/console/spotlights/x/hide", "/console/spotlights/x", "/console/digests/9/approve", "/console/digests/x/approve",
		"/console/digests/1/stories/x/up", "/console/digests/1/stories/x/include", "/console/digests/1/spotlights/x/include", "/console/digests/9/send", "/console/digests/9/test",
	} {
		r.post(action, nil).is(http.StatusNotFound)
	}
}

func TestAFormFromAnotherSiteDoesNothing(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	q := posting("/console/sources", url.Values{"url": {"https://feeds.test/a"}, "topic": {"tips-tools"}})
	q.Header.Set("Sec-Fetch-Site", "cross-site")
	r.ask(q).is(http.StatusForbidden)
}

func TestADamagedFormIsRefused(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	for action, form := range consoleActions {
		if form == nil && action != "/console/digests" && action != "/console/digests/1/approve" {
			continue
		}
		q := posting(action, nil)
		q.Body = http.NoBody
		q.Header.Set("Content-Type", "multipart/form-data") // without a boundary
		if got := r.ask(q).Status; got != http.StatusUnprocessableEntity && got != http.StatusNotFound {
			t.Errorf("%s: status %d", action, got)
		}
	}
}

func TestAnErrorTakesTheWholePageWhenHTMXAsked(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.htmx = true
	a := r.get("/console/digests/9").is(http.StatusNotFound)
	if a.Header.Get("HX-Retarget") != "body" || a.Header.Get("HX-Reselect") != "unset" {
		t.Errorf("htmx would put the error into a part of the page: %v", a.Header)
	}
	r.ticket = ""
	if got := r.get("/console/digests/9").is(http.StatusUnauthorized).Header.Get("HX-Redirect"); got != "/console/sign-in" {
		t.Errorf("htmx is sent to %q", got)
	}
}

func TestPagesOfTheConsoleHaveOneHeadingOfTheFirstRankAndNoScriptInThem(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.draft()
	r.praise("A spotlight", spotlight.BoldWin)
	if _, err := r.store.AddSource(r.ctx, "https://feeds.test/a", 1); err != nil {
		t.Fatal(err)
	}
	for _, page := range consolePages {
		if strings.Contains(page, "preview") || strings.Contains(page, "progress") || strings.Contains(page, "live") {
			continue
		}
		a := r.get(page).is(http.StatusOK)
		if n := a.find("h1").Length(); n != 1 {
			t.Errorf("%s has %d h1", page, n)
		}
		if n := a.find("script:not([src]), style, [style], [onclick]").Length(); n != 0 {
			t.Errorf("%s carries script or style of its own", page)
		}
		a.find("input:not([type=hidden]), select, textarea").Each(func(_ int, field *goquery.Selection) {
			id, _ := field.Attr("id")
			if field.Closest("label").Length() == 0 && a.find("label[for='"+id+"']").Length() != 1 {
				t.Errorf("%s: the field %q has no label", page, id)
			}
		})
		if n := a.find("nav[aria-label=Console] [aria-current=page]").Length(); n != 1 {
			t.Errorf("%s: %d of the tabs say that they are open", page, n)
		}
	}
}

func mustSource(t *testing.T, r *newsroom, address string) source.Source {
	t.Helper()
	s, err := r.store.AddSource(r.ctx, address, 1)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func imported(t *testing.T, r *newsroom, profiles ...subscriber.Profile) {
	t.Helper()
	if _, err := r.store.ImportSubscribers(r.ctx, profiles, subscriber.Evidence{Page: "import", Wording: "vouched for"}); err != nil {
		t.Fatal(err)
	}
}
