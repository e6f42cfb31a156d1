package demo

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"time"

	"github.com/collabpulse/weekly/internal/address"
	"github.com/collabpulse/weekly/internal/app"
	"github.com/collabpulse/weekly/internal/config"
	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/editor"
	"github.com/collabpulse/weekly/internal/source"
	"github.com/collabpulse/weekly/internal/topic"
)

// Report is what a walk counted. Its JSON is what `pulse demo --once --json`
// prints last; scripts rely on the names.
type Report struct {
	Subscribers  int    `json:"subscribers"`
	Stories      int    `json:"stories"`
	Spotlights   int    `json:"spotlights"`
	Planned      int    `json:"planned"`
	Sent         int    `json:"sent"`
	Failed       int    `json:"failed"`
	Skipped      int    `json:"skipped"`
	Unknown      int    `json:"unknown"`
	Unsubscribed int    `json:"unsubscribed"`
	Second       string `json:"second_digest"`
	ThirdPlanned int    `json:"third_digest_planned"`
}

// Walk is the whole service on one machine, with the community beside it.
type Walk struct {
	*app.App
	community *Community
	site      *Site
	settings  config.Settings
	out       io.Writer
	folder    string
	served    chan error
	stop      context.CancelFunc
	report    Report
}

// Options say where a walk goes.
type Options struct {
	Out     io.Writer // gets what happened, step by step
	Log     *slog.Logger
	Environ []string // settings beside the walk's own, such as a database to use
}

// editorAddress is the demo's editor.
const editorAddress = "editor@demo.example"

// Start opens everything in a temporary folder: the service on its embedded
// parts, and the community. Close ends it and removes the folder.
func Start(ctx context.Context, o Options) (*Walk, error) {
	w := &Walk{out: o.Out, served: make(chan error, 1), stop: func() {}}
	if err := w.open(ctx, o); err != nil {
		w.Close()
		return nil, err
	}
	return w, nil
}

func (w *Walk) open(ctx context.Context, o Options) (err error) {
	if w.folder, err = os.MkdirTemp("", "pulse-demo-"); err != nil {
		return err
	}
	listener, err := listen()
	if err != nil {
		return err
	}
	if w.settings, err = settings(w.folder, listener.Addr(), o.Environ); err != nil {
		return err
	}
	if w.App, err = app.New(ctx, w.settings, app.Options{Roles: app.AllRoles, Log: o.Log, Listener: listener}); err != nil {
		return err
	}
	if w.community, err = NewCommunity(time.Now); err != nil {
		return err
	}
	if w.site, err = Serve(w.community, w.Site.Base()+"/subscribe"); err != nil {
		return err
	}
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	w.stop = stop
	go func() { w.served <- w.App.Serve(serving) }()
	return nil
}

// Close stops serving, finishes what is on its way, and removes every trace.
func (w *Walk) Close() error {
	w.stop()
	var err error
	if w.site != nil {
		err = <-w.served
		w.site.Close()
	}
	if w.App != nil {
		w.App.Close()
	}
	if w.folder != "" {
		os.RemoveAll(w.folder)
	}
	return err
}

// listen takes the port that people expect, or any when somebody else has it: also
// when that is at [::1] only, for a browser may go there first for localhost.
func listen() (net.Listener, error) {
	if c, err := net.DialTimeout("tcp", "[::1]:8080", time.Second); err == nil {
		c.Close()
	} else if l, err := net.Listen("tcp", "127.0.0.1:8080"); err == nil {
		return l, nil
	}
	return net.Listen("tcp", "127.0.0.1:0")
}

// settings are those of an embedded installation whose slot is some days away,
// so that the walk composes by hand and nothing comes in between.
func settings(folder string, at net.Addr, more []string) (config.Settings, error) {
	day := strings.ToUpper(time.Now().UTC().AddDate(0, 0, 3).Weekday().String()[:2])
	_, port, err := net.SplitHostPort(at.String())
	if err != nil {
		return config.Settings{}, err
	}
	s, err := config.Load(append([]string{
		"PULSE_DATA_DIR=" + folder,
		"PULSE_BASE_URL=http://localhost:" + port,
		"PULSE_FROM=Collab Pulse Weekly <weekly@demo.example>",
		"PULSE_POSTAL_ADDRESS=Collab Pulse, 1 Example Street, 12345 Demo Town",
		"PULSE_SCHEDULE=FREQ=WEEKLY;BYDAY=" + day + ";BYHOUR=9;BYMINUTE=0",
		"PULSE_ALLOW_PRIVATE_SOURCES=true",
	}, more...))
	if err != nil {
		return s, err
	}
	return s.WithKeys()
}

func (w *Walk) say(format string, args ...any) { fmt.Fprintf(w.out, format+"\n", args...) }

// FirstWeek walks from an empty installation to fifty digests in the mailbox.
func (w *Walk) FirstWeek(ctx context.Context) error {
	steps := []func(context.Context) error{w.subscribe, w.addSources, w.gather, w.firstDigest}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (w *Walk) addSources(ctx context.Context) error {
	topics, err := w.Store.Topics(ctx)
	if err != nil {
		return err
	}
	for _, b := range w.community.Blogs() {
		t, err := topic.Find(topics, b.Topic)
		if err != nil {
			return err
		}
		s, err := w.Store.AddSource(ctx, w.site.FeedURL(b), t.ID)
		if err != nil {
			return err
		}
		w.Queue.WakeSource(ctx, s.ID)
	}
	return nil
}

// gather waits until every source has been looked at.
func (w *Walk) gather(ctx context.Context) error {
	var sources []source.Source
	err := until(ctx, "the feeds to be gathered", func() (bool, error) {
		var err error
		sources, err = w.Store.Sources(ctx)
		for _, s := range sources {
			if s.Succeeded.IsZero() {
				return false, err
			}
		}
		return true, err
	})
	if err != nil {
		return err
	}
	for _, s := range sources {
		w.report.Stories += s.Stories
	}
	spotlights, err := w.Store.Spotlights(ctx, 100)
	w.report.Spotlights = len(spotlights)
	w.say("Gathered    %d stories and %d spotlights from %d feeds (RSS, Atom and JSON Feed).", w.report.Stories, w.report.Spotlights, len(sources))
	return err
}

func (w *Walk) firstDigest(ctx context.Context) error {
	d, err := w.send(ctx)
	if err != nil {
		return err
	}
	t, err := w.Store.Tally(ctx, d.ID)
	if err != nil {
		return err
	}
	r := &w.report
	r.Planned, r.Sent, r.Failed, r.Skipped, r.Unknown = t.Planned, t.Sent, t.Failed, t.Skipped, t.Unknown
	w.say("Sent        %d of %d planned; %d failed, %d skipped, %d unknown.", t.Sent, t.Planned, t.Failed, t.Skipped, t.Unknown)
	if !t.Reconciled() {
		return fmt.Errorf("demo: the ledger does not add up: %+v", t)
	}
	return nil
}

// send composes, approves and launches a digest, and waits until it is sent.
func (w *Walk) send(ctx context.Context) (digest.Digest, error) {
	d, _, err := w.Store.ComposeDigest(ctx, digest.Order{Limits: app.Limits(w.settings)})
	if err != nil || d.State != digest.Draft {
		return d, err
	}
	w.say("Composed    “%s”", d.Subject)
	if d, err = w.Store.ApproveDigest(ctx, d.ID, d.Version, editorAddress, w.Renderer.Bundle()); err != nil {
		return d, err
	}
	w.say("Approved    snapshot %s", d.Hash[:12])
	if err := w.Store.LaunchDigest(ctx, d.ID, d.Version, w.Renderer.Bundle()); err != nil {
		return d, err
	}
	w.Queue.WakeDigest(ctx, d.ID)
	err = until(ctx, "the digest to be sent", func() (bool, error) {
		d, err = w.Store.Digest(ctx, d.ID)
		return d.State == digest.Sent, err
	})
	return d, err
}

// patience is how long any one thing in the walk may take.
const patience = time.Minute

// until asks again and again whether something has come about.
func until(ctx context.Context, what string, done func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		if ok, err := done(); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("demo: waiting for %s: %w", what, ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Addresses prints where to look.
func (w *Walk) Addresses(ctx context.Context) error {
	to, err := address.Parse(editorAddress)
	if err != nil {
		return err
	}
	if _, err := w.Store.AddEditor(ctx, to, "Demo Editor", editor.Admin); err != nil {
		return err
	}
	id, expires, err := w.Store.NewSignIn(ctx, to)
	if err != nil {
		return err
	}
	w.say("")
	w.say("  Mailbox        %s/mailbox", w.Site.Base())
	w.say("                 every mail that was sent, as its reader sees it")
	w.say("  Sign-up page   %s", w.Site.Home())
	w.say("                 subscribe, then confirm from the mailbox")
	w.say("  On a blog      %s", w.site.JoinURL())
	w.say("                 the same form on somebody else's site")
	w.say("  Console        %s", app.SignInLink(w.settings, id, expires))
	w.say("                 where editors work: compose a digest of the new story. The link signs you in once,")
	w.say("                 within 15 minutes; later ask for one as %s and find it in the mailbox.", editorAddress)
	w.say("")
	return nil
}
