package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/collabpulse/weekly/internal/source"
)

func TestANewSourceIsLookedAtAtOnce(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	added := r.post("/console/sources", url.Values{"url": {" https://feeds.test/a.xml "}, "topic": {"tips-tools"}})
	page := r.leadsTo(added, "/console/sources").shows("#told", "Added")
	page.shows(".item h3", "feeds.test").shows(".item", "Tips & Tools").shows(".item .state", "new").shows(".item", "Not looked at yet")
	r.bell.woke(t, "source 1")
}

func TestABadSourceKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	mustSource(t, r, "https://feeds.test/known")
	for _, test := range []struct {
		url, topic, field, says string
		status                  int
	}{
		{"ftp://feeds.test", "tips-tools", "url", "starts with http", http.StatusUnprocessableEntity},
		{"", "tips-tools", "url", "enter the feed's address", http.StatusUnprocessableEntity},
		{"https://feeds.test/b", "gossip", "topic", "There is no topic", http.StatusUnprocessableEntity},
		{"https://feeds.test/known", "tips-tools", "url", "already", http.StatusConflict},
	} {
		a := r.post("/console/sources", url.Values{"url": {test.url}, "topic": {test.topic}}).is(test.status)
		a.shows("#"+test.field+"-error", test.says)
		if got, _ := a.find("#url").Attr("value"); got != test.url {
			t.Errorf("the address became %q, want %q", got, test.url)
		}
	}
	if all, err := r.store.Sources(r.ctx); err != nil || len(all) != 1 {
		t.Errorf("%d sources, %v", len(all), err)
	}
}

func TestASourceThatFailsSaysSinceWhenAndWhy(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	s := mustSource(t, r, "https://feeds.test/a")
	now := r.clock.Now()
	for _, v := range []source.Visit{
		{At: now, Title: "The Market Garden", Next: now.Add(time.Hour)},
		{At: now.Add(time.Hour), Error: "The server answered 503.", Next: now.Add(12 * time.Hour)},
	} {
		if _, err := r.store.RecordVisit(r.ctx, s.ID, v, nil, nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	r.clock.Advance(3 * time.Hour)
	item := r.get("/console/sources").shows(".item h3", "The Market Garden").shows(".item .state", "failing")
	for _, words := range []string{"1 failure in a row", "The server answered 503.", "Looked at 2 hours ago; it last worked 3 hours ago.", "The next look comes in 9 hours."} {
		item.shows(".item", words)
	}
	r.get("/console").shows("section[aria-labelledby=trouble]", "The server answered 503.").shows(".needs", "1 source does not answer.")
}

func TestASourceIsPausedResumedLookedAtAndRemoved(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	mustSource(t, r, "https://feeds.test/a")
	act := func(verb string) answer {
		return r.leadsTo(r.post("/console/sources/1/"+verb, nil), "/console/sources")
	}
	act("pause").shows("#told", "Paused").shows(".item .state", "paused").shows(".item", "Resume")
	act("resume").shows("#told", "Resumed").shows(".item .state", "new")
	act("look").shows("#told", "being looked at")
	r.bell.woke(t, "source 1", "source 1")
	confirm := r.get("/console/sources").find("details form[action='/console/sources/1/remove']")
	if confirm.Length() != 1 || !strings.Contains(confirm.Text(), "Its stories stay") {
		t.Error("removing does not say first what it does")
	}
	act("remove").shows("#told", "Removed").shows(".notice", "There is no source yet")
}
