package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/story"
)

// titles are the headlines of a list, from the top.
func titles(a answer) []string {
	a.t.Helper()
	return a.find(".item h3 a").Map(func(_ int, s *goquery.Selection) string { return s.Text() })
}

func TestThePoolIsSearchedAndNarrowed(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.write("Bread and vans", 1, 3)
	r.write("Vans alone", 2, 2)
	r.write("Toasters", 2, 1)
	for query, want := range map[string][]string{
		"":                      {"Toasters", "Vans alone", "Bread and vans"},
		"?q=vans":               {"Vans alone", "Bread and vans"},
		"?q=VANS&in=tips-tools": {"Vans alone"},
		"?in=tips-tools":        {"Toasters", "Vans alone"},
		"?in=gossip":            {"Toasters", "Vans alone", "Bread and vans"},
		"?before=3":             {"Vans alone", "Bread and vans"},
		"?before=x":             {"Toasters", "Vans alone", "Bread and vans"},
		"?q=%25%25":             {},
	} {
		if diff := cmp.Diff(want, titles(r.get("/console/stories"+query).is(http.StatusOK))); diff != "" {
			t.Errorf("%q (-want +got):\n%s", query, diff)
		}
	}
	r.get("/console/stories?q=nothing").shows(".notice", "No story fits")
}

func TestThePoolIsPaged(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	for i := range pageLength + 2 {
		r.write(fmt.Sprintf("Story %02d", i), 1, 1)
	}
	first := r.get("/console/stories?q=story")
	older, _ := first.find("nav[aria-label=Pages] a").Attr("href")
	if n := len(titles(first)); n != pageLength || older == "" {
		t.Fatalf("%d stories, next page %q", n, older)
	}
	second := r.get(older)
	if diff := cmp.Diff([]string{"Story 01", "Story 00"}, titles(second)); diff != "" {
		t.Error(diff)
	}
	if back, _ := second.find("nav[aria-label=Pages] a").Attr("href"); back != "/console/stories?q=story" {
		t.Errorf("the way back leads to %q", back)
	}
}

func TestAStoryIsAddedByHand(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	form := url.Values{
		"link": {"https://Stories.test/a?utm_source=x"}, "title": {"By hand"}, "summary": {"What it says.\r\nAnd more."},
		"topic": {"social-good"}, "author": {"Mara"}, "picture": {"https://stories.test/a.jpg"},
	}
	r.leadsTo(r.post("/console/stories", form), "/console/stories").shows("#told", "Added").shows(".item", "by hand")
	got, err := r.store.Stories(r.ctx, story.Pool{Limit: 1})
	if err != nil || len(got) != 1 {
		t.Fatal(got, err)
	}
	now := r.clock.Now()
	want := story.Story{ID: 1, Link: "https://stories.test/a", Title: "By hand", Summary: "What it says.\nAnd more.", Topic: 4, Author: "Mara",
		Picture: "https://stories.test/a.jpg", Published: now, Appeared: now, Gathered: now}
	if diff := cmp.Diff(want, got[0]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestABadStoryKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	good := url.Values{"link": {"https://stories.test/new"}, "title": {"A title"}, "summary": {"Typed with care."}, "topic": {"social-good"}}
	r.write("known", 1, 1)
	for _, test := range []struct {
		field, value string
		status       int
	}{
		{"link", "stories.test", http.StatusUnprocessableEntity},
		{"link", "https://stories.test/known", http.StatusConflict},
		{"title", "", http.StatusUnprocessableEntity},
		{"title", strings.Repeat("é", story.MaxTitle+1), http.StatusUnprocessableEntity},
		{"picture", "javascript:alert(1)", http.StatusUnprocessableEntity},
		{"topic", "gossip", http.StatusUnprocessableEntity},
	} {
		form := url.Values{test.field: {test.value}}
		for name, values := range good {
			if name != test.field {
				form[name] = values
			}
		}
		a := r.post("/console/stories", form).is(test.status)
		if a.find("#"+test.field+"-error").Length() != 1 {
			t.Errorf("%s %q: nothing beside the field", test.field, test.value)
		}
		a.shows("#summary", "Typed with care.")
	}
}

func TestAStoryIsHiddenShownAndMoved(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.write("Bread", 1, 1)
	r.write("Vans", 1, 1)
	list := url.Values{"q": {"bread"}, "in": {"success-stories"}, "before": {"0"}}
	back := r.post("/console/stories/1/hide", list)
	if got := back.Header.Get("Location"); got != "/console/stories?did=story-hidden&in=success-stories&q=bread" {
		t.Errorf("it leads back to %q", got)
	}
	r.leadsTo(back, "/console/stories").shows(".item .badge", "hidden").shows(".item button", "Show again")
	r.leadsTo(r.post("/console/stories/1/show", list), "/console/stories").shows(".item button", "Hide")
	moved := r.leadsTo(r.post("/console/stories/1/topic", url.Values{"topic": {"social-good"}}), "/console/stories")
	moved.shows("#story-1", "Philanthropy & Social Good")
	r.post("/console/stories/1/topic", url.Values{"topic": {"gossip"}}).is(http.StatusUnprocessableEntity)
}

func TestAStoryGoesFromThePoolIntoTheDraft(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.write("Old bread", 1, 24*30)
	if r.get("/console/stories").find("button:contains('Put into the draft')").Length() != 0 {
		t.Error("there is no draft to put it into")
	}
	d := r.draft()
	form := r.get("/console/stories").shows("#story-1", "Put into the draft").find("#story-1 form[action$='/include']")
	action, _ := form.Attr("action")
	version, _ := form.Find("[name=version]").Attr("value")
	r.leadsTo(r.post(action, url.Values{"version": {version}}), fmt.Sprintf("/console/digests/%d", d.ID)).shows(".places", "Old bread")
}
