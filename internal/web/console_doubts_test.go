package web

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/collabpulse/weekly/internal/delivery"
)

func TestAnEditorChoosesWhatBecomesOfDoubts(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	d := r.draft()
	page := listed{Digest: d}.Path()
	if v, _ := r.get(page).find("form[action$='/doubts'] input[checked]").Attr("value"); v != "resend" {
		t.Errorf("%q is chosen to begin with", v)
	}
	after := r.leadsTo(r.post(page+"/doubts", url.Values{"doubts": {"leave"}}), page).shows("#told", "left alone")
	if v, _ := after.find("form[action$='/doubts'] input[checked]").Attr("value"); v != "leave" || r.digest(d.ID).Doubts != delivery.Leave {
		t.Errorf("%q is chosen now", v)
	}
	r.post(page+"/doubts", url.Values{"doubts": {"perhaps"}}).is(http.StatusUnprocessableEntity)
}

func TestCopiesInDoubtAreSettledByAnEditor(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	d := r.launched(3)
	page := listed{Digest: d}.Path()
	if r.get(page).find("#settle").Length() != 0 {
		t.Error("there is something to settle before there is a doubt")
	}
	if err := r.store.SetDoubts(r.ctx, d.ID, delivery.Leave); err != nil {
		t.Fatal(err)
	}
	scope := delivery.Scope{Digest: d.ID}
	for range 2 {
		worker, items := r.hand(scope)
		r.record(scope, worker, items[:2], delivery.Outcome{Verdict: delivery.InDoubt})
		r.record(scope, worker, items[2:], delivery.Outcome{Code: 250})
		if _, err := r.store.FinishDigest(r.ctx, d.ID); err != nil {
			t.Fatal(err)
		}
		if r.digest(d.ID).Finished.IsZero() {
			t.Fatal("it is not sent")
		}
		if r.get(page).find("form[action$='/resend']").Length() == 0 {
			break
		}
		r.get(page).shows("#settle", "Send once more to 2 readers in doubt").shows("#settle", "Count 2 copies in doubt as sent")
		r.leadsTo(r.post(page+"/resend", nil), page).shows("#told", "once more").shows(".state", "sending")
		r.bell.woke(t, "outbox", "outbox", "outbox", "outbox", "outbox", "outbox", "digest 1")
	}
	r.get(page).shows("#settle", "Count 2 copies in doubt as sent")
	r.post(page+"/resend", nil).is(http.StatusConflict).shows("#told", "No copy of this digest is in doubt")
	r.leadsTo(r.post(page+"/accept", nil), page).shows("#told", "count as sent").shows(".legend", "3 sent")
}
