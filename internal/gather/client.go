package gather

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"code.dny.dev/ssrf"

	"github.com/collabpulse/weekly/internal/source"
)

// What a fetch may take.
const (
	totalTime    = 20 * time.Second // from dialling to the last byte
	headerTime   = 10 * time.Second // from the request to the answer's header
	dialTime     = 8 * time.Second
	maxRedirects = 4
	maxBody      = 8 << 20  // octets, after decompression
	maxHeader    = 64 << 10 // octets
)

// Options say how a Client behaves.
type Options struct {
	// Site is our own address. Requests name it, so that whoever runs a feed can
	// find out who reads it.
	Site string
	// AllowPrivate lets sources, and the links and pictures in them, lead to
	// private and loopback addresses. It is for tests and the demo.
	AllowPrivate bool
	// Timeout bounds a whole fetch; zero is 20 seconds.
	Timeout time.Duration
}

// Client fetches feeds. It keeps no cookies, uses no proxy, and is safe for
// concurrent use.
type Client struct {
	http    *http.Client
	agent   string
	private bool
	timeout time.Duration
}

// NewClient makes a client; the zero Options are the careful ones.
func NewClient(o Options) *Client {
	if o.AllowPrivate {
		return newClient(o, nil)
	}
	// Any port: feeds on 8080 exist, and a public host's other ports answer
	// nothing that a feed parser would repeat.
	return newClient(o, ssrf.New(ssrf.WithAnyPort()).Safe)
}

// newClient dials only what control lets pass. It is asked with the address
// itself, after the name was looked up and for every connection, so that neither
// a redirect nor a changing name gets around it.
func newClient(o Options, control func(network, address string, c syscall.RawConn) error) *Client {
	c := &Client{agent: "CollabPulseWeekly", private: o.AllowPrivate, timeout: o.Timeout}
	if o.Site != "" {
		c.agent += " (+" + o.Site + ")"
	}
	if c.timeout <= 0 {
		c.timeout = totalTime
	}
	dialer := &net.Dialer{Timeout: dialTime, Control: control}
	c.http = &http.Client{
		CheckRedirect: checkRedirect,
		Transport: &http.Transport{
			DialContext:            dialer.DialContext,
			ForceAttemptHTTP2:      true,
			TLSHandshakeTimeout:    dialTime,
			ResponseHeaderTimeout:  headerTime,
			MaxResponseHeaderBytes: maxHeader,
			MaxIdleConns:           16,
			IdleConnTimeout:        30 * time.Second,
		},
	}
	return c
}

// checkRedirect follows a few redirects, to http and https only. The Referer
// goes: a source's address may hold a key that the next host must not learn.
func checkRedirect(r *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return errRedirects
	}
	if r.URL.Scheme != "http" && r.URL.Scheme != "https" || r.URL.Host == "" || r.URL.User != nil {
		return errRedirectTarget
	}
	r.Header.Del("Referer")
	return nil
}

// Page is a fetched document.
type Page struct {
	URL        *url.URL // where it was found in the end
	Type       string   // its Content-Type
	Body       []byte
	Validators source.Validators
	Unchanged  bool // 304: there is no body, what we have is what there is
}

const accept = "application/rss+xml, application/atom+xml, application/feed+json, " +
	"application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, */*;q=0.1"

// Fetch gets the document at address. It sends what is known of it, so that the
// server may answer that nothing changed (RFC 9110 §13.1). An error says in its
// sentence what an editor can do; it never holds the address.
func (c *Client) Fetch(ctx context.Context, address string, known source.Validators) (Page, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return Page{}, errAddress
	}
	req.Header.Set("User-Agent", c.agent)
	req.Header.Set("Accept", accept)
	setIf(req.Header, "If-None-Match", known.ETag)
	setIf(req.Header, "If-Modified-Since", known.LastModified)
	resp, err := c.http.Do(req)
	if err != nil {
		return Page{}, err
	}
	defer resp.Body.Close()
	page := Page{URL: resp.Request.URL, Type: resp.Header.Get("Content-Type"), Validators: validators(resp.Header)}
	switch {
	case resp.StatusCode == http.StatusNotModified && known != source.Validators{}:
		page.Unchanged, page.Validators = true, merged(page.Validators, known)
		return page, nil
	case resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusNonAuthoritativeInfo:
		return Page{}, refused{status: resp.StatusCode, retryAfter: resp.Header.Get("Retry-After")}
	}
	page.Body, err = readBody(resp)
	return page, err
}

// readBody reads at most maxBody octets of the decompressed body.
func readBody(resp *http.Response) ([]byte, error) {
	if encoding := resp.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return nil, errEncoding
	}
	if resp.ContentLength > maxBody {
		return nil, errTooLarge
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err != nil {
		return nil, err
	}
	if len(body) > maxBody {
		return nil, errTooLarge
	}
	return body, nil
}

func setIf(h http.Header, name, value string) {
	if value != "" {
		h.Set(name, value)
	}
}

// maxValidator is the longest validator worth keeping, in octets.
const maxValidator = 500

// validators keeps what can be sent back as it came; anything odd is dropped,
// which costs one full fetch.
func validators(h http.Header) source.Validators {
	return source.Validators{ETag: validator(h.Get("ETag")), LastModified: validator(h.Get("Last-Modified"))}
}

func validator(value string) string {
	odd := func(r rune) bool { return r < ' ' || r > '~' }
	if len(value) > maxValidator || strings.ContainsFunc(value, odd) {
		return ""
	}
	return value
}

// merged takes a 304's own validators where it has some (RFC 9110 §15.4.5).
func merged(answer, known source.Validators) source.Validators {
	if answer.ETag == "" {
		answer.ETag = known.ETag
	}
	if answer.LastModified == "" {
		answer.LastModified = known.LastModified
	}
	return answer
}
