package demo

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/collabpulse/weekly/internal/address"
	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/editor"
	"github.com/collabpulse/weekly/internal/mailbox"
	"github.com/collabpulse/weekly/internal/store/storetest"
	"github.com/collabpulse/weekly/internal/subscriber"
	"github.com/collabpulse/weekly/internal/web/webtest"
)

// engines are the environments the flow is walked in.
func engines(t *testing.T, walk func(t *testing.T, environ []string)) {
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		walk(t, nil)
	})
	t.Run("postgres and redis", func(t *testing.T) {
		t.Parallel()
		redis := os.Getenv("PULSE_TEST_REDIS_URL")
		if redis == "" {
			t.Skip("PULSE_TEST_REDIS_URL is not set: not tried on Redis")
		}
		walk(t, []string{"PULSE_DATABASE_URL=" + storetest.PostgresURL(t), "PULSE_REDIS_URL=" + redis,
			"PULSE_REDIS_SPACE=test-" + strings.ToLower(rand.Text()[:10])})
	})
}

func start(t *testing.T, environ []string) *Walk {
	t.Helper()
	w, err := Start(t.Context(), Options{Out: io.Discard, Log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})), Environ: environ})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

func TestTheWholeWeek(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, environ []string) {
		w := start(t, environ)
		if err := w.FirstWeek(t.Context()); err != nil {
			t.Fatal(err)
		}
		got, err := w.SecondWeek(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want := Report{Subscribers: 50, Stories: 14, Spotlights: 3, Planned: 50, Sent: 50, Unsubscribed: 1, Second: "skipped", ThirdPlanned: 24}
		if got != want {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	})
}

// visitor is a person in front of the browser.
type visitor struct {
	t   *testing.T
	tab context.Context
}

func (v visitor) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.tab, 30*time.Second)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		at, _ := chromedp.Run(v.tab, chromedp.Location())
		body, _ := chromedp.Run(v.tab, chromedp.Text("body"))
		v.t.Fatalf("%s: %v\nat %s the page says:\n%s", what, err, at, body)
	}
}

func (v visitor) visit(url string) { v.t.Helper(); v.do("opening "+url, chromedp.Navigate(url)) }

// press presses a button by its words, one that leads to a new page, and waits for
// that page to say something. The page it is pressed on is marked, for the same
// words may stand there already, and the next click would overtake this one.
func (v visitor) press(button, says string) {
	v.t.Helper()
	if _, err := chromedp.Run(v.tab, chromedp.Evaluate[bool]("window.pressed = true")); err != nil {
		v.t.Fatalf("marking the page before pressing %s: %v", button, err)
	}
	v.do("pressing "+button, chromedp.Click(fmt.Sprintf("//main//button[not(@aria-hidden) and contains(normalize-space(.), %q)]", button), chromedp.NodeVisible))
	v.sees(says)
}

// open unfolds a part of the page by its words.
func (v visitor) open(summary string) {
	v.t.Helper()
	v.do("opening "+summary, chromedp.Click(fmt.Sprintf("//main//summary[contains(normalize-space(.), %q)]", summary), chromedp.NodeVisible))
}

func (v visitor) write(field, text string) {
	v.t.Helper()
	v.do("writing into "+field, chromedp.Clear(chromedp.CSS(field)), chromedp.SendKeys(chromedp.CSS(field), text))
}

// sees waits for words in the main part of a page that has loaded whole, scripts
// included, and on which nothing was pressed.
func (v visitor) sees(words string) {
	v.t.Helper()
	asked := fmt.Sprintf("!window.pressed && document.readyState === 'complete' && (document.querySelector('main')?.innerText ?? '').includes(%q)", words)
	err := until(v.tab, "the page to say "+words, func() (bool, error) {
		there, err := chromedp.Run(v.tab, chromedp.Evaluate[bool](asked))
		return there && err == nil, nil // asked while one page makes way for the next, it fails
	})
	if err != nil {
		body, _ := chromedp.Run(v.tab, chromedp.Text("body"))
		v.t.Fatalf("%v; it says:\n%s", err, body)
	}
}

// follow opens the link of a mail, as it stands in the mail's own page.
func (v visitor) follow(w *Walk, m mailbox.Message, part string) {
	v.t.Helper()
	v.visit(fmt.Sprintf("%s/mailbox/%d/html", w.Site.Base(), m.ID))
	attributes, err := chromedp.Run(v.tab, chromedp.Attributes(chromedp.CSS(fmt.Sprintf("a[href*=%q]", part))))
	if err != nil {
		v.t.Fatalf("the mail has no link to %s: %v", part, err)
	}
	v.visit(attributes["href"])
}

func TestAReaderAndAnEditorInARealBrowser(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, environ []string) {
		v := visitor{t: t, tab: webtest.Tab(t)}
		w := start(t, environ)
		const reader = "browser@readers.example"
		v.subscribe(w, reader)
		v.signIn(w)
		v.addFeed(w)
		v.sendDigest(w)
		v.readAndLeave(w, reader)
	})
}

// subscribe signs up by the form on another site, and confirms.
func (v visitor) subscribe(w *Walk, who string) {
	v.t.Helper()
	v.visit(w.site.JoinURL())
	v.write("#join-email", who)
	v.do("subscribing", chromedp.Click("//form//button[contains(., 'Subscribe')]"))
	v.sees("Now look at your mailbox")
	if at, _ := chromedp.Run(v.tab, chromedp.Location()); !strings.HasPrefix(at, w.Site.Base()) {
		v.t.Fatalf("the form on another origin led to %s", at)
	}
	m, err := w.newest(v.tab, who, "confirmation mail", func(m mailbox.Message) bool { return confirmLink.MatchString(m.Text) })
	if err != nil {
		v.t.Fatal(err)
	}
	v.follow(w, m, "/confirm/")
	v.expect(w, subscriber.Pending, "opening the link confirmed already")
	v.press("Yes, send it to me", "You are in")
	v.expect(w, subscriber.Active, "pressing the button did not confirm")
}

// expect checks the state of the one subscriber there is.
func (v visitor) expect(w *Walk, state subscriber.State, otherwise string) {
	v.t.Helper()
	counts, err := w.Store.CountSubscribers(v.tab)
	if err != nil || counts[state] != 1 {
		v.t.Fatalf("%s: %v, %v", otherwise, counts, err)
	}
}

func (v visitor) signIn(w *Walk) {
	v.t.Helper()
	to, err := address.Parse(editorAddress)
	if err != nil {
		v.t.Fatal(err)
	}
	if _, err := w.Store.AddEditor(v.tab, to, "Ada", editor.Admin); err != nil {
		v.t.Fatal(err)
	}
	v.visit(w.Site.Console("digests"))
	v.write("input[name=email]", editorAddress)
	v.press("Mail me a link", "a link is on its way")
	m, err := w.newest(v.tab, editorAddress, "sign-in mail", func(m mailbox.Message) bool { return strings.Contains(m.Text, "/console/sign-in/") })
	if err != nil {
		v.t.Fatal(err)
	}
	v.follow(w, m, "/console/sign-in/")
	v.do("signing in", chromedp.Click("//main//button[contains(., 'Sign me in')]"), chromedp.WaitVisible(chromedp.CSS("form[action='/console/sign-out']")))
}

func (v visitor) addFeed(w *Walk) {
	v.t.Helper()
	blog := w.community.Blogs()[0]
	v.visit(w.Site.Console("sources"))
	v.write("input[name=url]", w.site.FeedURL(blog))
	v.do("choosing a topic", chromedp.SetValue(chromedp.CSS("form[action='/console/sources'] [name=topic]"), blog.Topic))
	v.press("Add", "It is being looked at now")
	err := until(v.tab, "the feed to be gathered", func() (bool, error) {
		all, err := w.Store.Sources(v.tab)
		return len(all) == 1 && all[0].Stories > 0, err
	})
	if err != nil {
		v.t.Fatal(err)
	}
}

// sendDigest composes, writes a subject, leaves a story out, approves and sends.
func (v visitor) sendDigest(w *Walk) {
	v.t.Helper()
	v.visit(w.Site.Console("digests"))
	v.press("Compose", "Composed from what is new")
	v.write("#subject", "Bread, running and a napkin")
	v.press("Save the words", "Saved.")
	v.do("leaving a story out", chromedp.Click(chromedp.CSS("button[formaction$='/exclude']")))
	v.sees("The story is out.")
	v.press("Approve it", "What you see is what will be sent")
	v.open("Send it now")
	v.press("Yes, send it now", "How far it is") // which it says on its way and at its end, whichever is first
	d := v.latest(w)
	err := until(v.tab, "the digest to be sent", func() (bool, error) {
		d = v.latest(w)
		return d.State == digest.Sent, nil
	})
	if err != nil {
		v.t.Fatal(err)
	}
	if t, err := w.Store.Tally(v.tab, d.ID); err != nil || t != (delivery.Tally{Planned: 1, Sent: 1}) {
		v.t.Fatalf("the ledger says %+v, %v", t, err)
	}
	v.visit(w.Site.Console(fmt.Sprintf("digests/%d", d.ID)))
	v.sees("100%")
}

func (v visitor) latest(w *Walk) digest.Digest {
	v.t.Helper()
	d, err := w.Store.LatestDigest(v.tab)
	if err != nil {
		v.t.Fatal(err)
	}
	return d
}

func (v visitor) readAndLeave(w *Walk, who string) {
	v.t.Helper()
	m, err := w.newest(v.tab, who, "digest", isDigest)
	if err != nil {
		v.t.Fatal(err)
	}
	if m.Subject != "Bread, running and a napkin" {
		v.t.Errorf("the subject is %q", m.Subject)
	}
	v.visit(fmt.Sprintf("%s/mailbox/%d", w.Site.Base(), m.ID))
	v.sees("Bread, running and a napkin")
	v.follow(w, m, "/leave/")
	v.expect(w, subscriber.Active, "opening the link to leave was enough to leave")
	v.press("Take me off the list", "You are off the list")
	v.expect(w, subscriber.Unsubscribed, "pressing the button did not leave")
}
