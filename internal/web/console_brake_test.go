package web

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/collabpulse/weekly/internal/delivery"
)

func TestTheEmergencyBrakeIsOnEveryPageUntilItIsReleased(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	d := r.launched(3)
	r.get("/console").is(http.StatusOK).shows("main", "Stop every digest")
	r.leadsTo(r.post("/console/brake/pull", nil), "/console").shows("#told", "Everything stands still")
	for _, page := range []string{"/console", "/console/digests", "/console/digests/1", "/console/stories", "/console/subscribers"} {
		a := r.get(page).shows(".brake", "The emergency brake is on").shows(".brake", "Ines pulled it")
		if a.find("form[action='/console/brake/pull']").Length() != 0 {
			t.Errorf("%s offers to pull what is pulled", page)
		}
	}
	if _, handed := r.hand(delivery.Scope{Digest: d.ID}); len(handed) != 0 {
		t.Fatalf("%d mails go out behind the brake", len(handed))
	}
	r.leadsTo(r.post("/console/brake/release", nil), "/console").shows("#told", "Released")
	if !slices.Contains(r.bell.rung, "digest 1") {
		t.Error("nobody was woken for the digest")
	}
	if r.get("/console/digests").find(".brake").Length() != 0 {
		t.Error("it is still said to be on")
	}
	if _, handed := r.hand(delivery.Scope{Digest: d.ID}); len(handed) != 3 {
		t.Fatalf("%d of 3 mails go out", len(handed))
	}
}

func TestOnlyEditorsPullTheBrake(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.post("/console/sign-out", nil)
	for _, path := range []string{"/console/brake/pull", "/console/brake/release"} {
		if a := r.post(path, nil); strings.Contains(a.Header.Get("Location"), "did=") {
			t.Errorf("%s did it for a stranger: %d", path, a.Status)
		}
	}
	if b, err := r.store.Brake(r.ctx); err != nil || b.On() {
		t.Errorf("a stranger pulled the brake (%v)", err)
	}
}
