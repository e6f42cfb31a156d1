package config

import (
	"net/mail"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/collabpulse/weekly/internal/address"
	"github.com/collabpulse/weekly/internal/fault"
)

// Secret is text that never prints.
type Secret struct{ value []byte }

// Bytes is the secret itself, for the one place that uses it.
func (s Secret) Bytes() []byte { return s.value }

// String hides it.
func (s Secret) String() string {
	if len(s.value) == 0 {
		return ""
	}
	return "[secret]"
}

// minSecret is the least length of a secret, in octets.
const minSecret = 32

// UnmarshalText reads a secret from the environment.
func (s *Secret) UnmarshalText(text []byte) error {
	trimmed := strings.TrimSpace(string(text))
	if n := len(trimmed); n > 0 && n < minSecret {
		return fault.New(fault.Invalid, "a secret needs at least %d characters; make one with `openssl rand -hex 32`.", minSecret)
	}
	s.value = []byte(trimmed)
	return nil
}

// Secrets are several, the first of which signs.
type Secrets []Secret

// UnmarshalText reads them, separated by commas.
func (s *Secrets) UnmarshalText(text []byte) error {
	for part := range strings.SplitSeq(string(text), ",") {
		var one Secret
		if err := one.UnmarshalText([]byte(part)); err != nil {
			return err
		}
		if len(one.value) > 0 {
			*s = append(*s, one)
		}
	}
	return nil
}

// String hides them.
func (s Secrets) String() string { return strings.TrimSuffix(strings.Repeat("[secret],", len(s)), ",") }

// Bytes are the secrets themselves, in order.
func (s Secrets) Bytes() [][]byte {
	all := make([][]byte, len(s))
	for i, one := range s {
		all[i] = one.value
	}
	return all
}

// URL is an absolute http or https address without query or fragment.
type URL struct{ *url.URL }

// UnmarshalText reads one.
func (u *URL) UnmarshalText(text []byte) error {
	parsed, err := url.Parse(strings.TrimSpace(string(text)))
	if err != nil || parsed.Host == "" || parsed.Scheme != "http" && parsed.Scheme != "https" ||
		parsed.RawQuery != "" || parsed.Fragment != "" || parsed.User != nil {
		return fault.New(fault.Invalid, "an address looks like https://weekly.example.com.")
	}
	u.URL = parsed
	return nil
}

// Local reports whether only this machine can reach the address.
func (u URL) Local() bool {
	if u.URL == nil {
		return true
	}
	return loopback(u.Hostname())
}

// loopback reports whether a host's name leads no further than this machine.
func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || err == nil && ip.IsLoopback()
}

// String is the address, "" when not set.
func (u URL) String() string {
	if u.URL == nil {
		return ""
	}
	return u.URL.String()
}

// Mailbox is a mail address with the name shown beside it.
type Mailbox struct {
	Name    string
	Address address.Address
}

// UnmarshalText reads "Name <local@domain>" or a bare address.
func (m *Mailbox) UnmarshalText(text []byte) error {
	trimmed := strings.TrimSpace(string(text))
	if trimmed == "" {
		return nil
	}
	parsed, err := mail.ParseAddress(trimmed)
	if err != nil {
		return fault.New(fault.Invalid, "a sender looks like Collab Pulse Weekly <weekly@example.com>.")
	}
	m.Name = parsed.Name
	m.Address, err = address.Parse(parsed.Address)
	return err
}

// String is the mailbox as a header shows it, "" when not set.
func (m Mailbox) String() string {
	if m.Address.IsZero() {
		return ""
	}
	return m.Address.Header(m.Name)
}

// Zone is an IANA time zone.
type Zone struct{ *time.Location }

// UnmarshalText reads its name.
func (z *Zone) UnmarshalText(text []byte) error {
	loc, err := time.LoadLocation(strings.TrimSpace(string(text)))
	if err != nil || loc == time.Local {
		return fault.New(fault.Invalid, "a time zone looks like Europe/Berlin.")
	}
	z.Location = loc
	return nil
}

// String is its name.
func (z Zone) String() string {
	if z.Location == nil {
		return ""
	}
	return z.Location.String()
}

// Prefixes are networks.
type Prefixes []netip.Prefix

// UnmarshalText reads them, separated by commas; a single address is a network of one.
func (p *Prefixes) UnmarshalText(text []byte) error {
	for part := range strings.SplitSeq(string(text), ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		prefix, err := netip.ParsePrefix(part)
		if err != nil {
			addr, aerr := netip.ParseAddr(part)
			if aerr != nil {
				return fault.New(fault.Invalid, "a network looks like 10.0.0.0/8.")
			}
			prefix = netip.PrefixFrom(addr, addr.BitLen())
		}
		*p = append(*p, prefix.Masked())
	}
	return nil
}

// String lists them.
func (p Prefixes) String() string {
	all := make([]string, len(p))
	for i, one := range p {
		all[i] = one.String()
	}
	return strings.Join(all, ",")
}
