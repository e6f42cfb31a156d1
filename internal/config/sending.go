package config

import (
	"maps"
	"net"
	"slices"
	"strings"

	"github.com/collabpulse/weekly/internal/address"
	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/fault"
)

// DNS is whom to ask for the mail servers of a domain.
type DNS struct {
	Server string // host and port; "" for the servers that this machine uses
	Off    bool   // nobody
}

// UnmarshalText reads off, or a server with or without a port.
func (d *DNS) UnmarshalText(text []byte) error {
	server := strings.TrimSpace(string(text))
	*d = DNS{Off: server == "off"}
	if server == "" || d.Off {
		return nil
	}
	host, port, err := net.SplitHostPort(server)
	if err != nil {
		host, port = strings.Trim(server, "[]"), "53"
	}
	if host == "" || port == "" || strings.ContainsAny(host, " /") {
		return fault.New(fault.Invalid, "a DNS server looks like 9.9.9.9 or 127.0.0.1:5353; off asks nobody.")
	}
	d.Server = net.JoinHostPort(host, port)
	return nil
}

// String is the server, "" for the machine's own.
func (d DNS) String() string {
	if d.Off {
		return "off"
	}
	return d.Server
}

// DomainGroups are overrides of the domain groups.
type DomainGroups struct{ address.GroupRules }

// UnmarshalText reads them; see address.ParseGroupRules.
func (g *DomainGroups) UnmarshalText(text []byte) (err error) {
	g.GroupRules, err = address.ParseGroupRules(string(text))
	return err
}

// DomainRates are how many mails a second domain groups may have.
type DomainRates map[string]delivery.Rate

// UnmarshalText reads them, separated by commas: gmail=20,outlook=600/m.
func (r *DomainRates) UnmarshalText(text []byte) error {
	*r = DomainRates{}
	for entry := range strings.SplitSeq(string(text), ",") {
		if entry = strings.TrimSpace(entry); entry == "" {
			continue
		}
		group, rate, _ := strings.Cut(entry, "=")
		perSecond, err := delivery.ParseRate(strings.TrimSpace(rate))
		if group = strings.ToLower(strings.TrimSpace(group)); err != nil || group == "" {
			return fault.New(fault.Invalid, "rates look like gmail=20,outlook=600/m,example.org=100/h: a domain group, and mails a second, a minute or an hour.")
		}
		(*r)[group] = perSecond
	}
	return nil
}

// String lists them by group.
func (r DomainRates) String() string {
	all := make([]string, 0, len(r))
	for _, group := range slices.Sorted(maps.Keys(r)) {
		all = append(all, group+"="+r[group].String())
	}
	return strings.Join(all, ",")
}

// WarmUp is the calendar of a new sender.
type WarmUp struct{ delivery.WarmUp }

// UnmarshalText reads one; see delivery.ParseWarmUp.
func (w *WarmUp) UnmarshalText(text []byte) (err error) {
	if strings.TrimSpace(string(text)) == "" {
		return nil
	}
	w.WarmUp, err = delivery.ParseWarmUp(string(text))
	return err
}

// Calendar is the warm-up in the time zone of the schedule.
func (s Settings) Calendar() delivery.WarmUp {
	w := s.WarmUp.WarmUp
	w.Zone = s.Zone.Location
	return w
}
