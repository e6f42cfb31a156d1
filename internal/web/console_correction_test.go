package web

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/collabpulse/weekly/internal/digest"
)

func TestADigestThatWentOutIsCorrectedForAPartOfItsReaders(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	d := r.launched(3)
	page := listed{Digest: d}.Path()
	if r.get(page).find("#correct").Length() != 0 {
		t.Error("a digest under way can be corrected")
	}
	r.post(page+"/correct", url.Values{"to": {"missed"}}).is(http.StatusConflict).shows("#told", "you cannot correct it")
	r.leadsTo(r.post(page+"/cancel", nil), page).shows("#correct", "For those who got this one").shows("#correct", "For those who did not")
	r.post(page+"/correct", url.Values{"to": {"all"}}).is(http.StatusUnprocessableEntity)
	made := r.leadsTo(r.post(page+"/correct", url.Values{"to": {"missed"}}), "/console/digests/2").shows("#told", "This draft corrects it")
	made.shows("a[href='"+page+"']", "It corrects digest 1").shows(".page", "goes only to those who did not get that one").shows(".state", "draft")
	r.leadsTo(r.post("/console/digests/2/approve", version(1)), "/console/digests/2").
		shows("form[action$='/send']", "It goes to those who did not get that one at once.")
	if err := r.store.LaunchDigest(r.ctx, 2, 0, ""); err != nil {
		t.Fatal(err)
	}
	all := listed{Digest: digest.Digest{Excluded: digest.Excluded{Erased: 1, OutsideAudience: 2}}}
	if got := all.Outside(); got != "1 erased and 2 not in the audience" {
		t.Errorf("%q", got)
	}
}
