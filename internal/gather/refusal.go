package gather

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"

	"code.dny.dev/ssrf"
)

// trouble is a failure whose text is a sentence for an editor.
type trouble string

// Error is the sentence.
func (t trouble) Error() string { return string(t) }

// What can be wrong with a source, told to somebody who can do something about it.
const (
	errAddress        = trouble("The address cannot be fetched; look for a typing mistake.")
	errRedirects      = trouble("The server keeps redirecting; use the address it ends at.")
	errRedirectTarget = trouble("The server redirects to an address that is not http or https.")
	errTooLarge       = trouble("The feed is too large; at most 8 MiB are read.")
	errEncoding       = trouble("The server sent the feed in a compression nobody asked for.")
	errEmpty          = trouble("The server sent an empty page.")
	errPage           = trouble("That address is a web page; enter the address of its feed.")
	errNotFeed        = trouble("That address does not hold an RSS, Atom or JSON feed.")
	errMalformed      = trouble("The feed is malformed and cannot be read.")
	errTooComplex     = trouble("The feed is too deep or has too many parts to be read.")
	errNoLinks        = trouble("None of the feed's entries has a link that readers can open.")
)

// refused is an answer other than the document.
type refused struct {
	status     int
	retryAfter string // the header of that name
}

// Error says what the status means for the source.
func (r refused) Error() string {
	switch {
	case r.status == http.StatusGone:
		return "The feed is gone for good (410); remove this source."
	case r.status == http.StatusNotFound:
		return "There is no feed at that address (404)."
	case r.status == http.StatusUnauthorized, r.status == http.StatusForbidden:
		return fmt.Sprintf("The server does not let us read the feed (%d).", r.status)
	case r.status == http.StatusTooManyRequests:
		return "The server asks us to come back later (429)."
	case r.status >= 500:
		return fmt.Sprintf("The server has a problem of its own (%d).", r.status)
	default:
		return fmt.Sprintf("The server answered with status %d instead of a feed.", r.status)
	}
}

// sentence says to an editor why a source could not be read. It repeats nothing
// of the address, whose query may hold a key, nor of the server's words.
func sentence(err error) string {
	if t, ok := errors.AsType[trouble](err); ok {
		return t.Error()
	}
	if r, ok := errors.AsType[refused](err); ok {
		return r.Error()
	}
	if isTimeout(err) {
		return "The server did not answer in time."
	}
	if errors.Is(err, ssrf.ErrProhibitedIP) || errors.Is(err, ssrf.ErrProhibitedNetwork) {
		return "The address leads into a private network, where feeds may not be read."
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		if dns.IsNotFound {
			return "There is no server of that name."
		}
		return "The server's name cannot be looked up just now."
	}
	if errors.Is(err, syscall.ECONNREFUSED) {
		return "The server refuses connections."
	}
	if untrusted(err) {
		return "The server's certificate cannot be trusted."
	}
	return "The connection to the server failed."
}

func isTimeout(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	n, ok := errors.AsType[net.Error](err)
	return ok && n.Timeout()
}

func untrusted(err error) bool {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	_, ok := errors.AsType[x509.HostnameError](err)
	return ok
}

// maxRetryAfter bounds how long a server may send us away.
const maxRetryAfter = 24 * time.Hour

// retryAfter is how long a server that is overloaded (429, 503) asks to be left
// alone, in seconds or as a date (RFC 9110 §10.2.3); zero when it does not say.
func retryAfter(err error, now time.Time) time.Duration {
	r, ok := errors.AsType[refused](err)
	if !ok || r.status != http.StatusTooManyRequests && r.status != http.StatusServiceUnavailable {
		return 0
	}
	value := strings.TrimSpace(r.retryAfter)
	if seconds, err := strconv.Atoi(value); err == nil {
		// Compared in seconds: multiplied first, a large number would overflow.
		return time.Duration(max(0, min(seconds, int(maxRetryAfter/time.Second)))) * time.Second
	}
	date, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return max(0, min(date.Sub(now), maxRetryAfter))
}
