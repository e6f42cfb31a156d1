// Package render turns what was approved into what is read: editions of a
// digest, the digest's public page, and letters.
//
// Everything it prints comes from three places. The templates in package emails
// say what a mail contains; the snapshot or the facts of a letter fill them; the
// tokens colour them. The templates are prepared once, by New: tokens become
// values, classes become style attributes, the dark style sheet is made, and the
// comments that only Outlook reads are kept from html/template, which would drop
// them. After that a Renderer never changes and is safe for many goroutines.
//
// Three promises are kept here rather than trusted to others:
//
//   - Gathered text cannot become markup, in either part: html/template escapes
//     it, and control characters, direction overrides and line breaks are gone
//     before it gets that far.
//   - Every link is absolute http or https; what is not is printed as text.
//   - An HTML part stays under MaxHTML, so that no mailbox clips off the footer
//     with the link to leave: texts are shortened first, then pictures go, then
//     stories move to the web.
//
// An edition is a pure function of snapshot, hash and key: no clock, no
// randomness, no order of a map shows in it.
package render

import (
	"html/template"
	"strconv"
	"strings"
	"time"

	"github.com/collabpulse/weekly/emails"
	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/edition"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/link"
	"github.com/collabpulse/weekly/internal/outbox"
)

// Brand is who is speaking.
type Brand struct {
	Name   string // on the masthead, in subjects and footers
	Site   link.Site
	Postal string         // postal address in every footer; line breaks are kept
	Zone   *time.Location // whose clocks the dates are told by; UTC when nil
}

// Renderer writes mails and pages for one brand.
type Renderer struct {
	brand  Brand
	bundle string
	mails  map[string]mail
	page   *template.Template
}

// New prepares the embedded templates. It fails with a fault.Invalid on a brand
// without a name or a site; any other error is a fault of the templates, which
// the tests would have found.
func New(brand Brand) (*Renderer, error) {
	if strings.TrimSpace(brand.Name) == "" || brand.Site.Base() == "" {
		return nil, fault.New(fault.Invalid, "Mails need a name to speak in and the address of the site.")
	}
	if brand.Zone == nil {
		brand.Zone = time.UTC
	}
	src, err := read(emails.Files)
	if err != nil {
		return nil, err
	}
	mails, err := src.mails()
	if err != nil {
		return nil, err
	}
	page, err := src.page()
	if err != nil {
		return nil, err
	}
	return &Renderer{brand: brand, bundle: src.hash(), mails: mails, page: page}, nil
}

// Bundle names the templates and tokens: the SHA-256 of all of them, in hex. A
// snapshot carries it, so an approval says by which templates it was seen.
func (r *Renderer) Bundle() string { return r.bundle }

// Edition renders the snapshot, whose hash it is given, for the readers of one
// key. The reader's own link to leave stands in it as a slot, once in each part.
// The frame is written in English whatever language the key asks for.
func (r *Renderer) Edition(s digest.Snapshot, hash string, k edition.Key) (edition.Edition, error) {
	slots := edition.SlotsFor(hash)
	n := r.number(s.For(k.Topics))
	n.Leave, n.Preferences = slots.Leave, slots.Preferences
	out, err := r.mails["digest"].write(n, k.Plain)
	return edition.Edition{Subject: out.Subject, HTML: out.HTML, Text: out.Text, Slots: slots}, err
}

// Test renders the snapshot as an editor gets it for a look: every topic, a
// banner that says what it is, and no link to leave, since an editor has none.
// It is what a letter of the kind outbox.Test says.
func (r *Renderer) Test(s digest.Snapshot) (outbox.Words, error) {
	n := r.number(s)
	n.Banner = "A test: this is the digest as it stands now, and only you have it."
	n.Web, n.WebLabel = r.brand.Site.Console("digests/"+strconv.FormatInt(s.Digest, 10)), "See it in the console"
	return r.mails["digest"].write(n, false)
}

// Page renders the snapshot as a fragment of a web page: one article of class
// "digest", headings from h2 down, no style of its own.
func (r *Renderer) Page(s digest.Snapshot) (template.HTML, error) {
	var b strings.Builder
	err := r.page.ExecuteTemplate(&b, "page", r.number(s))
	return template.HTML(b.String()), err
}

// Letter renders a mail that is not a digest. It fails with a fault.Invalid when
// the facts lack the link the letter is for, and for outbox.Test, which is made
// from a digest by Test.
func (r *Renderer) Letter(kind outbox.Kind, f outbox.Facts) (outbox.Words, error) {
	if err := suffice(f, kind); err != nil {
		return outbox.Words{}, err
	}
	return r.mails[kind.String()].write(r.letter(f), false)
}
