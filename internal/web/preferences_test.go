package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/link"
	"github.com/collabpulse/weekly/internal/subscriber"
	"github.com/collabpulse/weekly/internal/topic"
)

// preferences is the path of an active reader's own page.
func (s *site) preferences(email string) string {
	s.t.Helper()
	s.active(email)
	r := s.reader(email)
	return "/preferences/" + s.Signer.Sign(link.Preferences, link.Claim{Subject: r.ID, Stamp: r.Moves, Expires: s.clock.Now().Add(link.PreferencesFor)})
}

// filled is the page's form as a browser would send it.
func (a answer) filled() url.Values {
	form := url.Values{}
	a.find("form.preferences input").Each(func(_ int, in *goquery.Selection) {
		name, _ := in.Attr("name")
		value, _ := in.Attr("value")
		_, checked := in.Attr("checked")
		if kind, _ := in.Attr("type"); checked || kind == "date" {
			form.Add(name, value)
		}
	})
	a.find("form.preferences select").Each(func(_ int, in *goquery.Selection) {
		name, _ := in.Attr("name")
		value, _ := in.Find("option[selected]").Attr("value")
		form.Add(name, value)
	})
	return form
}

func TestOpeningPreferencesChangesNothingAndNamesNobody(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	path := s.preferences("mara@example.com")
	before := s.reader("mara@example.com")
	page := s.get(path).is(http.StatusOK)
	if strings.Contains(page.Body, "mara") {
		t.Error("the page gives the address away")
	}
	if got := page.Header.Get("Cache-Control"); !strings.Contains(got, "no-store") {
		t.Errorf("it may be kept: %q", got)
	}
	s.post(path, page.filled()).goesTo(path + "?saved=1")
	if diff := cmp.Diff(before.Preferences(), s.reader("mara@example.com").Preferences()); diff != "" {
		t.Errorf("sending the form as it is changes something: %s", diff)
	}
}

func TestAReaderChangesEverything(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	path := s.preferences("noor@example.com")
	zone, err := time.LoadLocation("Asia/Kathmandu")
	if err != nil {
		t.Fatal(err)
	}
	in := s.clock.Now().In(zone).AddDate(0, 0, 29)
	until := time.Date(in.Year(), in.Month(), in.Day(), 0, 0, 0, 0, zone)
	form := url.Values{"topic[]": {"tips-tools", "social-good"}, "cadence": {"fortnightly"}, "break": {"until"}, "until": {until.Format(time.DateOnly)},
		"hour": {"7"}, "timezone": {"Asia/Kathmandu"}, "format": {"plain"}}
	s.post(path, form).goesTo(path + "?saved=1")
	want := subscriber.Preferences{Topics: topic.Of(2, 4), Cadence: subscriber.Fortnightly, Language: "en", Timezone: "Asia/Kathmandu", Hour: 7, Plain: true,
		Pause: subscriber.Pause{On: true, Until: until}}
	got := s.reader("noor@example.com").Preferences()
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })); diff != "" {
		t.Error(diff)
	}
	page := s.get(path+"?saved=1").is(http.StatusOK).shows(".notice", "Saved").shows(".lede", until.Format("Monday, 2 January 2006"))
	if diff := cmp.Diff(form, page.filled()); diff != "" {
		t.Errorf("the form shows something else: %s", diff)
	}
	form.Set("break", "none")
	s.post(path, form).goesTo(path + "?saved=1")
	if got := s.reader("noor@example.com").State; got != subscriber.Active {
		t.Errorf("after the break the reader is %s", got)
	}
}

func TestWhatCannotBeRightComesBackAsItWasSent(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	path := s.preferences("mara@example.com")
	before := s.reader("mara@example.com").Preferences()
	for name, spoil := range map[string]struct {
		field, value, says string
	}{
		"no topic":           {"topic[]", "", "at least one topic"},
		"a topic of nobody":  {"topic[]", "cooking", "no topic"},
		"a cadence":          {"cadence", "daily", "weekly"},
		"a break":            {"break", "for ever", "breaks"},
		"an endless break":   {"break", "endless", "breaks"},
		"no day":             {"until", "", "on which day"},
		"a day that is past": {"until", "2001-01-01", "to come"},
		"an hour":            {"hour", "24", "hour"},
		"a zone":             {"timezone", "Mars/Olympus", "time zone"},
	} {
		form := url.Values{"topic[]": {"tips-tools"}, "cadence": {"monthly"}, "break": {"until"}, "until": {s.clock.Now().AddDate(0, 1, 0).Format(time.DateOnly)}, "hour": {"7"}, "timezone": {"Europe/Rome"}}
		form.Set(spoil.field, spoil.value)
		if spoil.value == "" && spoil.field == "topic[]" {
			form.Del(spoil.field)
		}
		page := s.post(path, form).is(http.StatusUnprocessableEntity).shows("[role=alert]", spoil.says)
		if got := page.filled(); got.Get("cadence") != form.Get("cadence") && spoil.field != "cadence" {
			t.Errorf("%s: the form came back with %v", name, got)
		}
	}
	if diff := cmp.Diff(before, s.reader("mara@example.com").Preferences()); diff != "" {
		t.Errorf("something was kept: %s", diff)
	}
}

func TestALinkToPreferencesThatOpensNothingOffersAFreshOne(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	path := s.preferences("mara@example.com")
	s.get("/preferences/nonsense").is(http.StatusNotFound).shows("h1", "no longer works")
	for path, status := range map[string]int{"/preferences/" + s.confirmToken("mara@example.com"): http.StatusNotFound, "/preferences/x": http.StatusNotFound} {
		s.get(path).is(status)
		s.post(path, url.Values{}).is(status)
	}
	s.clock.Advance(link.PreferencesFor + time.Second)
	if page := s.get(path).is(http.StatusGone); page.find("form[action='/preferences'] input[type=email]").Length() != 1 {
		t.Error("nothing offers a fresh link")
	}
	s.post(path, url.Values{"topic[]": {"tips-tools"}}).is(http.StatusGone)
	wakes := s.waker.outbox
	asked := s.post("/preferences", url.Values{"email": {"mara@example.com"}}).is(http.StatusOK)
	if s.waker.outbox == wakes {
		t.Error("nobody was woken for the mail")
	}
	if unknown := s.post("/preferences", url.Values{"email": {"nobody@example.com"}}); unknown.Body != asked.Body {
		t.Error("the answer tells who is known")
	}
	s.post("/preferences", url.Values{"email": {"nobody"}}).is(http.StatusUnprocessableEntity)
}

func TestWhoLeftHasNoPreferences(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	path := s.preferences("mara@example.com")
	page := s.get(path).is(http.StatusOK)
	leave, _ := page.find("a[href*='/leave/']").Attr("href")
	s.post(strings.TrimPrefix(leave, "https://weekly.test"), url.Values{"button": {"leave"}}).is(http.StatusOK)
	s.get(path).is(http.StatusGone)
	s.post(path, page.filled()).is(http.StatusGone)
	if got := s.reader("mara@example.com").State; got != subscriber.Unsubscribed {
		t.Errorf("the reader is %s again", got)
	}
}

func TestEveryZoneToChooseIsOneThatIsTaken(t *testing.T) {
	t.Parallel()
	for _, g := range zonesWith("Antarctica/Troll") {
		for _, z := range g.Zones {
			if _, err := subscriber.ParseTimezone(z.Name); err != nil {
				t.Errorf("%s: %v", z.Name, err)
			}
		}
	}
	if g := zonesWith("Antarctica/Troll")[0]; len(g.Zones) != 1 || g.Zones[0].City != "Troll" {
		t.Errorf("a reader's own zone is %+v", g)
	}
	if n := len(zonesWith("Europe/Berlin")); n != len(zones) {
		t.Errorf("a known zone adds to the %d parts: %d", len(zones), n)
	}
}
