package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/spotlight"
)

// lineUp are the headlines of the included stories and spotlights, in order.
func lineUp(a answer) []string {
	a.t.Helper()
	return a.find("#line-up section > .places .headline, #line-up .stack-s > .places .headline").Map(func(_ int, s *goquery.Selection) string { return s.Text() })
}

// version is the edit that a form for a digest carries.
func version(n int) url.Values { return url.Values{"version": {fmt.Sprint(n)}} }

func TestStoriesAreMovedLeftOutAndTakenIn(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	d := r.draft()
	page := listed{Digest: d}.Path()
	for i, test := range []struct {
		verb string
		want []string
	}{
		{"1/down", []string{"Vans", "Bread"}},
		{"1/up", []string{"Bread", "Vans"}},
		{"1/exclude", []string{"Vans"}},
		{"1/include", []string{"Bread", "Vans"}},
	} {
		got := r.leadsTo(r.post(page+"/stories/"+test.verb, version(i+1)), page)
		if diff := cmp.Diff(test.want, lineUp(got)); diff != "" {
			t.Errorf("after %s (-want +got):\n%s", test.verb, diff)
		}
	}
	if got := r.post(page+"/stories/1/down", version(5)).Header.Get("Location"); got != page+"?did=story-down#story-1" {
		t.Errorf("without a script the browser goes to %q", got)
	}
}

func TestTheFirstStoryCannotGoUpNorTheLastDown(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	a := r.get(listed{Digest: r.draft()}.Path())
	for id, disabled := range map[string]bool{"#up-1": true, "#down-1": false, "#up-2": false, "#down-2": true} {
		if _, got := a.find(id).Attr("disabled"); got != disabled {
			t.Errorf("%s disabled: %v, want %v", id, got, disabled)
		}
	}
	a.shows("#up-2", "Move up: Vans").shows("#put-1", "Out: Bread")
}

func TestADigestCarriesOneSpotlightOfAPillar(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.praise("Pans", spotlight.Storytelling)
	r.clock.Advance(1)
	r.praise("Letters", spotlight.Storytelling)
	d := r.draft()
	page := listed{Digest: d}.Path()
	if diff := cmp.Diff([]string{"Bread", "Vans", "Pans"}, lineUp(r.get(page).shows(".offered", "Letters"))); diff != "" {
		t.Fatal(diff)
	}
	other := r.leadsTo(r.post(page+"/spotlights/2/include", version(1)), page).shows(".offered", "Pans")
	if diff := cmp.Diff([]string{"Bread", "Vans", "Letters"}, lineUp(other)); diff != "" {
		t.Error(diff)
	}
	none := r.leadsTo(r.post(page+"/spotlights/2/exclude", version(2)), page)
	if diff := cmp.Diff([]string{"Bread", "Vans"}, lineUp(none)); diff != "" {
		t.Error(diff)
	}
}

func TestAHiddenStoryIsNotOffered(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	d := r.draft()
	if err := r.store.HideStory(r.ctx, 1, true); err != nil {
		t.Fatal(err)
	}
	page := listed{Digest: d}.Path()
	if n := r.get(page).shows("#story-1", "hidden from the pool").find("#put-1").Length(); n != 0 {
		t.Error("there is a button to take a hidden story in")
	}
	r.post(page+"/stories/1/include", version(1)).is(http.StatusConflict).shows("#told", "hidden")
}

func TestTheWordsOfADigestAreSaved(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	d := r.draft()
	page := listed{Digest: d}.Path()
	form := version(1)
	form.Set("subject", " Bread, and vans ")
	form.Set("preheader", "And more")
	form.Set("intro", "Dear all,\r\n\r\nhello.")
	saved := r.leadsTo(r.post(page+"/texts", form), page).shows("#told", "Saved").shows("#intro", "Dear all,\n\nhello.").shows("#subject-count", "15 of 150")
	if got, _ := saved.find("#texts-version").Attr("value"); got != "2" {
		t.Errorf("the form carries version %q", got)
	}
	got := r.digest(d.ID)
	want := digest.Texts{Subject: "Bread, and vans", Preheader: "And more", Intro: "Dear all,\n\nhello."}
	if diff := cmp.Diff(want, digest.Texts{Subject: got.Subject, Preheader: got.Preheader, Intro: got.Intro}); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWordsThatAreTooLongAreKeptAndMarked(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	d := r.draft()
	long := strings.Repeat("é", digest.MaxSubject+1)
	a := r.post(listed{Digest: d}.Path()+"/texts", url.Values{"version": {"1"}, "subject": {long}, "intro": {"Typed."}}).is(http.StatusUnprocessableEntity)
	a.shows("#subject-error", "longer than 150").shows("#intro", "Typed.").shows("#subject-count", "151 of 150")
	if got, _ := a.find("#subject").Attr("aria-invalid"); got != "true" || a.find(".bench .notice.warn").Length() != 0 {
		t.Error("the field is not marked, or somebody else is blamed")
	}
}

func TestAChangeToAnOldVersionKeepsWhatWasTypedAndShowsWhatWasSaved(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	d := r.draft()
	page := listed{Digest: d}.Path()
	if err := r.store.ReviseDigest(r.ctx, d.ID, d.Version, digest.Texts{Subject: "Theirs"}); err != nil {
		t.Fatal(err)
	}
	a := r.post(page+"/texts", url.Values{"version": {"1"}, "subject": {"Mine"}}).is(http.StatusConflict)
	a.shows("#told", "Somebody else changed this digest").shows(".bench .notice.warn", "Saved meanwhile: “Theirs”")
	if got, _ := a.find("#subject").Attr("value"); got != "Mine" {
		t.Errorf("what was typed became %q", got)
	}
	if got, _ := a.find("#texts-version").Attr("value"); got != "2" {
		t.Errorf("saving again would fail again: version %q", got)
	}
}

func TestEveryActionRefusesAnOldVersion(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.praise("Pans", spotlight.Storytelling)
	d := r.draft()
	page := listed{Digest: d}.Path()
	for _, action := range []string{
		"/stories/1/exclude", "/stories/1/include", "/stories/1/up", "/stories/1/down", "/spotlights/1/exclude", "/spotlights/1/include",
		"/approve", "/schedule",
	} {
		refusesOldVersions(r, page+action)
	}
	if diff := cmp.Diff(d, r.digest(d.ID)); diff != "" {
		t.Errorf("the digest changed:\n%s", diff)
	}
	r.leadsTo(r.post(page+"/approve", version(1)), page)
	refusesOldVersions(r, page+"/send")
	if state := r.digest(d.ID).State; state != digest.Approved {
		t.Errorf("the digest is %s", state)
	}
}

func refusesOldVersions(r *newsroom, action string) {
	r.t.Helper()
	for _, old := range []string{"0", "-1", "", "x", "7"} {
		form := url.Values{"version": {old}, "at": {"2026-11-24T10:00"}}
		r.post(action, form).is(http.StatusConflict).shows("#told", "Somebody else changed this digest")
	}
}

func TestTheLineUpIsChangedInPlaceByHTMX(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	a := r.get(listed{Digest: r.draft()}.Path())
	form := a.find("#line-up")
	for _, id := range strings.Split(form.AttrOr("hx-select-oob", ""), ",") {
		id, _, _ = strings.Cut(id, ":")
		if a.find(id).Length() != 1 {
			t.Errorf("%s is to be put in place and is not there", id)
		}
	}
	if a.find(form.AttrOr("hx-target", "?")).Length() != 1 || form.AttrOr("hx-push-url", "") != "false" {
		t.Error("the line-up does not replace itself")
	}
	config := a.find("meta[name=htmx-config]").AttrOr("content", "")
	for _, setting := range []string{`"includeIndicatorStyles":false`, `"allowEval":false`, `"historyCacheSize":0`} {
		if !strings.Contains(config, setting) {
			t.Errorf("htmx is not told %s", setting)
		}
	}
}
