package story

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"github.com/collabpulse/weekly/internal/fault"
)

// maxLink is the longest link kept, in octets.
const maxLink = 2000

// Canonical is the form in which two links to one page are equal: absolute, http
// or https, host in lower case and ASCII (RFC 5891) without a default port, no
// dot segments, no fragment, no campaign parameters, the others in their given
// order, everything else percent-encoded in capitals (RFC 3986 §6.2.2). A
// relative link is resolved against base (RFC 3986 §5), which may be nil.
// Canonical of a canonical link is that link. The error is a fault.Invalid on the
// field "link".
func Canonical(raw string, base *url.URL) (string, error) {
	text := strings.TrimSpace(raw)
	u, err := url.Parse(text)
	if err != nil || text == "" {
		return "", badLink()
	}
	if base == nil {
		base = u // takes the dot segments out of an absolute link, leaves a relative one relative
	}
	u = base.ResolveReference(u)
	if u.Scheme = strings.ToLower(u.Scheme); u.Scheme != "http" && u.Scheme != "https" {
		return "", badLink()
	}
	if u.Host = canonicalHost(u); u.Host == "" || u.User != nil {
		return "", badLink()
	}
	if u.Path == "" {
		u.Path = "/"
	}
	u.RawPath = escaped(u.EscapedPath())
	u.RawQuery, u.ForceQuery = escaped(withoutCampaign(u.RawQuery)), false
	u.Fragment, u.RawFragment = "", ""
	link := u.String()
	if len(link) > maxLink {
		return "", badLink()
	}
	return link, nil
}

func badLink() error {
	return fault.Field("link", "A link looks like https://example.com/story.")
}

// canonicalHost is the host and, unless it is the scheme's own, the port; "" when
// the host is no name and no address.
func canonicalHost(u *url.URL) string {
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	if strings.ContainsFunc(host, beyondASCII) {
		ascii, err := idna.Lookup.ToASCII(host)
		if err != nil || !utf8.ValidString(host) {
			return ""
		}
		host = ascii
	}
	if !isName(host) && net.ParseIP(host) == nil {
		return ""
	}
	port := u.Port()
	if port == "" || u.Scheme == "http" && port == "80" || u.Scheme == "https" && port == "443" {
		if strings.Contains(host, ":") {
			return "[" + host + "]"
		}
		return host
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return ""
	}
	return net.JoinHostPort(host, port)
}

// isName reports whether host is labels of letters, digits, hyphens and, since
// blogs are called so, underscores.
func isName(host string) bool {
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	return true
}

func beyondASCII(r rune) bool { return r >= utf8.RuneSelf }

// escaped percent-encodes what may not stand in a path or query (RFC 3986 §3.3,
// §3.4), and writes what is encoded already in capitals.
func escaped(part string) string {
	var b strings.Builder
	for i := 0; i < len(part); i++ {
		switch c := part[i]; {
		case c == '%' && i+2 < len(part) && isHex(part[i+1]) && isHex(part[i+2]):
			b.WriteString(strings.ToUpper(part[i : i+3]))
			i += 2
		case c <= ' ' || c >= 0x7f || strings.IndexByte("\"%<>\\^`{|}", c) >= 0:
			fmt.Fprintf(&b, "%%%02X", c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// campaign are the parameters that say how somebody came to a page, never which page it is.
var campaign = map[string]bool{
	"fbclid": true, "gclid": true, "dclid": true, "msclkid": true, "igshid": true,
	"mc_cid": true, "mc_eid": true, "yclid": true, "_hsenc": true, "_hsmi": true,
}

func withoutCampaign(query string) string {
	if query == "" {
		return ""
	}
	kept := make([]string, 0, 4)
	for pair := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(pair, "=")
		name = strings.ToLower(name)
		if pair == "" || campaign[name] || strings.HasPrefix(name, "utm_") {
			continue
		}
		kept = append(kept, pair)
	}
	return strings.Join(kept, "&")
}
