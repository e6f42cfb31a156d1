package web

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/subscriber"
	"github.com/collabpulse/weekly/internal/topic"
)

// crowd imports readers in several states.
func crowd(t *testing.T, r *newsroom) {
	t.Helper()
	all := topic.Of(1, 2, 3, 4)
	imported(t, r,
		subscriber.Profile{Address: parse(t, "mara@readers.test"), Topics: all, Language: "en", State: subscriber.Active},
		subscriber.Profile{Address: parse(t, "marek@readers.test"), Topics: topic.Of(2, 4), Language: "en", Timezone: "Europe/Prague", State: subscriber.Active},
		subscriber.Profile{Address: parse(t, "ines@readers.test"), Topics: all, Language: "en", State: subscriber.Unsubscribed},
	)
}

func addresses(a answer) []string {
	a.t.Helper()
	return a.find(".readers th[scope=row]").Map(func(_ int, s *goquery.Selection) string { return s.Text() })
}

func TestSubscribersAreSearchedByAddressOrItsBeginning(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	crowd(t, r)
	for query, want := range map[string][]string{
		"":                       {"ines@readers.test", "marek@readers.test", "mara@readers.test"},
		"?q=mar":                 {"marek@readers.test", "mara@readers.test"},
		"?q=MARA@readers.test":   {"mara@readers.test"},
		"?state=unsubscribed":    {"ines@readers.test"},
		"?state=active&q=ines":   {},
		"?state=nonsense&q=mara": {"mara@readers.test"},
		"?q=%25%25":              {},
	} {
		if diff := cmp.Diff(want, addresses(r.get("/console/subscribers"+query).is(http.StatusOK))); diff != "" {
			t.Errorf("%q (-want +got):\n%s", query, diff)
		}
	}
	r.get("/console/subscribers?q=nobody").shows(".notice", "Nobody fits")
}

func TestSubscribersShowTheirChoicesAndAreCounted(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.get("/console/subscribers").shows(".notice", "Nobody has subscribed yet")
	crowd(t, r)
	a := r.get("/console/subscribers?q=marek").shows(".readers", "Tips & Tools for Influencers, Philanthropy & Social Good").shows(".readers", "Europe/Prague")
	a.shows(".page", "3 people in all; 2 of them get digests")
	r.get("/console/subscribers?q=mara").shows(".readers td", "all").shows(".readers", "the digest’s own")
	r.get("/console/subscribers?state=active").shows(".counts [aria-current=true]", "active")
}

func TestAnErasedReaderHasNoAddressLeft(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	crowd(t, r)
	if err := r.store.EraseSubscriber(r.ctx, parse(t, "mara@readers.test")); err != nil {
		t.Fatal(err)
	}
	r.get("/console/subscribers?state=erased").shows(".readers", "no address left")
}

func TestSubscribersArePaged(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	var many []subscriber.Profile
	for i := range pageLength + 1 {
		many = append(many, subscriber.Profile{Address: parse(t, fmt.Sprintf("reader%02d@readers.test", i)), Topics: topic.Of(1), Language: "en", State: subscriber.Active})
	}
	imported(t, r, many...)
	first := r.get("/console/subscribers?q=reader&state=active")
	further, _ := first.find("nav[aria-label=Pages] a").Attr("href")
	if n := len(addresses(first)); n != pageLength || !strings.Contains(further, "state=active") || !strings.Contains(further, "q=reader") {
		t.Fatalf("%d readers, next page %q", n, further)
	}
	if diff := cmp.Diff([]string{"reader00@readers.test"}, addresses(r.get(further))); diff != "" {
		t.Error(diff)
	}
}

func TestAddressesStayOutOfTheLog(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	crowd(t, r)
	r.get("/console/subscribers?q=mara@readers.test").is(http.StatusOK)
	if log := r.log.String(); strings.Contains(log, "readers.test") || strings.Contains(log, string(r.ticket)) {
		t.Errorf("the log knows too much:\n%s", log)
	}
}
