package demo

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/collabpulse/weekly/internal/app"
	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/mailbox"
	"github.com/collabpulse/weekly/internal/source"
	"github.com/collabpulse/weekly/internal/subscriber"
)

// SecondWeek goes on from the first: somebody leaves by one click, there is
// nothing new, then one more story appears and everybody else gets it.
func (w *Walk) SecondWeek(ctx context.Context) (Report, error) {
	steps := []func(context.Context) error{w.leave, w.nothingNew, w.oneMore, w.leftInPeace}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return w.report, err
		}
	}
	return w.report, nil
}

// leave presses the button that a mail client shows for List-Unsubscribe (RFC 8058).
func (w *Walk) leave(ctx context.Context) error {
	m, err := w.newest(ctx, reader(leaver), "digest", isDigest)
	if err != nil {
		return err
	}
	link := strings.Trim(strings.TrimSpace(leaveField(m)), "<>")
	if err := post(ctx, link, url.Values{"List-Unsubscribe": {"One-Click"}}); err != nil {
		return err
	}
	counts, err := w.Store.CountSubscribers(ctx)
	w.report.Unsubscribed = counts[subscriber.Unsubscribed]
	w.say("Left        %d reader, with one click.", w.report.Unsubscribed)
	return err
}

func isDigest(m mailbox.Message) bool { return leaveField(m) != "" }

func leaveField(m mailbox.Message) string {
	for _, f := range m.Headers {
		if strings.EqualFold(f.Name, "List-Unsubscribe") {
			return f.Value
		}
	}
	return ""
}

func (w *Walk) nothingNew(ctx context.Context) error {
	d, _, err := w.Store.ComposeDigest(ctx, digest.Order{Limits: app.Limits(w.settings)})
	if err != nil {
		return err
	}
	w.report.Second = d.State.String()
	w.say("Composed    again: %s. %s", d.State, d.Reason)
	return nil
}

// oneMore publishes a story, gathers it and sends a digest of it.
func (w *Walk) oneMore(ctx context.Context) error {
	if err := w.News(ctx); err != nil {
		return err
	}
	d, err := w.send(ctx)
	if err != nil {
		return err
	}
	t, err := w.Store.Tally(ctx, d.ID)
	w.report.ThirdPlanned = t.Planned
	w.say("Sent        %d of %d planned.", t.Sent, t.Planned)
	return err
}

// News publishes one more story and gathers it, so that there is something for
// the next digest.
func (w *Walk) News(ctx context.Context) error {
	blog, story := w.community.PublishAnother()
	w.say("Published   “%s” on %s.", story.Title, blog.Title)
	sources, err := w.Store.Sources(ctx)
	if err != nil {
		return err
	}
	for _, s := range sources {
		if s.URL == w.site.FeedURL(blog) {
			return w.lookAgain(ctx, s)
		}
	}
	return nil
}

// lookAgain visits a source until it gives more than before.
func (w *Walk) lookAgain(ctx context.Context, s source.Source) error {
	if err := w.Store.LookNow(ctx, s.ID); err != nil {
		return err
	}
	w.Queue.WakeSource(ctx, s.ID)
	return until(ctx, "the new story", func() (bool, error) {
		now, err := w.Store.Source(ctx, s.ID)
		return now.Stories > s.Stories, err
	})
}

// leftInPeace makes sure that whoever left got nothing afterwards.
func (w *Walk) leftInPeace(context.Context) error {
	digests := 0
	for _, summary := range w.Mailbox.Find(reader(leaver)) {
		m, err := w.Mailbox.Message(summary.ID)
		if err != nil {
			return err
		}
		if isDigest(m) {
			digests++
		}
	}
	if digests != 1 {
		return fmt.Errorf("demo: who left has %d digests, want only the one before", digests)
	}
	w.say("Checked     who left got nothing more.")
	return nil
}
