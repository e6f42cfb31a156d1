package story

import (
	"net"
	"net/url"
	"strings"

	"github.com/collabpulse/weekly/internal/fault"
)

// maxLink is the longest link kept, in octets.
const maxLink = 2000

// Canonical is the form in which two links to one page are equal: absolute,
// http or https, host in lower case without a default port, no fragment, no
// campaign parameters, the others in their given order. A relative link is
// resolved against base (RFC 3986 §5), which may be nil. The error is a
// fault.Invalid on the field "link".
func Canonical(raw string, base *url.URL) (string, error) {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil || raw == "" {
		return "", badLink()
	}
	if base != nil {
		u = base.ResolveReference(u)
	}
	if u.Scheme = strings.ToLower(u.Scheme); u.Scheme != "http" && u.Scheme != "https" {
		return "", badLink()
	}
	if u.Host = canonicalHost(u); u.Host == "" || u.User != nil {
		return "", badLink()
	}
	u.Fragment, u.RawFragment = "", ""
	u.RawQuery = withoutCampaign(u.RawQuery)
	u.ForceQuery = false
	if u.Path == "" {
		u.Path = "/"
	}
	text := u.String()
	if len(text) > maxLink {
		return "", badLink()
	}
	return text, nil
}

func badLink() error {
	return fault.Field("link", "A link looks like https://example.com/story.")
}

func canonicalHost(u *url.URL) string {
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	if host == "" || strings.ContainsAny(host, " <>\"'\\%") {
		return ""
	}
	port := u.Port()
	if port == "" || u.Scheme == "http" && port == "80" || u.Scheme == "https" && port == "443" {
		if strings.Contains(host, ":") {
			return "[" + host + "]"
		}
		return host
	}
	return net.JoinHostPort(host, port)
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
