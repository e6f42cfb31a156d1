package send_test

import (
	"context"
	"fmt"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/collabpulse/weekly/internal/address"
	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/editor"
	"github.com/collabpulse/weekly/internal/link"
	pool "github.com/collabpulse/weekly/internal/mail"
	"github.com/collabpulse/weekly/internal/mailbox"
	"github.com/collabpulse/weekly/internal/outbox"
	"github.com/collabpulse/weekly/internal/render"
	"github.com/collabpulse/weekly/internal/send"
	"github.com/collabpulse/weekly/internal/store"
	"github.com/collabpulse/weekly/internal/store/storetest"
	"github.com/collabpulse/weekly/internal/story"
	"github.com/collabpulse/weekly/internal/subscriber"
	"github.com/collabpulse/weekly/internal/topic"
)

// The store is every part of the ledger that this package asks for.
var (
	_ send.Ledger   = (*store.Store)(nil)
	_ send.Backlog  = (*store.Store)(nil)
	_ send.Register = (*store.Store)(nil)
	_ send.Roll     = (*store.Store)(nil)
	_ send.Archive  = (*store.Store)(nil)
	_ send.Desk     = (*store.Store)(nil)
	_ send.Numbers  = (*store.Store)(nil)
	_ send.Drafts   = (*store.Store)(nil)
)

// post is the loop with everything real around it: a database, the renderer, and
// SMTP to a mailbox.
type post struct {
	*store.Store
	clock  *storetest.Clock
	box    *mailbox.Box
	sender *send.Sender
}

// eachPost runs f with a post on each engine.
func eachPost(t *testing.T, f func(t *testing.T, p *post)) {
	t.Helper()
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		box, err := mailbox.Listen("127.0.0.1:0")
		must(t, err)
		t.Cleanup(func() { box.Close(context.Background()) })
		p := &post{Store: s, clock: c, box: box}
		p.sender = send.New(s, s, p.wire(t), p.composer(t), p.worker(t), send.Options{Log: quiet, Now: c.Now})
		f(t, p)
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (p *post) worker(t *testing.T) *send.Worker {
	w := send.NewWorker(p.Store, "test", quiet)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { w.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		running.Wait()
		if workers, err := p.Workers(context.Background()); err != nil || len(workers) != 0 {
			t.Errorf("the worker did not retire: %v, %v", workers, err)
		}
	})
	return w
}

func (p *post) composer(t *testing.T) send.Composer {
	t.Helper()
	renderer, err := render.New(render.Brand{Name: "Collab Pulse Weekly", Site: site(), Postal: "1 Example Street"})
	must(t, err)
	return send.ByScope(
		send.NewDigestComposer(p.Store, renderer, p.pool(t), stationery(p.clock.Now)),
		send.NewLetterComposer(p.Store, p.Store, p.Store, writer{renderer}, send.LetterOptions{Stationery: stationery(p.clock.Now)}),
	)
}

// writer joins the renderer to what send asks of one.
type writer struct{ *render.Renderer }

func (w writer) Letter(kind outbox.Kind, f outbox.Facts) (outbox.Words, error) {
	r, err := w.Renderer.Letter(kind, outbox.Facts(f))
	return outbox.Words(r), err
}

func (w writer) Test(s digest.Snapshot) (outbox.Words, error) {
	r, err := w.Renderer.Test(s)
	return outbox.Words(r), err
}

func (p *post) wire(t *testing.T) send.Wire { return wire{p.pool(t)} }

func (p *post) pool(t *testing.T) *pool.Pool {
	t.Helper()
	r, err := pool.ParseRelay(p.box.URL())
	must(t, err)
	relays, err := pool.New(pool.Config{Relays: []pool.Relay{r}, From: pool.Named{Name: "Collab Pulse", Address: addressOf(0)}})
	must(t, err)
	t.Cleanup(func() { relays.Close() })
	return relays
}

type wire struct{ *pool.Pool }

func (w wire) Connect(ctx context.Context) (send.Conn, error) { return w.Pool.Connect(ctx) }

// launched is an approved digest on its way to so many readers.
func (p *post) launched(t *testing.T, readers int) int64 {
	t.Helper()
	ctx := t.Context()
	profiles := make([]subscriber.Profile, readers)
	for i := range profiles {
		profiles[i] = subscriber.Profile{Address: addressOf(int64(i + 1)), Topics: topic.All(topic.Defaults()), Language: "en", State: subscriber.Active}
	}
	_, err := p.ImportSubscribers(ctx, profiles, subscriber.Evidence{Page: "import", Wording: "yes"})
	must(t, err)
	id := p.composed(t)
	d, err := p.Digest(ctx, id)
	must(t, err)
	_, err = p.ApproveDigest(ctx, id, d.Version, "mara", "bundle")
	must(t, err)
	must(t, p.LaunchDigest(ctx, id, 0, ""))
	done, err := p.FreezeDigest(ctx, id)
	if err != nil || !done {
		t.Fatalf("frozen %v, %v", done, err)
	}
	return id
}

// composed is a draft with one story.
func (p *post) composed(t *testing.T) int64 {
	t.Helper()
	now := p.clock.Now()
	_, err := p.AddStory(t.Context(), story.Story{Title: "How a bakery met its photographer", Link: "https://pulse.example/bakery",
		Summary: "A story.", Topic: 1, Published: now, Appeared: now, Gathered: now})
	must(t, err)
	d, _, err := p.ComposeDigest(t.Context(), digest.Order{Limits: digest.DefaultLimits})
	must(t, err)
	return d.ID
}

func TestADigestReachesEveryReaderOnceThroughRealPartsAndIsFinished(t *testing.T) {
	eachPost(t, func(t *testing.T, p *post) {
		const readers = 100
		id := p.launched(t, readers)
		var lanes sync.WaitGroup
		for range 2 {
			lanes.Go(func() {
				if err := p.sender.Drain(t.Context(), delivery.Scope{Digest: id}); err != nil {
					t.Error(err)
				}
			})
		}
		lanes.Wait()
		for i := range readers {
			if n := len(p.box.Find(addressOf(int64(i + 1)).String())); n != 1 {
				t.Errorf("reader %d got %d mails", i+1, n)
			}
		}
		finished, err := p.FinishDigest(t.Context(), id)
		if err != nil || !finished {
			t.Errorf("finished %v, %v", finished, err)
		}
		if tally, err := p.Tally(t.Context(), id); err != nil || tally.Sent != readers || !tally.Reconciled() {
			t.Errorf("the ledger says %+v, %v", tally, err)
		}
		p.wantOneClick(t)
	})
}

// wantOneClick checks that a reader can leave by the link in the mail they got.
func (p *post) wantOneClick(t *testing.T) {
	t.Helper()
	m, err := p.box.Message(p.box.Find(addressOf(1).String())[0].ID)
	must(t, err)
	parsed, err := mail.ReadMessage(strings.NewReader(string(m.Raw)))
	must(t, err)
	url := strings.Trim(parsed.Header.Get("List-Unsubscribe"), "<>")
	token, ok := strings.CutPrefix(url, "https://pulse.example/leave/")
	if !ok || !strings.Contains(m.HTML, url) || !strings.Contains(m.Text, url) {
		t.Fatalf("the mail does not carry its own link: %q", url)
	}
	reader, tag, err := link.Parse(token)
	must(t, err)
	s, err := p.Leaver(t.Context(), reader, tag)
	if err != nil || s.Address != addressOf(1) {
		t.Errorf("the link is somebody else's: %v", err)
	}
	if !strings.Contains(m.Sender, s.Key.Token(link.Return, reader)) {
		t.Errorf("it would bounce to %q", m.Sender)
	}
}

func TestStoppingARealSendInTheMiddleLosesAndDoublesNothing(t *testing.T) {
	eachPost(t, func(t *testing.T, p *post) {
		const readers = 300
		id := p.launched(t, readers)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- p.sender.Drain(ctx, delivery.Scope{Digest: id}) }()
		for p.box.Count() < 20 {
			time.Sleep(time.Millisecond)
		}
		stop()
		<-ended
		tally, err := p.Tally(t.Context(), id)
		if err != nil || tally.Claimed+tally.Handing+tally.Unknown != 0 || tally.Sent != int(p.box.Count()) {
			t.Errorf("after stopping, with %d mails out, the ledger says %+v, %v", p.box.Count(), tally, err)
		}
		must(t, p.sender.Drain(t.Context(), delivery.Scope{Digest: id}))
		for i := range readers {
			if n := len(p.box.Find(addressOf(int64(i + 1)).String())); n != 1 {
				t.Errorf("reader %d got %d mails", i+1, n)
			}
		}
	})
}

func TestEveryKindOfLetterIsWrittenAndSent(t *testing.T) {
	eachPost(t, func(t *testing.T, p *post) {
		ctx := t.Context()
		must(t, p.SignUp(ctx, subscriber.Request{Address: addressOf(1), Topics: topic.Of(1), Language: "en",
			Evidence: subscriber.Evidence{Page: "form", Wording: "yes"}}))
		ada, err := address.Parse("ada@example.com")
		must(t, err)
		ed, err := p.AddEditor(ctx, ada, "Ada", editor.Normal)
		must(t, err)
		must(t, p.RequestSignIn(ctx, ada))
		id := p.composed(t) // writes a review
		_, err = p.QueueLetter(ctx, outbox.Letter{Kind: outbox.Test, Editor: ed.ID, Digest: id, To: ada})
		must(t, err)
		must(t, p.sender.Drain(ctx, delivery.Outbox))
		var subjects []string
		for _, m := range p.box.Messages(10) {
			subjects = append(subjects, fmt.Sprintf("%v: %s", m.To, m.Subject))
		}
		if len(subjects) != 4 || !strings.Contains(strings.Join(subjects, "\n"), "[Test] ") {
			t.Errorf("sent %q, want a confirmation, a sign-in, a review and a test", subjects)
		}
		if due, _, err := p.Waiting(ctx, delivery.Outbox); err != nil || due != 0 {
			t.Errorf("%d letters still wait, %v", due, err)
		}
	})
}
