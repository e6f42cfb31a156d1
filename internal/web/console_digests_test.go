package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/digest"
)

func TestADigestIsComposedNow(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.get("/console/digests").is(http.StatusOK).shows(".notice", "There is no digest yet").shows(".page", "in 1 day")
	r.write("Bread", 1, 1)
	page := r.leadsTo(r.post("/console/digests", nil), "/console/digests/1").shows("#told", "Composed").shows(".places", "Bread")
	page.shows("h1", "Digest of 23 November 2026").shows(".state", "draft")
	r.bell.woke(t, "outbox")
	r.get("/console/digests").shows(".sent-digest", "Bread").shows(".sent-digest", "No time set")
}

func TestNothingNewIsSkippedWithTheReason(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	page := r.leadsTo(r.post("/console/digests", nil), "/console/digests/1")
	page.shows(".standing", "It was skipped").shows(".standing", digest.NothingNew)
	if page.find("#told").Text() != "" || page.find("form[action*='/digests/']").Length() != 0 {
		t.Error("a skipped digest can be acted on")
	}
	r.get("/console/digests").shows(".sent-digest", digest.NothingNew)
}

func TestADigestMayLookFurtherBack(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.write("Old bread", 1, 24*40)
	page := r.leadsTo(r.post("/console/digests", url.Values{"since": {"2026-10-01"}}), "/console/digests/1")
	page.shows(".places", "Old bread")
	if from := r.digest(1).Window.From; !from.Equal(time.Date(2026, 9, 30, 22, 0, 0, 0, time.UTC)) { // midnight in Berlin, summer time
		t.Errorf("it looks back to %s", from)
	}
	for since, says := range map[string]string{"last week": "A date looks like", "2026-12-01": "still to come"} {
		a := r.post("/console/digests", url.Values{"since": {since}}).is(http.StatusUnprocessableEntity).shows("#since-error", says)
		if got, _ := a.find("#since").Attr("value"); got != since {
			t.Errorf("the field holds %q", got)
		}
	}
}

func TestTheListShowsWhatBecameOfEachDigest(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	d := r.launched(3)
	r.deliver(d.ID, 1)
	if _, err := r.store.FinishDigest(r.ctx, d.ID); err != nil {
		t.Fatal(err)
	}
	for _, page := range []string{"/console/digests", "/console"} {
		row := r.get(page).shows(".sent-digest .state", "sent").shows(".legend", "2 sent").shows(".legend", "1 failed")
		if label, _ := row.find("svg.beats").Attr("aria-label"); label != "3 readers planned: 2 sent, 1 failed" {
			t.Errorf("%s: the drawing is called %q", page, label)
		}
	}
	r.get("/console/digests").shows("form.aside", "Mon 23 Nov 2026, 09:00")
}

func TestFiguresOfADigestThatIsLongOverAreCountedOnce(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	d := r.launched(1)
	r.deliver(d.ID, 0)
	if _, err := r.store.FinishDigest(r.ctx, d.ID); err != nil {
		t.Fatal(err)
	}
	r.clock.Advance(settledFor + time.Minute)
	r.get("/console/digests").shows(".legend", "1 sent")
	if err := r.store.EraseSubscriber(r.ctx, parse(t, "reader0@readers.test")); err != nil {
		t.Fatal(err)
	}
	r.get("/console/digests").shows(".legend", "1 sent")
}

func TestFiguresOfACancelledDigestAreCountedOnceNothingIsOpen(t *testing.T) {
	t.Parallel()
	counts := &counting{}
	r := newRoom(t, func(c *Config) {
		counts.ConsoleStore = c.Console.Store
		c.Console.Store = counts
	})
	d := r.launched(2)
	scope := delivery.Scope{Digest: d.ID}
	worker, items := r.hand(scope)
	if err := r.store.CancelDigest(r.ctx, d.ID, "Wrong."); err != nil {
		t.Fatal(err)
	}
	look := func(want string) int {
		before := counts.tallies
		r.get(listed{Digest: d}.Path()).shows(".legend", want)
		return counts.tallies - before
	}
	if look("2"); look("2") == 0 {
		t.Error("the figures are kept while two messages are on the wire")
	}
	r.record(scope, worker, items, delivery.Outcome{Code: 250})
	if look("2 sent"); look("2 sent") != 0 {
		t.Error("the figures are counted again although nothing can change")
	}
}

// counting is a store that counts how often it has to count.
type counting struct {
	ConsoleStore
	tallies int
}

func (c *counting) Tally(ctx context.Context, id int64) (delivery.Tally, error) {
	c.tallies++
	return c.ConsoleStore.Tally(ctx, id)
}

func TestTheOverviewSaysWhatComesNextAndWhatItNeeds(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	empty := r.get("/console").is(http.StatusOK).shows("h1", "Tuesday, 24 November, 09:00").shows(".lede", "in 1 day")
	for _, words := range []string{"No source gives stories yet.", "Nobody has confirmed a subscription yet."} {
		empty.shows(".needs", words)
	}
	empty.shows(".current", "No digest in the making")
	crowd(t, r)
	mustSource(t, r, "https://feeds.test/a")
	r.get("/console").shows("section[aria-labelledby=needs]", "Nothing.").shows(".counts", "2 active")
	r.draft()
	busy := r.get("/console").shows(".needs", "A draft waits for your approval.").shows(".current .state", "draft")
	if link, _ := busy.find(".needs a").Attr("href"); link != "/console/digests/1" {
		t.Errorf("the need leads to %q", link)
	}
}

func TestWithoutAScheduleTheOverviewSaysSo(t *testing.T) {
	t.Parallel()
	r := newRoom(t, func(c *Config) { c.Schedule = digest.Schedule{} })
	r.get("/console").is(http.StatusOK).shows("h1", "No schedule")
	d := r.draft()
	page := r.get(listed{Digest: d}.Path()).is(http.StatusOK)
	if at, _ := page.find("#at").Attr("value"); at != "" {
		t.Errorf("the time starts as %q", at)
	}
}

func TestWhatADigestNeedsDependsOnWhereItStands(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	soon := now.Add(25 * time.Hour)
	for _, test := range []struct {
		digest.Digest
		want string
	}{
		{digest.Digest{State: digest.Draft, SendAt: soon}, "Its slot is in 1 day and 1 hour."},
		{digest.Digest{State: digest.Draft}, "waits for your approval."},
		{digest.Digest{State: digest.Approved}, "has no time to go out"},
		{digest.Digest{State: digest.Held}, "waits for your decision"},
		{digest.Digest{State: digest.Paused}, "paused half way"},
		{digest.Digest{State: digest.Approved, SendAt: soon}, ""},
		{digest.Digest{State: digest.Sending}, ""},
	} {
		text, verb := listed{Digest: test.Digest}.Need(now)
		if !strings.Contains(text, test.want) || (text == "") != (test.want == "") || (verb == "") != (text == "") {
			t.Errorf("%s: %q, %q; want %q", test.State, text, verb, test.want)
		}
	}
}

func TestEveryStateIsPutIntoWords(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		digest.Digest
		want, tone string
		steps      int
	}{
		{digest.Digest{State: digest.Draft}, "Then choose a time or send it.", "act", 4},
		{digest.Digest{State: digest.Draft, SendAt: now.Add(25 * time.Hour)}, "in 1 day and 1 hour, Tuesday, 24 November at 09:00 (UTC)", "act", 4},
		{digest.Digest{State: digest.Approved}, "Changing anything takes the approval back.", "act", 4},
		{digest.Digest{State: digest.Approved, SendAt: now.Add(time.Hour)}, "Planned for Monday, 23 November at 09:00 (UTC).", "good", 4},
		{digest.Digest{State: digest.Sending}, "You need do nothing.", "calm", 4},
		{digest.Digest{State: digest.Paused, Reason: "Paused by Ines."}, "Paused by Ines. Resume it", "act", 4},
		{digest.Digest{State: digest.Held, Reason: "Too late."}, "Too late. Approve it", "act", 4},
		{digest.Digest{State: digest.Held, Reason: "Too late.", Hash: "x"}, "Too late. Send it now", "act", 4},
		{digest.Digest{State: digest.Sent}, "accounted for", "good", 4},
		{digest.Digest{State: digest.Skipped, Reason: "Nothing new."}, "Nothing new. Compose one", "calm", 0},
		{digest.Digest{State: digest.Cancelled, Reason: "Cancelled by Ines."}, "Cancelled by Ines.", "calm", 0},
	} {
		s := listed{Digest: test.Digest, now: now, zone: time.UTC}.Standing()
		if !strings.Contains(s.Advice, test.want) || s.Tone != test.tone || len(s.Steps) != test.steps || s.Headline == "" {
			t.Errorf("%s: %+v, want %q", test.State, s, test.want)
		}
	}
}

func TestASecondClickOnComposeLeadsToTheSameDraft(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.write("Bread", 1, 1)
	typed := func() url.Values {
		name, _ := r.get("/console/digests").find("input[name=form]").Attr("value")
		return url.Values{"form": {name}}
	}
	first := typed()
	r.leadsTo(r.post("/console/digests", first), "/console/digests/1")
	r.leadsTo(r.post("/console/digests", first), "/console/digests/1")
	r.leadsTo(r.post("/console/digests", typed()), "/console/digests/2")
}
