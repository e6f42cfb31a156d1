package gather

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"net/url"
	"regexp"
	"strings"
)

// gofeed trusts its input. It copies the namespaces in scope at every element, so
// that 50 KB with 2,000 declared prefixes cost it 1.1 s and 1.5 GB; it appends the
// text of an extension piece by piece, so that 400 KB of pieces cost 1.8 s and
// 6 GB; both grow with the square of the size, and 8 MiB may come. It keeps every
// empty element, 1.6 GB for one megabyte of "<item/>"; it follows nesting on the
// stack; and it parses Atom's HTML into a tree, in which 35 KB of badly nested
// bold text grow to 24 MB. So a document is read once before, token by token and
// with the same decoder, counting what it would cost. What costs too much is
// refused; Atom's markup is relabelled, in place, so that gofeed hands it on
// unparsed.

// What a document may hold: several times what the largest real feeds do.
const (
	maxDepth   = 500       // elements within each other
	maxParts   = 250_000   // elements and attributes, together
	maxEntries = 10_000    // entries read; maxKept of them are kept
	maxTag     = 512 << 10 // octets in one tag, pictures written into it included
	maxEffort  = 2_000_000 // steps of at most a microsecond
	maxObjects = 50_000    // objects in a JSON Feed; its values count as parts
)

// survey is one walk through an XML document.
type survey struct {
	doc     []byte
	in      *tagReader
	dec     *xml.Decoder
	open    []level
	start   int64 // where the root element begins
	whole   int64 // behind the last entry that ended
	closing string
	parts   int
	entries int
	effort  int
	atom    bool
}

// level is one open element.
type level struct {
	name     string // as written, with its prefix
	prefixes int    // namespace declarations in scope
	text     int    // octets of text directly inside so far
	based    bool   // an absolute xml:base is in scope
}

// surveyXML returns the root element of an XML feed, ready for gofeed. A feed
// that breaks off or goes wrong after some entries is cut behind the last good
// one, because an editor would rather have most stories than none.
func surveyXML(doc []byte) ([]byte, error) {
	s := &survey{doc: doc, in: &tagReader{doc: doc}}
	s.dec = xml.NewDecoder(s.in)
	s.dec.Strict = false
	s.dec.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	for {
		done, err := s.step()
		if done {
			return doc[s.start:s.dec.InputOffset()], nil
		}
		if _, ours := errors.AsType[trouble](err); ours {
			return nil, err
		}
		if err != nil {
			return s.rescue()
		}
	}
}

// rescue closes the document behind its last whole entry.
func (s *survey) rescue() ([]byte, error) {
	if len(s.open) == 0 {
		return nil, notFeed(s.doc)
	}
	if s.whole == 0 {
		return nil, errMalformed
	}
	return append(s.doc[s.start:s.whole:s.whole], s.closing...), nil
}

// step reads one token; done is true behind the root's end.
func (s *survey) step() (done bool, err error) {
	at := s.dec.InputOffset()
	s.in.allow(at)
	token, err := s.dec.Token()
	if err != nil {
		return false, err
	}
	switch t := token.(type) {
	case xml.StartElement:
		err = s.enter(t, at)
	case xml.EndElement:
		s.leave(t)
		done = len(s.open) == 0
	case xml.CharData:
		if n := len(s.open); n > 0 {
			s.open[n-1].text += len(t)
			s.effort += s.open[n-1].text >> 11
		}
	}
	if err == nil && (s.effort > maxEffort || s.parts > maxParts || s.entries > maxEntries) {
		err = errTooComplex
	}
	return done, err
}

func (s *survey) enter(t xml.StartElement, at int64) error {
	if len(s.open) == 0 {
		if err := s.root(t, at); err != nil {
			return err
		}
	}
	if len(s.open) >= maxDepth {
		return errTooComplex
	}
	tag := s.doc[at:s.dec.InputOffset()]
	here := level{name: tagName(tag)}
	if n := len(s.open); n > 0 {
		here.prefixes, here.based = s.open[n-1].prefixes, s.open[n-1].based
	}
	for _, a := range t.Attr {
		if a.Name.Space == "xmlns" {
			here.prefixes++
		}
		if err := s.relabel(tag, a, &here); err != nil {
			return err
		}
	}
	s.open = append(s.open, here)
	s.parts += 1 + len(t.Attr)
	s.effort += 1 + here.prefixes>>3
	if isEntry(t.Name.Local) {
		s.entries++
	}
	return nil
}

// root says whether this is a feed at all.
func (s *survey) root(t xml.StartElement, at int64) error {
	switch strings.ToLower(t.Name.Local) {
	case "rss", "rdf":
	case "feed":
		s.atom = true
	case "html":
		return errPage
	default:
		return notFeed(s.doc)
	}
	s.start = at
	return nil
}

func (s *survey) leave(t xml.EndElement) {
	s.open = s.open[:len(s.open)-1]
	if !isEntry(t.Name.Local) || len(s.open) == 0 || len(s.open) > 2 {
		return
	}
	s.whole = s.dec.InputOffset()
	var closing strings.Builder
	for i := len(s.open) - 1; i >= 0; i-- {
		closing.WriteString("</" + s.open[i].name + ">")
	}
	s.closing = closing.String()
}

func isEntry(name string) bool {
	return strings.EqualFold(name, "item") || strings.EqualFold(name, "entry")
}

var (
	markupType = regexp.MustCompile(`(?i)(type\s*=\s*["']?)html\b`)
	xhtmlType  = regexp.MustCompile(`(?i)(type\s*=\s*["']?[^"'\s>]*)xhtml`)
	baseName   = regexp.MustCompile(`:base(\s*=)`)
)

const xmlNamespace = "http://www.w3.org/XML/1998/namespace"

// relabel changes an attribute in the document, keeping its length: Atom's
// markup types, to one that gofeed does not parse (type="text" it decodes once,
// as markup needs; an unknown type it leaves alone); and an xml:base that is no
// absolute address where none is in scope, such as a language put there by
// mistake, to nothing. What cannot be changed, because it is written in
// references, is refused.
func (s *survey) relabel(tag []byte, a xml.Attr, here *level) error {
	value := strings.ToLower(a.Value)
	switch {
	case s.atom && a.Name.Local == "type" && value == "html":
		return replaced(tag, markupType, "${1}text")
	case s.atom && a.Name.Local == "type" && strings.Count(value, "xhtml") == 1:
		return replaced(tag, xhtmlType, "${1}xmark")
	case s.atom && a.Name.Local == "type" && strings.Contains(value, "xhtml"):
		return errMalformed
	case a.Name.Local == "base" && a.Name.Space == xmlNamespace:
		if u, err := url.Parse(a.Value); err == nil && absolute(u) {
			here.based = true
		} else if !here.based {
			return replaced(tag, baseName, ":none${1}")
		}
	}
	return nil
}

func replaced(tag []byte, pattern *regexp.Regexp, with string) error {
	changed := pattern.ReplaceAll(tag, []byte(with))
	if len(changed) != len(tag) || bytes.Equal(changed, tag) {
		return errMalformed
	}
	copy(tag, changed)
	return nil
}

// tagName is the name in a start tag, as written.
func tagName(tag []byte) string {
	name := bytes.TrimPrefix(tag, []byte("<"))
	if end := bytes.IndexAny(name, " \t\r\n/>"); end >= 0 {
		name = name[:end]
	}
	return string(name)
}

// tagReader feeds the decoder octet by octet, so that it can stop it inside a
// tag that never ends: the decoder would keep every attribute of it.
type tagReader struct {
	doc   []byte
	next  int
	limit int
}

// allow bounds the token that begins at offset when it is a start tag.
func (r *tagReader) allow(offset int64) {
	r.limit = len(r.doc)
	if rest := r.doc[offset:]; len(rest) > 1 && rest[0] == '<' && rest[1] != '!' && rest[1] != '?' {
		r.limit = min(r.limit, int(offset)+maxTag)
	}
}

// ReadByte is the next octet, or errTooComplex when the tag has become too long.
func (r *tagReader) ReadByte() (byte, error) {
	if r.next >= r.limit {
		if r.limit < len(r.doc) {
			return 0, errTooComplex
		}
		return 0, io.EOF
	}
	r.next++
	return r.doc[r.next-1], nil
}

// Read makes it an io.Reader; the decoder uses ReadByte.
func (r *tagReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	b, err := r.ReadByte()
	if err != nil {
		return 0, err
	}
	p[0] = b
	return 1, nil
}

// surveyJSON counts the objects and values of a JSON document: two octets of
// "{}" make gofeed keep several hundred.
func surveyJSON(doc []byte) error {
	objects, values := 0, 0
	quoted, escaped := false, false
	for _, b := range doc {
		switch {
		case escaped:
			escaped = false
		case quoted && b == '\\':
			escaped = true
		case b == '"':
			quoted = !quoted
		case !quoted && b == '{':
			objects++
		case !quoted && b == ',':
			values++
		}
	}
	if objects > maxObjects || values > maxParts {
		return errTooComplex
	}
	return nil
}
