package web

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// box is a mailbox with what a test put into it.
type box []Mail

func (b box) Messages(recipient string, limit int) []Mail {
	var found []Mail
	for _, m := range b {
		if len(found) < limit && (recipient == "" || m.To == recipient) {
			found = append(found, m)
		}
	}
	return found
}

func (b box) Message(id int64) (Mail, bool) {
	for _, m := range b {
		if m.ID == id {
			return m, true
		}
	}
	return Mail{}, false
}

func (b box) Count() int { return 1234 }

func newMailboxSite(t *testing.T, mails ...Mail) *site {
	t.Helper()
	return newSite(t, func(c *Config) { c.Mailbox = box(mails) })
}

var hostile = Mail{
	ID: 5, From: "Pulse <hello@weekly.test>", To: "mara@example.com", Subject: "Bread <script>alert(1)</script>",
	Date: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC), Text: "Plain <b>words</b>",
	HTML: "<html><head><title>x</title></head><body><script>alert(1)</script><a href='https://weekly.test/'>go</a></body></html>",
	Raw:  []byte("Subject: Bread\r\n\r\n<script>alert(1)</script>"),
}

func TestMailboxListsMailAndFindsOneReaders(t *testing.T) {
	t.Parallel()
	s := newMailboxSite(t, hostile, Mail{ID: 4, To: "jo@example.com"})
	page := s.get("/mailbox").is(http.StatusOK)
	page.shows("a[href='/mailbox/5']", "Bread <script>").shows("a[href='/mailbox/4']", "(no subject)").shows("main", "1,234 messages")
	found := s.get("/mailbox?to=jo@example.com").is(http.StatusOK)
	if found.find("tbody tr").Length() != 1 {
		t.Error("the search does not narrow the list")
	}
	s.get("/mailbox?to=nobody@example.com").is(http.StatusOK).shows("main", "no mail to this address")
	newMailboxSite(t).get("/mailbox").is(http.StatusOK).shows("main", "no mail yet")
}

func TestMailIsShownInAFrameThatCanDoNothing(t *testing.T) {
	t.Parallel()
	s := newMailboxSite(t, hostile)
	page := s.get("/mailbox/5").is(http.StatusOK).shows("pre", "Plain <b>words</b>").shows("h1", "Bread <script>")
	frame := page.find("iframe[src='/mailbox/5/html']")
	if sandbox, ok := frame.Attr("sandbox"); !ok || strings.Contains(sandbox, "allow-scripts") || strings.Contains(sandbox, "allow-same-origin") {
		t.Errorf("the frame is not sandboxed: %q", sandbox)
	}
	if page.find("main script").Length() != 0 {
		t.Error("the mail's script is in our page")
	}
	inner := s.get("/mailbox/5/html").is(http.StatusOK)
	csp := inner.Header.Get("Content-Security-Policy")
	if !strings.HasPrefix(csp, "sandbox") || strings.Contains(csp, "script-src") || !strings.Contains(csp, "default-src 'none'") {
		t.Errorf("the mail's own page may do too much: %s", csp)
	}
	if !strings.Contains(inner.Body, `<head><base target="_blank">`) {
		t.Error("its links would open in the frame")
	}
}

func TestMailWithoutHTMLShowsItsText(t *testing.T) {
	t.Parallel()
	s := newMailboxSite(t, Mail{ID: 6, Text: "Only words"})
	page := s.get("/mailbox/6").is(http.StatusOK).shows("pre", "Only words")
	if page.find("iframe").Length() != 0 {
		t.Error("there is an empty frame")
	}
	if got := s.get("/mailbox/6/html").is(http.StatusOK).Body; got != `<base target="_blank">` {
		t.Errorf("the empty part is %q", got)
	}
}

func TestRawMailIsPlainTextAndNotSniffed(t *testing.T) {
	t.Parallel()
	got := newMailboxSite(t, hostile).get("/mailbox/5/raw").is(http.StatusOK)
	if got.Body != string(hostile.Raw) || !strings.HasPrefix(got.Header.Get("Content-Type"), "text/plain") ||
		got.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%s: %q", got.Header.Get("Content-Type"), got.Body)
	}
}

func TestMailThatIsNotThereIsSaidSo(t *testing.T) {
	t.Parallel()
	s := newMailboxSite(t)
	for _, path := range []string{"/mailbox/5", "/mailbox/5/html", "/mailbox/5/raw", "/mailbox/x"} {
		s.get(path).is(http.StatusNotFound)
	}
}

func TestWithoutTheEmbeddedMailboxThereIsNoPageOfIt(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.get("/mailbox").is(http.StatusNotFound)
	if s.get("/").find("a[href='/mailbox']").Length() != 0 {
		t.Error("the page links to a mailbox that is not there")
	}
}
