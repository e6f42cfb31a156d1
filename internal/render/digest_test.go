package render_test

import (
	"html"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/edition"
	"github.com/collabpulse/weekly/internal/outbox"
	"github.com/collabpulse/weekly/internal/render"
	"github.com/collabpulse/weekly/internal/topic"
)

func editionOf(t *testing.T, s digest.Snapshot, k edition.Key) edition.Edition {
	t.Helper()
	e, err := renderer(t).Edition(s, snapshotHash, k)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestTheReadersLinksStandOnceInEachPart(t *testing.T) {
	t.Parallel()
	e := editionOf(t, week(), whole())
	if e.Slots != edition.SlotsFor(snapshotHash) {
		t.Errorf("slots %+v", e.Slots)
	}
	for _, slot := range []string{e.Slots.Leave, e.Slots.Preferences} {
		if h, p := strings.Count(e.HTML, slot), strings.Count(e.Text, slot); h != 1 || p != 1 {
			t.Errorf("%s stands %d times in the HTML, %d in the text", slot, h, p)
		}
	}
	const leave, own = "https://weekly.collabpulse.example/leave/AQv1WmC4sJ0n1q8xF0Zt2Gk", "https://weekly.collabpulse.example/preferences/FAAoj8"
	markup, text := e.Fill(edition.Values{Leave: leave, Preferences: own})
	for _, link := range []string{leave, own} {
		if !strings.Contains(markup, `href="`+link+`"`) || !strings.Contains(text, "\n"+link+"\n") {
			t.Errorf("a filled edition does not bring %s", link)
		}
	}
	if strings.Contains(markup+text, "slotleave") || strings.Contains(markup+text, "slotprefs") {
		t.Error("a mark is left over")
	}
}

// isSlot reports whether a link stands for one of the reader's own.
func isSlot(link string) bool {
	slots := edition.SlotsFor(snapshotHash)
	return link == slots.Leave || link == slots.Preferences
}

func TestAStoryThatSpellsASlotIsNotOne(t *testing.T) {
	t.Parallel()
	s := week()
	s.Sections[0].Stories[0].Title = edition.SlotsFor("").Leave + strings.Repeat("0", 32)
	e := editionOf(t, s, whole())
	markup, _ := e.Fill(edition.Values{Leave: "https://w.example/leave/secret"})
	if strings.Count(markup, "secret") != 1 {
		t.Error("gathered text was filled with a reader's link")
	}
}

func TestAReaderGetsOnlyTheTopicsTheyChose(t *testing.T) {
	t.Parallel()
	e := editionOf(t, week(), edition.Key{Topics: topic.Of(2), Language: "en"})
	for _, part := range []string{e.HTML, e.Text} {
		if !strings.Contains(part, "A brief is a promise") || strings.Contains(part, "A choir, a streamer") {
			t.Error("the edition is not the reader's choice")
		}
		if !strings.Contains(strings.ReplaceAll(part, "\u00a0", " "), "3 stories · 3 spotlights") {
			t.Error("the count is not of what is in the mail")
		}
	}
}

func TestAPlainEditionHasNoHTML(t *testing.T) {
	t.Parallel()
	key := whole()
	key.Plain = true
	plain, both := editionOf(t, week(), key), editionOf(t, week(), whole())
	if plain.HTML != "" || plain.Text != both.Text || plain.Subject != both.Subject {
		t.Error("a plain edition is the text part of the other, and nothing else")
	}
}

func TestAnEditionIsTheSameEachTime(t *testing.T) {
	t.Parallel()
	one, other := editionOf(t, week(), whole()), editionOf(t, week(), whole())
	if diff := cmp.Diff(one, other); diff != "" {
		t.Error(diff)
	}
}

func TestADigestOfSpotlightsAloneAndOneOfStoriesAloneAreWhole(t *testing.T) {
	t.Parallel()
	faces, stories := week(), week()
	faces.Sections, stories.Spotlights, stories.Intro, stories.Preheader = nil, nil, "", ""
	for _, s := range []digest.Snapshot{faces, stories} {
		e := editionOf(t, s, whole())
		if where := unbalanced(e.HTML); where != "" {
			t.Error(where)
		}
		if strings.Contains(e.Text, "SPOTLIGHTS") != (len(s.Spotlights) > 0) {
			t.Error("a heading stands over nothing")
		}
	}
}

func TestLikesAndCommentsAreToldOnlyWhenThereAreAny(t *testing.T) {
	t.Parallel()
	s := week()
	s.Spotlights, s.Sections = nil, s.Sections[:1]
	s.Sections[0].Stories = []digest.Item{{Title: "Quiet", Link: "https://a.example/", Published: published(20, 9)},
		{Title: "One of each", Link: "https://a.example/1", Published: published(21, 9), Likes: 1, Comments: 1},
		{Title: "Last year", Link: "https://a.example/2", Published: time.Date(2025, 12, 31, 9, 0, 0, 0, time.UTC), Likes: 1234567}}
	text := editionOf(t, s, whole()).Text
	for _, want := range []string{"Quiet\n20 November\n", "21 November · 1 like · 1 comment\n", "31 December 2025 · 1,234,567 likes\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

func TestDatesAreToldByTheBrandsClocks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		zone, want string
		at         time.Time
	}{
		{"Europe/Berlin", "Tuesday, 24 November 2026 at 09:00 CET", time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)},
		{"Europe/Berlin", "Tuesday, 7 July 2026 at 09:00 CEST", time.Date(2026, 7, 7, 7, 0, 0, 0, time.UTC)},
		{"Asia/Dubai", "Wednesday, 25 November 2026 at 00:30 UTC+04", time.Date(2026, 11, 24, 20, 30, 0, 0, time.UTC)},
		{"UTC", "Tuesday, 24 November 2026 at 08:00 UTC", time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)},
	} {
		b := brand(t)
		b.Zone, _ = time.LoadLocation(c.zone)
		r, err := render.New(b)
		if err != nil {
			t.Fatal(err)
		}
		m, err := r.Letter(outbox.Welcome, outbox.Facts{First: c.at})
		if err != nil || !strings.Contains(strings.ReplaceAll(m.Text, "\n", " "), c.want) || !strings.Contains(html.UnescapeString(m.HTML), c.want) {
			t.Errorf("%s: no %q (%v)", c.zone, c.want, err)
		}
	}
}

func TestABrandOfOneWordAndOneWithMarkupArePrintedAsTheyAre(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Pulse", `Fish & <b>Chips</b>`} {
		b := brand(t)
		b.Name, b.Postal, b.Zone = name, "", nil
		r, err := render.New(b)
		if err != nil {
			t.Fatal(err)
		}
		m, err := r.Test(week())
		if err != nil || unbalanced(m.HTML) != "" || len(nodes(t, m.HTML, "b")) != 0 || !strings.HasPrefix(m.Text, strings.ToUpper(name)) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func BenchmarkEdition(b *testing.B) {
	r, s := renderer(b), week()
	for b.Loop() {
		if _, err := r.Edition(s, snapshotHash, whole()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFill(b *testing.B) {
	e, err := renderer(b).Edition(week(), snapshotHash, whole())
	if err != nil {
		b.Fatal(err)
	}
	v := edition.Values{Leave: "https://weekly.collabpulse.example/leave/AQv1WmC4sJ0n1q8xF0Zt2Gk"}
	for b.Loop() {
		e.Fill(v)
	}
}
