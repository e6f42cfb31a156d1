// Package source is where stories come from: an RSS, Atom or JSON feed that is
// looked at on a timetable, politely, and that may fail without troubling the
// others.
package source

import (
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/topic"
)

// Source is one feed.
type Source struct {
	ID         int64
	URL        string
	Title      string // as the feed calls itself, once it has been fetched
	Topic      topic.ID
	Active     bool
	Validators Validators
	Due        time.Time // when it is next looked at
	Fetched    time.Time // last attempt; zero for never
	Succeeded  time.Time // last success; zero for never
	Failures   int       // failures in a row
	Error      string    // what the last attempt said, "" when it went well
	Stories    int       // how many stories it has given
	Created    time.Time
}

// Validators are what a conditional GET sends back (RFC 9110 §13.1).
type Validators struct {
	ETag         string
	LastModified string
}

// Visit is the outcome of one look at a source.
type Visit struct {
	At         time.Time
	Title      string
	Validators Validators
	Unchanged  bool   // the server answered 304
	Error      string // "" when it went well
	Next       time.Time
}

// Every is how often a healthy source is looked at.
const Every = time.Hour

// maxBackOff bounds how long a failing source is left alone.
const maxBackOff = 24 * time.Hour

// NextVisit is when to look again after the given number of failures in a row:
// Every, doubled for each failure, at most a day.
func NextVisit(now time.Time, failures int) time.Time {
	wait := Every << max(0, min(failures, 5))
	return now.Add(min(wait, maxBackOff))
}

// maxURL is the longest feed address accepted, in octets.
const maxURL = 2000

// ParseURL checks a feed's address: http or https, a host, no user or password.
// What it returns is the same for two spellings of one address: scheme and host
// in lower case, no fragment. The error is a fault.Invalid on the field "url".
func ParseURL(raw string) (string, error) {
	text := strings.TrimSpace(raw)
	if text == "" {
		return "", fault.Field("url", "Please enter the feed's address.")
	}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.Opaque != "" || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsSpace) {
		return "", fault.Field("url", "A feed's address looks like https://example.com/feed.xml.")
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return "", fault.Field("url", "A feed's address starts with http:// or https://.")
	}
	if u.User != nil {
		return "", fault.Field("url", "A feed's address must not hold a user name or password.")
	}
	u.Host, u.Fragment, u.RawFragment = strings.ToLower(u.Host), "", ""
	address := u.String()
	if len(address) > maxURL {
		return "", fault.Field("url", "A feed's address has at most %d characters.", maxURL)
	}
	return address, nil
}
