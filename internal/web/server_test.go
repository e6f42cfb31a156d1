package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/link"
	"github.com/collabpulse/weekly/internal/store"
)

// What the pages ask for is what the store gives.
var (
	_ Readers = (*store.Store)(nil)
	_ Leavers = (*store.Store)(nil)
	_ Digests = (*store.Store)(nil)
)

func TestBaseURLWithAPathIsRefused(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"https://example.com/weekly", "/weekly", "weekly"} {
		_, err := New(Config{Site: siteAt(t, base)})
		if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "base URL") {
			t.Errorf("%s: error %v", base, err)
		}
	}
}

func TestServerWithOnlyWhatIsRequiredWorks(t *testing.T) {
	t.Parallel()
	full := newSite(t)
	server, err := New(Config{Site: full.Site, Signer: link.NewSigner([][]byte{[]byte("secret")}), Brand: "Pulse",
		Readers: full.Readers, Leavers: full.Leavers, Digests: full.Digests, Pages: full.Pages})
	if err != nil {
		t.Fatal(err)
	}
	full.Server = server
	page := full.get("/").is(http.StatusOK)
	if strings.Contains(page.Body, "next digest goes out") {
		t.Error("without a schedule a next digest is promised")
	}
	full.post("/subscribe", url.Values{"email": {"mara@example.com"}}).goesTo("/subscribed")
	if slot := server.nextSlot(full.clock.Now()); !slot.IsZero() {
		t.Errorf("slot %+v without a schedule", slot)
	}
}

func TestPrivacyPageSaysWhatIsKeptAndWhoKeepsIt(t *testing.T) {
	t.Parallel()
	page := newSite(t).get("/privacy").is(http.StatusOK)
	for _, want := range []string{"your address", "no cookies", "forgotten", "12 Some Street", "on the web page of a digest alike", "after 30 days"} {
		page.shows("main", want)
	}
}

func TestPostalAddressOfSeveralLinesIsPrintedInOne(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(c *Config) { c.Postal = "Collab Pulse\r\n12 Some Street\nBerlin\n" })
	s.get("/subscribed").shows("footer", "Collab Pulse, 12 Some Street, Berlin")
}

func TestNextDigestIsToldInTheSchedulesZone(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	at := s.nextSlot(s.clock.Now())
	if at.Date != "2026-11-24" || at == (digest.Slot{}) {
		t.Errorf("slot %+v", at)
	}
}
