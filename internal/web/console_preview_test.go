package web

import (
	"net/http"
	"strings"
	"testing"
)

func TestThePreviewIsWhatWouldBeSent(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	d := r.draft()
	page := listed{Digest: d}.Path()
	html := r.get(page+"/preview.html").is(http.StatusOK).shows("pre", "* Bread")
	if csp := html.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "sandbox") || strings.Contains(csp, "script") || !strings.Contains(csp, "frame-ancestors 'self'") {
		t.Errorf("the mail may do too much: %s", csp)
	}
	if links := html.find("pre a[href='https://weekly.test/']").Length(); links != 2 {
		t.Errorf("%d of its two links of readers lead home", links)
	}
	if html.find("base[target=_blank]").Length() != 1 {
		t.Error("its links would open inside the frame")
	}
	text := r.get(page + "/preview.txt").is(http.StatusOK)
	if !strings.HasPrefix(text.Header.Get("Content-Type"), "text/plain") || !strings.Contains(text.Body, "* Vans") {
		t.Errorf("the text part is %s: %s", text.Header.Get("Content-Type"), text.Body)
	}
	if strings.Contains(html.Body+text.Body, "slotleave") {
		t.Error("a slot was left unfilled")
	}
	frame := r.get(page).find("iframe.html")
	if _, sandboxed := frame.Attr("sandbox"); !sandboxed || frame.AttrOr("title", "") == "" {
		t.Error("the frame is not sandboxed, or has no name")
	}
}

func TestThePreviewOfAnApprovedDigestIsWhatWasApproved(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	d := r.launched(1)
	if err := r.store.HideStory(r.ctx, 1, true); err != nil {
		t.Fatal(err)
	}
	r.get(listed{Digest: d}.Path()+"/preview.html").is(http.StatusOK).shows("pre", "* Bread")
}

func TestADigestThatIsNotCompleteHasNoPreviewAndSaysWhy(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	d := r.draft()
	page := listed{Digest: d}.Path()
	r.post(page+"/stories/1/exclude", version(1))
	r.post(page+"/stories/2/exclude", version(2))
	if n := r.get(page).shows("#frames", "Include at least one story").find("iframe").Length(); n != 0 {
		t.Error("there is a frame with nothing to show")
	}
	for _, part := range []string{"/preview.html", "/preview.txt"} {
		a := r.get(page + part).is(http.StatusUnprocessableEntity)
		if !strings.HasPrefix(a.Header.Get("Content-Type"), "text/plain") || !strings.Contains(a.Body, "Include at least one story") {
			t.Errorf("%s says %q", part, a.Body)
		}
	}
}
