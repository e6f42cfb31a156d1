package web

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/collabpulse/weekly/internal/link"
	"github.com/collabpulse/weekly/internal/web/webtest"
)

// signInBy signs the room's editor in on a browser.
func (r *reception) signInBy(tab context.Context) {
	r.t.Helper()
	id, expires, err := r.store.NewSignIn(r.ctx, r.editor.Address)
	if err != nil {
		r.t.Fatal(err)
	}
	token := r.Signer.Sign(link.SignIn, link.Claim{Subject: id, Expires: expires})
	if err := chromedp.Do(tab, chromedp.Navigate(r.server.URL+"/console/sign-in/"+token), chromedp.Click("//main//button")); err != nil {
		r.t.Fatal(err)
	}
	r.see(tab, "What needs you")
}

// see waits for words in the main part of the page.
func (r *reception) see(tab context.Context, words string) {
	r.t.Helper()
	asked := fmt.Sprintf("(document.querySelector('main')?.innerText ?? '').includes(%q)", words)
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if there, err := chromedp.Run(tab, chromedp.Evaluate[bool](asked)); err == nil && there { // while one page makes way for the next, asking fails
			return
		}
	}
	body, _ := chromedp.Run(tab, chromedp.Text("body"))
	r.t.Fatalf("the page never said %q; it says:\n%s", words, body)
}

func TestTheFiguresMoveInABrowserThatIsNotTouched(t *testing.T) {
	t.Parallel()
	tab := webtest.Tab(t)
	r := receptionFor(t, time.Minute, func(c *Config) { c.Site = siteAt(t, "http://localhost:8080") })
	d := r.launched(4)
	r.signInBy(tab)
	if err := chromedp.Do(tab, chromedp.Navigate(r.server.URL+listed{Digest: d}.Path())); err != nil {
		t.Fatal(err)
	}
	r.see(tab, "0% of 4 readers")
	if _, err := chromedp.Run(tab, chromedp.Evaluate[bool]("window.same = true")); err != nil {
		t.Fatal(err)
	}
	r.clock.Advance(time.Minute)
	r.deliver(d.ID, 1)
	r.see(tab, "100% of 4 readers")
	same, err := chromedp.Run(tab, chromedp.Evaluate[bool]("window.same === true"))
	if err != nil || !same {
		t.Errorf("the page was loaded anew: %v", err)
	}
	spoken, err := chromedp.Run(tab, chromedp.Evaluate[string]("document.getElementById('spoken').textContent"))
	if err != nil || !strings.Contains(spoken, "100 percent") {
		t.Errorf("a screen reader is told %q, %v", spoken, err)
	}
	if _, err := r.store.FinishDigest(r.ctx, d.ID); err != nil {
		t.Fatal(err)
	}
	r.see(tab, "It went out.")
}
