package web

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/collabpulse/weekly/internal/consent"
	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/link"
	"github.com/collabpulse/weekly/internal/subscriber"
)

func TestOpeningAConfirmationLinkChangesNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	token := s.pending("mara@example.com")
	for range 3 { // mail scanners open links again and again
		page := s.get("/confirm/" + token).is(http.StatusOK)
		if page.find("form[method=post] button").Length() != 1 {
			t.Error("there is no button to confirm with")
		}
	}
	if got := s.reader("mara@example.com").State; got != subscriber.Pending {
		t.Errorf("looking made the reader %s", got)
	}
}

func TestConfirmButtonMakesTheReaderActiveAndSaysWhenTheFirstDigestComes(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.archive.publish(digest.Digest{ID: 3, Subject: "Bread", Launched: s.clock.Now()})
	token := s.pending("mara@example.com")
	page := s.post("/confirm/"+token, nil).is(http.StatusOK)
	page.shows("main", "Tuesday, 24 November 2026, 09:00").shows("a[href='/digests/3']", "Bread")
	got := s.reader("mara@example.com")
	if got.State != subscriber.Active {
		t.Fatalf("the reader is %s", got.State)
	}
	kept, err := s.store.Consents(context.Background(), got.ID)
	if err != nil || len(kept) != 2 {
		t.Fatalf("%d consents, want 2 (%v)", len(kept), err)
	}
	for _, c := range kept {
		if c.Kind == consent.Confirmed && c.Evidence.Wording == consent.Wording && c.Evidence.Network != "" {
			return
		}
	}
	t.Errorf("no evidence of the confirmation among %+v", kept)
}

func TestConfirmingTwiceIsFine(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	token := s.pending("mara@example.com")
	first := s.post("/confirm/"+token, nil).is(http.StatusOK)
	second := s.post("/confirm/"+token, nil).is(http.StatusOK)
	if first.Body != second.Body {
		t.Error("the second press is answered differently")
	}
}

func TestConfirmationFromAnotherSitesFrameWorksBecauseItReadsNoCookie(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	r := posting("/confirm/"+s.pending("mara@example.com"), nil)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	s.do(r).is(http.StatusOK)
}

func TestLinksThatDoNotConfirmOfferToSignUpAgain(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	token := s.pending("mara@example.com")
	s.clock.Advance(time.Second)
	s.pending("mara@example.com")
	other := s.Signer.Sign(link.SignIn, link.Claim{Subject: 1, Stamp: 1, Expires: s.clock.Now().Add(time.Hour)})
	old := s.Signer.Sign(link.Confirm, link.Claim{Subject: 1, Stamp: 1, Expires: s.clock.Now()})
	for name, try := range map[string]struct {
		answer answer
		status int
	}{
		"forged":                {s.get("/confirm/abcdef"), http.StatusNotFound},
		"for another purpose":   {s.get("/confirm/" + other), http.StatusNotFound},
		"expired":               {s.get("/confirm/" + old), http.StatusGone},
		"forged and pressed":    {s.post("/confirm/abcdef", nil), http.StatusNotFound},
		"expired and pressed":   {s.post("/confirm/"+old, nil), http.StatusGone},
		"of an earlier sign-up": {s.post("/confirm/"+token, nil), http.StatusGone},
	} {
		if try.answer.Status != try.status {
			t.Errorf("%s: status %d, want %d", name, try.answer.Status, try.status)
		}
		if try.answer.find("main a[href='/']").Length() != 1 {
			t.Errorf("%s: the page does not offer to sign up again", name)
		}
	}
	if got := s.reader("mara@example.com").State; got != subscriber.Pending {
		t.Errorf("the reader is %s", got)
	}
}

func TestConfirmWithTheStoreAwayIsAnErrorWithoutDetails(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	token := s.pending("mara@example.com")
	s.store.Close()
	got := s.post("/confirm/"+token, nil).is(http.StatusInternalServerError)
	if strings.Contains(got.Body, "sql") {
		t.Error("the page tells what broke")
	}
	if !strings.Contains(s.log.String(), got.Header.Get("X-Request-Id")) {
		t.Error("the log does not hold the request id that the page shows")
	}
}

func TestConfirmedReaderIsToldEvenWhenTheArchiveIsAway(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.archive.publish(digest.Digest{ID: 1, Launched: time.Unix(1, 0)})
	token := s.pending("mara@example.com")
	s.archive.broken = context.DeadlineExceeded
	s.post("/confirm/"+token, nil).is(http.StatusOK)
	if got := s.reader("mara@example.com").State; got != subscriber.Active {
		t.Errorf("the reader is %s", got)
	}
}
