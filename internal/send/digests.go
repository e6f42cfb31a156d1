package send

import (
	"context"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/edition"
	"github.com/collabpulse/weekly/internal/link"
	"github.com/collabpulse/weekly/internal/message"
)

// Archive is where approved digests and their editions are kept.
type Archive interface {
	Digest(ctx context.Context, id int64) (digest.Digest, error)
	// Snapshot is what was approved, and its hash.
	Snapshot(ctx context.Context, id int64) (digest.Snapshot, string, error)
	// Missed is what is merged into a digest for readers who had one last, the newest first.
	Missed(ctx context.Context, id, since int64) ([]digest.Snapshot, error)
	Edition(ctx context.Context, digest int64, key string) (body []byte, found bool, err error)
	// KeepEdition keeps an edition unless one is kept already, and returns the one that is.
	KeepEdition(ctx context.Context, digest int64, key string, body []byte) ([]byte, error)
}

// Printer renders editions.
type Printer interface {
	Edition(s digest.Snapshot, hash string, k edition.Key) (edition.Edition, error)
}

// Compiler turns an edition into the bytes that go over the wire, but for what
// differs from reader to reader. An error says that it will never be able to.
type Compiler interface {
	Compile(e edition.Edition, language string) (*message.Print, error)
}

// DigestComposer makes the mail of a digest's rows. An edition is rendered and
// compiled once in its life: the first worker that needs it stores its bytes, and
// all of them send those, so an upgrade in the middle of a digest changes
// nothing. The last used ones are kept decoded, up to 16 MB.
type DigestComposer struct {
	archive  Archive
	printer  Printer
	compiler Compiler
	shelf    *shelf
	Stationery
}

// NewDigestComposer makes a composer.
func NewDigestComposer(archive Archive, printer Printer, compiler Compiler, s Stationery) *DigestComposer {
	return &DigestComposer{archive: archive, printer: printer, compiler: compiler, Stationery: s, shelf: newShelf(16 << 20)}
}

// Compose joins the reader's edition and the reader's own values.
func (c *DigestComposer) Compose(ctx context.Context, scope delivery.Scope, claim delivery.Claim, to delivery.Recipient) (message.Message, error) {
	p, err := c.print(ctx, scope.Digest, claim.Edition)
	if err != nil {
		return message.Message{}, err
	}
	return message.Message{
		To:     to.Address,
		ID:     p.salt.MessageID(to.ID),
		Return: to.Key.Token(link.Return, to.ID),
		Date:   c.Now(),
		Leave:  c.Site.Leave(to.Key.Token(link.Leave, to.ID)),
		Print:  p.compiled,

		Preferences: c.preferences(to.ID, to.Moves),
	}, nil
}

// print is one edition ready to be filled.
type print struct {
	compiled *message.Print
	salt     delivery.Salt
}

func (p print) size() int { return p.compiled.Size() }

// print finds an edition on the shelf, in the archive, or makes it. Lanes that
// miss it at the same moment each make it; the archive sees to it that they
// agree.
func (c *DigestComposer) print(ctx context.Context, id int64, key string) (print, error) {
	if p, ok := c.shelf.find(id, key); ok {
		return p, nil
	}
	k, err := edition.ParseKey(key)
	if err != nil {
		return print{}, &Unprintable{err}
	}
	d, err := c.archive.Digest(ctx, id)
	if err != nil {
		return print{}, judged(err)
	}
	body, found, err := c.archive.Edition(ctx, id, key)
	if err == nil && !found {
		body, err = c.make(ctx, id, k)
	}
	if err != nil {
		return print{}, judged(err)
	}
	compiled, err := c.decode(body, k)
	if err != nil {
		return print{}, &Unprintable{err}
	}
	p := print{compiled: compiled, salt: d.Salt}
	c.shelf.put(id, key, p)
	return p, nil
}

// decode reads a kept edition. One that was kept before editions were compiled is
// compiled here, so that a digest under way goes on over an upgrade.
func (c *DigestComposer) decode(body []byte, k edition.Key) (*message.Print, error) {
	if message.IsPrint(body) {
		return message.DecodePrint(body)
	}
	e, err := edition.Decode(body)
	if err != nil {
		return nil, err
	}
	return c.compiler.Compile(e, k.Language)
}

func (c *DigestComposer) make(ctx context.Context, id int64, k edition.Key) ([]byte, error) {
	s, hash, err := c.archive.Snapshot(ctx, id)
	if err != nil {
		return nil, err
	}
	if k.Since != 0 {
		missed, err := c.archive.Missed(ctx, id, k.Since)
		if err != nil {
			return nil, err
		}
		s = s.With(missed)
	}
	e, err := c.printer.Edition(s, hash, k)
	if err != nil {
		return nil, &Unprintable{err}
	}
	compiled, err := c.compiler.Compile(e, k.Language)
	if err != nil {
		return nil, &Unprintable{err}
	}
	return c.archive.KeepEdition(ctx, id, k.String(), compiled.Encode())
}

// judged tells what the archive will always answer from what will pass.
func judged(err error) error {
	if final(err) {
		return &Unprintable{err}
	}
	return err
}
