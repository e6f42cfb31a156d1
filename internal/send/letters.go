package send

import (
	"context"
	"strconv"
	"time"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/link"
	"github.com/collabpulse/weekly/internal/message"
	"github.com/collabpulse/weekly/internal/outbox"
	"github.com/collabpulse/weekly/internal/subscriber"
	"github.com/collabpulse/weekly/internal/topic"
)

// Desk is where letters and the people they go to are kept.
type Desk interface {
	Letter(ctx context.Context, id int64) (outbox.Letter, delivery.Salt, error)
	Subscriber(ctx context.Context, id int64) (subscriber.Subscriber, error)
}

// Numbers is what letters tell about digests.
type Numbers interface {
	Digest(ctx context.Context, id int64) (digest.Digest, error)
	// LatestDigest is the last one launched; fault.NotFound before the first.
	LatestDigest(ctx context.Context) (digest.Digest, error)
	Tally(ctx context.Context, id int64) (delivery.Tally, error)
}

// Drafts is what the test of a digest is made from.
type Drafts interface {
	Snapshot(ctx context.Context, id int64) (digest.Snapshot, string, error)
	Topics(ctx context.Context) ([]topic.Topic, error)
}

// Writer writes letters.
type Writer interface {
	Letter(kind outbox.Kind, f outbox.Facts) (outbox.Words, error)
	// Test is a digest as an editor gets it for a look, with every topic in it.
	Test(s digest.Snapshot) (outbox.Words, error)
	// Bundle names the templates in use.
	Bundle() string
}

// LetterComposer makes the mail of the outbox. A letter's row holds no token: the
// links are made here, at the moment of writing, from the ids in the row, so each
// attempt writes the same link and a copy of the database opens nothing.
type LetterComposer struct {
	desk    Desk
	numbers Numbers
	drafts  Drafts
	writer  Writer
	LetterOptions
}

// LetterOptions are what a LetterComposer knows of its surroundings; all but Next
// are required.
type LetterOptions struct {
	Stationery
	// Next is the first slot after a time, usually digest.Schedule.Next; nil when
	// digests are composed by hand alone.
	Next func(after time.Time) digest.Slot
}

// NewLetterComposer makes a composer. The store is usually desk, numbers and
// drafts in one.
func NewLetterComposer(desk Desk, numbers Numbers, drafts Drafts, writer Writer, o LetterOptions) *LetterComposer {
	return &LetterComposer{desk: desk, numbers: numbers, drafts: drafts, writer: writer, LetterOptions: o}
}

// Compose writes a letter. Whatever it is about having vanished is for good: a
// letter about nothing is not put off but settled.
func (c *LetterComposer) Compose(ctx context.Context, _ delivery.Scope, claim delivery.Claim, to delivery.Recipient) (message.Message, error) {
	m, err := c.compose(ctx, claim.ID, to)
	if err != nil && final(err) {
		return message.Message{}, &Unmailable{err}
	}
	return m, err
}

func (c *LetterComposer) compose(ctx context.Context, id int64, to delivery.Recipient) (message.Message, error) {
	letter, salt, err := c.desk.Letter(ctx, id)
	if err != nil {
		return message.Message{}, err
	}
	m := message.Message{To: to.Address, ID: salt.MessageID(id), Language: to.Language, Date: c.Now()}
	reader, err := c.reader(ctx, letter)
	if err != nil {
		return message.Message{}, err
	}
	if reader.ID != 0 {
		m.Return, m.Language = reader.Key.Token(link.Return, reader.ID), reader.Language
	}
	words, err := c.write(ctx, letter, reader)
	m.Subject, m.HTML, m.Text = words.Subject, words.HTML, words.Text
	return m, err
}

// reader is whom the letter goes to; zero for letters to editors.
func (c *LetterComposer) reader(ctx context.Context, l outbox.Letter) (subscriber.Subscriber, error) {
	if !l.Kind.ForReader() {
		return subscriber.Subscriber{}, nil
	}
	return c.desk.Subscriber(ctx, l.Subscriber)
}

func (c *LetterComposer) write(ctx context.Context, l outbox.Letter, reader subscriber.Subscriber) (outbox.Words, error) {
	if l.Kind == outbox.Test {
		s, err := c.draft(ctx, l.Digest)
		if err != nil {
			return outbox.Words{}, err
		}
		return written(c.writer.Test(s))
	}
	f, err := c.facts(ctx, l, reader)
	if err != nil {
		return outbox.Words{}, err
	}
	return written(c.writer.Letter(l.Kind, f))
}

// written passes words on; a writer that fails will fail again.
func written(w outbox.Words, err error) (outbox.Words, error) {
	if err != nil {
		return outbox.Words{}, &Unmailable{err}
	}
	return w, nil
}

// facts gathers what a kind of letter speaks of.
func (c *LetterComposer) facts(ctx context.Context, l outbox.Letter, reader subscriber.Subscriber) (outbox.Facts, error) {
	switch l.Kind {
	case outbox.Confirm:
		claim := link.Claim{Subject: l.Subscriber, Stamp: l.Stamp, Expires: l.Created.Add(link.ConfirmFor)}
		return outbox.Facts{Link: c.Site.Confirm(c.Signer.Sign(link.Confirm, claim))}, nil
	case outbox.SignIn:
		claim := link.Claim{Subject: l.SignIn, Expires: l.Expires}
		return outbox.Facts{Link: c.Site.SignIn(c.Signer.Sign(link.SignIn, claim))}, nil
	case outbox.Welcome, outbox.Already, outbox.LeaveByMail, outbox.PreferencesByMail:
		return c.greeting(ctx, reader)
	default:
		return c.report(ctx, l)
	}
}

// greeting is what letters to readers say: how to leave, when the first digest
// comes, and where the newest is.
func (c *LetterComposer) greeting(ctx context.Context, reader subscriber.Subscriber) (outbox.Facts, error) {
	f := outbox.Facts{Link: c.Site.Leave(reader.Key.Token(link.Leave, reader.ID)), Preferences: c.preferences(reader.ID, reader.Moves)}
	if c.Next != nil {
		f.First = c.Next(c.Now()).At
	}
	latest, err := c.numbers.LatestDigest(ctx)
	switch {
	case err == nil:
		f.Latest = c.Site.Digest(latest.ID)
	case !fault.Is(err, fault.NotFound):
		return outbox.Facts{}, err
	}
	return f, nil
}

// report is what letters to editors say about a digest.
func (c *LetterComposer) report(ctx context.Context, l outbox.Letter) (outbox.Facts, error) {
	d, err := c.numbers.Digest(ctx, l.Digest)
	if err != nil {
		return outbox.Facts{}, err
	}
	tally, err := c.numbers.Tally(ctx, l.Digest)
	if err != nil {
		return outbox.Facts{}, err
	}
	f := outbox.Facts{Digest: d.Subject, Tally: tally, Excluded: d.Excluded, Reason: d.Reason, SendAt: d.SendAt, Console: c.Site.Console("digests/" + strconv.FormatInt(d.ID, 10))}
	if !d.Launched.IsZero() {
		f.Latest = c.Site.Digest(d.ID)
	}
	return f, nil
}

// draft is a digest as it stands: as it was approved, or as an approval would
// freeze it now.
func (c *LetterComposer) draft(ctx context.Context, id int64) (digest.Snapshot, error) {
	d, err := c.numbers.Digest(ctx, id)
	if err != nil {
		return digest.Snapshot{}, err
	}
	if d.Hash != "" {
		s, _, err := c.drafts.Snapshot(ctx, id)
		return s, err
	}
	topics, err := c.drafts.Topics(ctx)
	if err != nil {
		return digest.Snapshot{}, err
	}
	return d.Freeze(topics, d.Day(c.Now()), c.writer.Bundle())
}
