package address

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"

	"github.com/collabpulse/weekly/internal/fault"
)

// Grouping is the domain group of one domain, as it was found out.
type Grouping struct {
	Domain string
	Group  string
}

// mailHosts are the names under which large providers run the servers that take mail
// for other people's domains: whoever has their mail there falls under the same limits.
// Each is what the provider tells its customers to enter as MX.
var mailHosts = map[string]string{
	"google.com": "gmail", "googlemail.com": "gmail", // Google Workspace
	"protection.outlook.com": "outlook", "mx.microsoft": "outlook", // Exchange Online
	"yahoodns.net":          "yahoo",  // Yahoo, AOL and their business mail
	"mail.icloud.com":       "icloud", // iCloud+ with a domain of one's own
	"zoho.com":              "zoho",
	"zoho.eu":               "zoho",
	"protonmail.ch":         "proton",
	"messagingengine.com":   "fastmail",
	"gmx.net":               "gmx",
	"web.de":                "gmx", // one company's servers
	"kundenserver.de":       "ionos",
	"ionos.com":             "ionos",
	"ovh.net":               "ovh",
	"yandex.net":            "yandex",
	"yandex.ru":             "yandex",
	"mail.ru":               "mailru",
	"pphosted.com":          "proofpoint",
	"ppe-hosted.com":        "proofpoint",
	"mimecast.com":          "mimecast",
	"barracudanetworks.com": "barracuda",
	"secureserver.net":      "godaddy",
}

// GroupRules say which domain group a domain belongs to, when its mail servers are known.
// The zero value knows the large providers.
type GroupRules struct {
	domains map[string]string // overrides, by domain
	hosts   map[string]string // overrides, by what a mail server's name ends with
}

// mostRules is how many overrides there may be.
const mostRules = 1000

// ParseGroupRules reads overrides, separated by commas: example.org=gmail puts one
// domain into a group, and mx:mail.example.net=examplenet every domain whose mail goes
// to a server of that name, or of a name that ends with it. The error is a
// fault.Invalid.
func ParseGroupRules(text string) (GroupRules, error) {
	r := GroupRules{domains: map[string]string{}, hosts: map[string]string{}}
	entries := strings.FieldsFunc(text, func(c rune) bool { return c == ',' || c == ' ' || c == '\n' })
	if len(entries) > mostRules {
		return r, fault.New(fault.Invalid, "no more than %d domain groups can be given.", mostRules)
	}
	for _, entry := range entries {
		name, group, _ := strings.Cut(entry, "=")
		host, byHost := strings.CutPrefix(name, "mx:")
		domain, err := parseDomain(cmp.Or(host, name))
		if err != nil || !validGroup(group) {
			return r, fault.New(fault.Invalid, "domain groups look like example.org=gmail or, by the name of the mail server, mx:mail.example.net=examplenet.")
		}
		if provider, fixed := groups[domain]; fixed && !byHost {
			return r, fault.New(fault.Invalid, "%s always belongs to %s.", domain, provider)
		}
		if byHost {
			r.hosts[domain] = group
		} else {
			r.domains[domain] = group
		}
	}
	return r, nil
}

// validGroup reports whether a domain group can have the name: that of a provider or
// of a domain.
func validGroup(name string) bool {
	for label := range strings.SplitSeq(name, ".") {
		if !validLabel(label) {
			return false
		}
	}
	return len(name) <= maxDomain
}

// String lists the overrides as ParseGroupRules reads them.
func (r GroupRules) String() string {
	var all []string
	for domain, group := range r.domains {
		all = append(all, domain+"="+group)
	}
	for host, group := range r.hosts {
		all = append(all, "mx:"+host+"="+group)
	}
	slices.Sort(all)
	return strings.Join(all, ",")
}

// Version tells these rules from others, the providers' names included: what was
// found out by others must be found out anew.
func (r GroupRules) Version() string {
	h := sha256.New()
	h.Write([]byte(r.String()))
	for _, host := range slices.Sorted(maps.Keys(mailHosts)) {
		h.Write([]byte("\n" + host + "=" + mailHosts[host]))
	}
	return hex.EncodeToString(h.Sum(nil)[:6])
}

// Any reports whether there are overrides.
func (r GroupRules) Any() bool { return len(r.domains)+len(r.hosts) > 0 }

// Fixed is the group of a domain whose mail servers need not be known.
func (r GroupRules) Fixed(domain string) (group string, fixed bool) {
	group, fixed = r.domains[domain]
	return group, fixed
}

// Of is the group of a domain whose mail goes to that host first, "" for none.
func (r GroupRules) Of(domain, host string) string {
	if group, fixed := r.Fixed(domain); fixed {
		return group
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	for name := host; name != ""; {
		if group := cmp.Or(r.hosts[name], mailHosts[name]); group != "" {
			return group
		}
		_, name, _ = strings.Cut(name, ".")
	}
	return domain
}
