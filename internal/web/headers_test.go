package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/collabpulse/weekly/internal/digest"
)

// everyPage is one address of each kind of public page.
func everyPage(s *site) []string {
	leave := s.active("reader@example.com")
	s.archive.publish(digest.Digest{ID: 7, Subject: "Bread", Intro: "Hello", Launched: s.clock.Now()})
	return []string{"/", "/subscribed", "/privacy", "/digests/7", "/confirm/" + s.pending("other@example.com"),
		"/confirm/forged", "/leave/" + leave, "/leave/forged", "/nothing", "/mailbox", "/mailbox/5"}
}

func TestEveryPageIsUnderAStrictPolicyAndSetsNoCookie(t *testing.T) {
	t.Parallel()
	s := newMailboxSite(t, hostile)
	for _, path := range everyPage(s) {
		got := s.get(path)
		csp := got.Header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"} {
			if !strings.Contains(csp, want) {
				t.Errorf("%s: the policy lacks %s", path, want)
			}
		}
		if strings.Contains(csp, "unsafe") {
			t.Errorf("%s: the policy is unsafe: %s", path, csp)
		}
		for name, want := range map[string]string{
			"Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Set-Cookie": "",
			"Strict-Transport-Security": "max-age=31536000", "Cross-Origin-Opener-Policy": "same-origin",
		} {
			if got := got.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
	}
}

func TestPlainHTTPPromisesNoHTTPS(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(c *Config) { c.Site = siteAt(t, "http://localhost:8080") })
	if got := s.get("/").Header.Get("Strict-Transport-Security"); got != "" {
		t.Errorf("Strict-Transport-Security %q", got)
	}
}

func TestPagesOfOnePersonAreKeptByNoCacheAndNoSearchEngine(t *testing.T) {
	t.Parallel()
	s := newMailboxSite(t, hostile)
	for _, path := range []string{"/confirm/x", "/leave/x", "/mailbox", "/mailbox/5/html", "/console/anything"} {
		got := s.get(path)
		if got.Header.Get("Cache-Control") != "no-store" || got.Header.Get("X-Robots-Tag") != "noindex" {
			t.Errorf("%s: %v", path, got.Header)
		}
	}
}

func TestConsolePagesMayUseHTMXAndKeepTheirReferrerAtHome(t *testing.T) {
	t.Parallel()
	got := newSite(t).get("/console/anything")
	if csp := got.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "connect-src 'self'") || strings.Contains(csp, "unsafe") {
		t.Errorf("policy %s", csp)
	}
	if got.Header.Get("Referrer-Policy") != "same-origin" {
		t.Error("over plain HTTP a browser would send no origin with the console's forms")
	}
}

func TestPagesLoadNothingFromElsewhereAndHoldNoInlineCode(t *testing.T) {
	t.Parallel()
	s := newMailboxSite(t, hostile)
	for _, path := range everyPage(s) {
		page := s.get(path)
		if n := page.find("style, [style], [onclick], [onload], script:not([src])").Length(); n != 0 {
			t.Errorf("%s: %d inline styles or scripts", path, n)
		}
		for _, what := range []string{"src", "href"} {
			for _, node := range page.find("link[" + what + "], script[" + what + "], img[" + what + "], iframe[" + what + "]").Nodes {
				for _, a := range node.Attr {
					if a.Key == what && !strings.HasPrefix(a.Val, "/") {
						t.Errorf("%s: loads %s", path, a.Val)
					}
				}
			}
		}
	}
}

func TestEveryPageCanBeFoundOnesWayAroundIn(t *testing.T) {
	t.Parallel()
	s := newMailboxSite(t, hostile)
	for _, path := range everyPage(s) {
		page := s.get(path)
		for _, want := range []string{"html[lang]", "title", "main#main", "h1", "a.skip[href='#main']", "header", "footer", "meta[name=viewport]"} {
			if n := page.find(want).Length(); n != 1 {
				t.Errorf("%s: %d × %s, want 1", path, n, want)
			}
		}
		for _, node := range page.find("input:not([type=hidden])").Nodes {
			id, labelled := "", false
			for _, a := range node.Attr {
				if a.Key == "id" {
					id = a.Val
				}
			}
			labelled = id != "" && page.find("label[for='"+id+"']").Length() == 1 || node.Parent.Data == "label"
			if !labelled {
				t.Errorf("%s: a field has no label", path)
			}
		}
	}
}

func TestStatusOfPagesForRobots(t *testing.T) {
	t.Parallel()
	got := newSite(t).get("/robots.txt").is(http.StatusOK)
	if !strings.Contains(got.Body, "Disallow: /leave/") {
		t.Errorf("robots.txt is %q", got.Body)
	}
}
