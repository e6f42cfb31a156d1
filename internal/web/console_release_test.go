package web

import (
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/editor"
	"github.com/collabpulse/weekly/internal/outbox"
)

func TestADigestIsApprovedAndSentNow(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.site.active("mara@readers.test")
	d := r.draft()
	page := listed{Digest: d}.Path()
	if r.get(page).find("form[action$='/send']").Length() != 0 {
		t.Error("a draft can be sent")
	}
	approved := r.leadsTo(r.post(page+"/approve", version(1)), page).shows("#told", "Approved").shows(".state", "approved")
	approved.shows("#at-hint", "Another day takes the approval back.")
	approved.shows(".standing", "Approved by Ines").shows("details form[action$='/send']", "It goes to about 1 reader at once.")
	sending := r.leadsTo(r.post(page+"/send", version(2)), page).shows(".state", "sending")
	if sending.find("button[formaction$='/approve'], form[action$='/texts'], .move").Length() != 0 {
		t.Error("a digest under way can be changed")
	}
	r.bell.woke(t, "outbox", "outbox", "digest 1") // the first two for the reader who signed up
}

func TestAChangeTakesTheApprovalBack(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	d := r.draft()
	page := listed{Digest: d}.Path()
	r.leadsTo(r.post(page+"/approve", version(1)), page).shows("#texts", "Saving takes the approval back.")
	r.leadsTo(r.post(page+"/stories/1/exclude", version(2)), page).shows(".state", "draft")
	r.post(page+"/send", version(3)).is(http.StatusConflict).shows("#told", "This digest is draft")
}

func TestADigestOfNothingCannotBeApproved(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	d := r.draft()
	page := listed{Digest: d}.Path()
	r.post(page+"/stories/1/exclude", version(1))
	empty := r.leadsTo(r.post(page+"/stories/2/exclude", version(2)), page).shows("#frames", "There is nothing to preview yet. Include at least one story")
	if _, disabled := empty.find("button[formaction$='/approve']").Attr("disabled"); !disabled {
		t.Error("the button to approve it is there to be pressed")
	}
	r.post(page+"/approve", version(3)).is(http.StatusUnprocessableEntity).shows("#told", "Include at least one story")
	r.post(page+"/test", nil).is(http.StatusUnprocessableEntity).shows("#told", "Include at least one story")
}

func TestATestGoesToTheEditorWhoAsks(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	d := r.draft()
	page := listed{Digest: d}.Path()
	r.leadsTo(r.post(page+"/test", nil), page).shows("#told", "your own mailbox")
	r.bell.woke(t, "outbox")
	var letter outbox.Letter
	for id := int64(1); letter.Kind != outbox.Test; id++ {
		var err error
		if letter, _, err = r.store.Letter(r.ctx, id); err != nil {
			t.Fatal("no test was queued: ", err)
		}
	}
	if letter.To != r.editor.Address || letter.Digest != d.ID || letter.Editor != r.editor.ID {
		t.Errorf("the test is %+v", letter)
	}
}

func TestADigestIsScheduledInTheZoneOfTheSchedule(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	d := r.draft()
	page := listed{Digest: d}.Path()
	if at, _ := r.get(page).shows("#at-hint", "Europe/Berlin").find("#at").Attr("value"); at != "2026-11-24T09:00" {
		t.Errorf("the form proposes %q, want the next slot", at)
	}
	for i, test := range []struct{ typed, want, deed string }{
		{"2026-11-25T10:30", "2026-11-25T09:30:00Z", "scheduled-draft"},
		{"2027-03-28T02:30", "2027-03-28T01:00:00Z", "scheduled-later"}, // clocks go from 02:00 to 03:00
		{"2027-10-31T02:30", "2027-10-31T00:30:00Z", "scheduled-draft"}, // shown twice: the earlier
	} {
		form := version(i + 1)
		form.Set("at", test.typed)
		a := r.post(page+"/schedule", form)
		r.leadsTo(a, page).shows("#told", deeds[test.deed])
		if got := r.digest(d.ID).SendAt.Format(time.RFC3339); got != test.want {
			t.Errorf("%s became %s, want %s", test.typed, got, test.want)
		}
	}
	r.get(page).shows(".standing", "Sunday, 31 October at 02:30 (Europe/Berlin)")
	cleared := version(4)
	cleared.Set("clear", "yes")
	r.leadsTo(r.post(page+"/schedule", cleared), page).shows("#told", "Taken off the schedule")
	if at := r.digest(d.ID).SendAt; !at.IsZero() {
		t.Errorf("it still goes out at %s", at)
	}
}

func TestATimeThatCannotBeIsRefusedAndKept(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	d := r.draft()
	for typed, says := range map[string]string{"": "Choose a day and a time", "tomorrow": "Choose a day and a time", "2026-11-23T08:30": "has passed"} {
		form := version(1)
		form.Set("at", typed)
		a := r.post(listed{Digest: d}.Path()+"/schedule", form).is(http.StatusUnprocessableEntity).shows("#at-error", says)
		if got, _ := a.find("details[open] #at").Attr("value"); got != typed {
			t.Errorf("the field holds %q, want %q", got, typed)
		}
	}
}

func TestADigestUnderWayIsPausedResumedAndCancelled(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	d := r.launched(3)
	page := listed{Digest: d}.Path()
	paused := r.leadsTo(r.post(page+"/pause", url.Values{"reason": {"A wrong link."}}), page).shows(".state", "paused")
	paused.shows(".standing", "A wrong link. Resume it").shows("form[action$='/cancel']", "the 3 readers still waiting will not get it")
	r.leadsTo(r.post(page+"/resume", nil), page).shows(".state", "sending")
	r.leadsTo(r.post(page+"/pause", nil), page).shows(".standing", "Paused by Ines.")
	r.leadsTo(r.post(page+"/cancel", nil), page).shows(".state", "cancelled").shows(".standing", "Cancelled by Ines.")
	r.post(page+"/resume", nil).is(http.StatusConflict).shows("#told", "This digest is cancelled")
	if tally, err := r.store.Tally(r.ctx, d.ID); err != nil || tally.Skipped != 3 {
		t.Errorf("%+v, %v", tally, err)
	}
}

func TestResumingAfterALongPauseIsConfirmed(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	d := r.launched(3)
	page := listed{Digest: d}.Path()
	r.post(page+"/pause", nil)
	if r.get(page).find("details form[action$='/resume']").Length() != 0 {
		t.Error("a short pause asks as well")
	}
	r.clock.Advance(50 * time.Hour)
	r.ticket = r.newTicket()
	r.post(page+"/resume", nil).is(http.StatusConflict).shows("#told", "paused 50 hours ago").
		shows("details form[action$='/resume']", "2 days ago").shows("details form[action$='/resume']", "the 3 readers who have not got it yet")
	r.leadsTo(r.post(page+"/resume", url.Values{"sure": {"yes"}}), page).shows(".state", "sending")
}

func TestAnEditorMaySayThatRefusedAddressesAreDead(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	d := r.launched(3)
	page := listed{Digest: d}.Path()
	r.post(page+"/pause", nil)
	if r.get(page).find("button[name='accept']").Length() != 0 {
		t.Error("it is offered for a digest that an editor paused")
	}
	r.post(page+"/resume", url.Values{"accept": {"yes"}}).is(http.StatusConflict).shows("#told", "not paused for an answer")
	if _, err := r.store.SuspendDigest(r.ctx, d.ID, "550 5.1.1", "Relays answered 550 5.1.1.", r.clock.Now()); err != nil {
		t.Fatal(err)
	}
	r.get(page).shows("details form[action$='/resume']", "take the answer 550 5.1.1 for what it says")
	r.leadsTo(r.post(page+"/resume", url.Values{"accept": {"yes"}}), page).shows(".state", "sending")
	if again, err := r.store.SuspendDigest(r.ctx, d.ID, "550 5.1.1", "Again.", r.clock.Now()); err != nil || again {
		t.Errorf("it paused for that answer again: %t, %v", again, err)
	}
}

func TestADraftIsCancelledAfterASecondThought(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	d := r.draft()
	page := listed{Digest: d}.Path()
	r.get(page).shows("details form[action$='/cancel']", "This cannot be undone.")
	r.leadsTo(r.post(page+"/cancel", nil), page).shows(".standing", "It was cancelled")
	if r.digest(d.ID).State != digest.Cancelled {
		t.Error("it is not cancelled")
	}
}

func TestAHeldDigestMayStillBeSent(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.site.active("mara@readers.test")
	d := r.draft()
	page := listed{Digest: d}.Path()
	form := version(1)
	form.Set("at", "2026-11-23T12:00")
	r.post(page+"/schedule", form)
	r.post(page+"/approve", version(2))
	r.clock.Advance(12 * time.Hour)
	if held, err := r.store.HoldLate(r.ctx); err != nil || len(held) != 1 {
		t.Fatal(held, err)
	}
	r.get("/console").shows(".needs", "held back")
	r.get(page).shows(".standing", "It was held back").shows("details form[action$='/send']", "Yes, send it now")
	r.leadsTo(r.post(page+"/send", version(r.digest(d.ID).Version)), page).shows(".state", "sending")
}

func TestAnEditorWithoutANameSignsByRole(t *testing.T) {
	t.Parallel()
	for e, want := range map[editor.Editor]string{
		{Name: "Ines", Role: editor.Admin}: "Ines", {Role: editor.Admin}: "an admin", {Role: editor.Normal}: "an editor",
	} {
		if got := nameOf(&e); got != want {
			t.Errorf("%+v signs as %q, want %q", e, got, want)
		}
	}
}

func TestTheFiguresOfADigestUnderWayAreAFragment(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	d := r.launched(4)
	page := listed{Digest: d}.Path()
	full := r.get(page).shows("noscript", "http-equiv=\"refresh\"").shows("#progress", "0% of 4 readers").shows("#progress", "4 waiting")
	if live, _ := full.find("#progress").Attr("data-live"); live != page+"/live" {
		t.Errorf("it is followed at %q", live)
	}
	r.clock.Advance(2 * time.Second)
	r.deliver(d.ID, 1)
	part := r.get(page+"/progress").is(http.StatusOK).shows("#progress", "100% of 4 readers").shows(".legend", "3 sent").shows("#progress", "120 a minute")
	if part.find("title").Length() != 0 {
		t.Error("the fragment is more than a fragment")
	}
	bar := part.find("[role=progressbar]")
	if bar.AttrOr("aria-valuenow", "") != "100" || bar.AttrOr("aria-label", "") == "" {
		t.Error("the bar says nothing to a screen reader")
	}
	if _, err := r.store.FinishDigest(r.ctx, d.ID); err != nil {
		t.Fatal(err)
	}
	if over := r.get(page + "/progress").is(http.StatusOK); over.find("#progress").AttrOr("data-live", "") != "" {
		t.Error("a digest that is over is still being followed")
	}
	r.get(page).shows(".standing", "It went out").shows("h2", "The figures")
}

func TestWhomADigestWasNotPlannedForIsSaid(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.site.pending("late@readers.test")
	d := r.launched(1)
	r.get(listed{Digest: d}.Path()).shows(".page", "Not planned for: 1 not confirmed yet.")
	all := listed{Digest: digest.Digest{Excluded: digest.Excluded{Pending: 1, Paused: 2, NoStories: 1200}}}
	if got := all.Outside(); got != "1,200 with nothing in their topics, 1 not confirmed yet and 2 paused" {
		t.Errorf("%q", got)
	}
}

func TestWordsThatWereNotSavedYetAreApprovedWithTheRest(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	d := r.draft()
	page := listed{Digest: d}.Path()
	form := version(1)
	form.Set("subject", "Typed a moment ago")
	form.Set("preheader", d.Preheader)
	form.Set("intro", "And an intro.")
	r.leadsTo(r.post(page+"/approve", form), page).shows("#told", "Approved")
	s, _, err := r.store.Snapshot(t.Context(), d.ID)
	if err != nil || s.Subject != "Typed a moment ago" || s.Intro != "And an intro." {
		t.Errorf("approved %q, %q, %v", s.Subject, s.Intro, err)
	}
	if first, _ := r.get(page).find("button[form=texts]").First().Attr("formaction"); first != "" {
		t.Errorf("Enter in the subject would go to %s", first)
	}
}

func TestTheOverviewNamesTheTimeThatTheDigestWasGiven(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.get("/console").shows(".next", "The next slot comes in 1 day")
	d := r.draft()
	r.post("/console/digests/1/approve", url.Values{"version": {strconv.Itoa(d.Version)}})
	d = r.digest(1)
	at := r.clock.Now().Add(3 * time.Hour)
	if err := r.store.ScheduleDigest(r.ctx, d.ID, d.Version, at); err != nil {
		t.Fatal(err)
	}
	r.get("/console").shows(".next h1", "Monday, 23 November, 12:00").shows(".next .lede", "The digest goes out in 3 hours.")
}
