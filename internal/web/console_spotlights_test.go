package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/spotlight"
)

func feature() url.Values {
	return url.Values{
		"pillar": {"brand-storytelling-rituals"}, "name": {"Kupfer & Kante"}, "headline": {"Every pan has a name"},
		"body": {"First.\r\n\r\nSecond."}, "link": {"https://pans.test/?utm_source=x"}, "picture": {""},
	}
}

func TestASpotlightIsWrittenAndEdited(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.leadsTo(r.post("/console/spotlights", feature()), "/console/spotlights").shows("#told", "Saved").
		shows("section[aria-labelledby=brand-storytelling-rituals]", "Every pan has a name")
	edit := r.get("/console/spotlights/1").is(http.StatusOK).shows("#body", "First.\n\nSecond.")
	if got, _ := edit.find("#pillar option[selected]").Attr("value"); got != "brand-storytelling-rituals" {
		t.Errorf("the pillar became %q", got)
	}
	changed := feature()
	changed.Set("headline", "Every pan has two names")
	r.leadsTo(r.post("/console/spotlights/1", changed), "/console/spotlights")
	got, err := r.store.Spotlight(r.ctx, 1)
	if err != nil {
		t.Fatal(err)
	}
	want := spotlight.Spotlight{ID: 1, Pillar: spotlight.Storytelling, Name: "Kupfer & Kante", Headline: "Every pan has two names",
		Body: "First.\n\nSecond.", Link: "https://pans.test/", Created: r.clock.Now()}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestABadSpotlightKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.post("/console/spotlights", feature())
	for field, value := range map[string]string{
		"pillar": "gossip", "name": "", "headline": strings.Repeat("é", spotlight.MaxHeadline+1), "body": strings.Repeat("é", spotlight.MaxBody+1),
		"link": "pans.test", "picture": "ftp://pans.test/a.jpg",
	} {
		for _, page := range []string{"/console/spotlights", "/console/spotlights/1"} {
			form := feature()
			form.Set(field, value)
			a := r.post(page, form).is(http.StatusUnprocessableEntity)
			if a.find("#"+field+"-error").Length() != 1 {
				t.Errorf("%s at %s: nothing beside the field", field, page)
			}
			if field != "name" {
				if got, _ := a.find("#name").Attr("value"); got != "Kupfer & Kante" {
					t.Errorf("%s at %s: the name became %q", field, page, got)
				}
			}
		}
	}
}

func TestASpotlightIsHiddenAndShown(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.praise("Pans", spotlight.Storytelling)
	r.leadsTo(r.post("/console/spotlights/1/hide", nil), "/console/spotlights").shows(".item .badge", "hidden")
	r.leadsTo(r.post("/console/spotlights/1/show", nil), "/console/spotlights").shows(".item .badge", "waiting")
}

func TestACarriedSpotlightSaysByWhichDigest(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.praise("Pans", spotlight.Storytelling)
	d := r.launched(1)
	r.get("/console/spotlights").shows(".carried", "Pans").shows(".carried a[href='/console/digests/1']", "in digest 1")
	r.get("/console/spotlights/1").shows(".notice", "does not alter what was sent")
	r.get(listed{Digest: d}.Path()).shows("#line-up", "Pans")
}
