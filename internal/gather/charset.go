package gather

import (
	"bytes"
	"mime"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// toUTF8 decodes a document whatever its encoding. The mark at its start
// decides, then the server's charset parameter, then the XML declaration
// (RFC 7303 §3.2), then UTF-8. Labels are wrong often enough that the octets are
// believed over them: text that is UTF-8 is taken as such, and text that claims
// to be and is not is Windows-1252 when nothing in it is UTF-8. The result is
// always valid UTF-8, without a mark.
func toUTF8(doc []byte, contentType string) []byte {
	if utf16, order := sniffUTF16(doc); utf16 {
		text, err := unicode.UTF16(order, unicode.UseBOM).NewDecoder().Bytes(doc)
		if err == nil {
			return text
		}
	}
	doc = bytes.TrimPrefix(doc, []byte("\xef\xbb\xbf"))
	label := charsetOf(contentType)
	if label == "" {
		label = declared(doc)
	}
	enc, name := charset.Lookup(label)
	switch {
	case enc == nil, name == "replacement", strings.HasPrefix(name, "utf-"), singleByte(name) && utf8.Valid(doc):
		return mendUTF8(doc)
	}
	text, err := enc.NewDecoder().Bytes(doc)
	if err != nil {
		return mendUTF8(doc)
	}
	return bytes.ToValidUTF8(text, nil)
}

// sniffUTF16 looks for a byte order mark, or for the zero octet beside the "<"
// or "{" that every feed starts with.
func sniffUTF16(doc []byte) (bool, unicode.Endianness) {
	if len(doc) < 2 {
		return false, unicode.BigEndian
	}
	switch first, second := doc[0], doc[1]; {
	case first == 0xfe && second == 0xff, first == 0 && (second == '<' || second == '{'):
		return true, unicode.BigEndian
	case first == 0xff && second == 0xfe, second == 0 && (first == '<' || first == '{'):
		return true, unicode.LittleEndian
	}
	return false, unicode.BigEndian
}

func charsetOf(contentType string) string {
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return ""
	}
	return params["charset"]
}

var (
	declaration = regexp.MustCompile(`<\?xml\s[^>]*>`)
	encodingOf  = regexp.MustCompile(`\sencoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']`)
)

// declared is the encoding named in the XML declaration, which sloppy feeds let
// other things stand before.
func declared(doc []byte) string {
	if m := encodingOf.FindSubmatch(declaration.Find(start(doc))); m != nil {
		return string(m[1])
	}
	return ""
}

// start is as much of a document as is searched for its declaration.
func start(doc []byte) []byte { return doc[:min(len(doc), 1024)] }

// singleByte reports whether text in that encoding is UTF-8 only when it truly
// is: a run of high octets that forms UTF-8 by chance says nothing in any of them.
func singleByte(name string) bool {
	return strings.HasPrefix(name, "windows-") || strings.HasPrefix(name, "iso-8859-") || name == "macintosh"
}

func mendUTF8(doc []byte) []byte {
	if utf8.Valid(doc) {
		return doc
	}
	if !hasUTF8(doc) {
		if text, err := charmap.Windows1252.NewDecoder().Bytes(doc); err == nil {
			return text
		}
	}
	return bytes.ToValidUTF8(doc, nil)
}

// hasUTF8 reports whether any character beyond ASCII is well-formed UTF-8.
func hasUTF8(doc []byte) bool {
	for len(doc) > 0 {
		r, size := utf8.DecodeRune(doc)
		if r >= utf8.RuneSelf && size > 1 {
			return true
		}
		doc = doc[size:]
	}
	return false
}
