// Package emails is every mail the service sends, as files: the templates of the
// HTML and text parts, and the style sheets and tokens they are dressed with.
//
// The files are written for people to read and change. html/ holds the HTML
// parts: they name classes and never a colour; inline.css says what a class
// means, head.css what only a style element can say. text/ holds the text parts
// and every subject. page/ holds the digest as a part of a web page, which the
// site dresses itself. Package render reads all of it once, at the start.
package emails

import "embed"

// Files holds tokens.css, html/, page/ and text/.
//
//go:embed tokens.css html page text
var Files embed.FS

// Tokens is tokens.css: the values that pages and mails share.
//
//go:embed tokens.css
var Tokens string
