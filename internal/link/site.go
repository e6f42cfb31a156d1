package link

import (
	"net/url"
	"strconv"
	"strings"
)

// Site knows where everything public lives, so that mails, pages and commands
// name the same addresses. Tokens stand in the path, never in a query, which
// proxies and analytics like to keep.
type Site struct{ base string }

// NewSite takes PULSE_BASE_URL.
func NewSite(base *url.URL) Site { return Site{base: strings.TrimSuffix(base.String(), "/")} }

// Base is the site's own address without a final slash.
func (s Site) Base() string { return s.base }

// Home is the sign-up page.
func (s Site) Home() string { return s.base + "/" }

// Confirm is where a reader completes a sign-up.
func (s Site) Confirm(token string) string { return s.base + "/confirm/" + token }

// Leave is where a reader leaves: a page for GET, one click for POST (RFC 8058).
func (s Site) Leave(token string) string { return s.base + "/leave/" + token }

// Preferences is where a reader changes what they get.
func (s Site) Preferences(token string) string { return s.base + "/preferences/" + token }

// Privacy is what is kept of whom, and why.
func (s Site) Privacy() string { return s.base + "/privacy" }

// Digest is the public page of one digest.
func (s Site) Digest(id int64) string { return s.base + "/digests/" + strconv.FormatInt(id, 10) }

// Latest is the public page of the newest digest.
func (s Site) Latest() string { return s.base + "/digests/latest" }

// Console is a page of the console: "" for its first, "digests/7" for another.
func (s Site) Console(page string) string { return strings.TrimSuffix(s.base+"/console/"+page, "/") }

// SignIn is where an editor uses a one-time link.
func (s Site) SignIn(token string) string { return s.base + "/console/sign-in/" + token }
