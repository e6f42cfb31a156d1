// Package mx finds out which mailbox provider's limits a domain falls under, by asking
// the DNS where its mail goes.
//
// It is asked in the background, for the domains of subscribers and never for one
// address: what the DNS sees is a list of domains, and no sign-up and no mail waits for
// it. What was found is kept in the database for a week; a domain of which nobody could
// tell is asked about again in an hour, and keeps the group it had.
package mx

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/collabpulse/weekly/internal/address"
	"github.com/collabpulse/weekly/internal/fault"
)

// Domains is where the domains and their groups are kept.
type Domains interface {
	// UngroupedDomains lists domains of subscribers whose group is to be found out, by
	// the rules of that version.
	UngroupedDomains(ctx context.Context, rules string, limit int) ([]string, error)
	// GroupDomains notes groups, "" where nobody could tell, until they are due again.
	GroupDomains(ctx context.Context, rules string, found []address.Grouping, due time.Time) error
	// ForgetDomains deletes what nobody looked up again for so long.
	ForgetDomains(ctx context.Context, after time.Duration) error
}

// Resolver asks the DNS. It is usually a net.Resolver.
type Resolver interface {
	// LookupMX returns the mail servers of a name, the preferred ones first.
	LookupMX(ctx context.Context, name string) ([]*net.MX, error)
}

// NewResolver asks the server at host:port, or the machine's own ones when it is "".
func NewResolver(server string) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, own string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, cmp.Or(server, own))
		if err == nil {
			context.AfterFunc(ctx, func() { conn.Close() }) // or a question would go on until its time is up
		}
		return conn, err
	}}
}

// How long an answer is good for, and the absence of one.
const (
	goodFor   = 7 * 24 * time.Hour
	againIn   = time.Hour
	forgotten = 7 * 24 * time.Hour // after it was due again
)

// Bounds of a pass over the domains.
const (
	atOnce    = 16              // questions under way
	batchSize = 256             // domains that are noted together
	askFor    = 5 * time.Second // for one answer
)

// Finder finds out the groups of domains.
type Finder struct {
	domains  Domains
	resolver Resolver // nil asks nobody
	rules    address.GroupRules
	now      func() time.Time
	log      *slog.Logger
}

// NewFinder makes a finder. Without a resolver it goes by the rules alone.
func NewFinder(d Domains, r Resolver, rules address.GroupRules, now func() time.Time, log *slog.Logger) *Finder {
	return &Finder{domains: d, resolver: r, rules: rules, now: now, log: log}
}

// Find finds out every group that is not known, a batch at a time. It ends early with a
// fault.Unavailable when a whole batch gets no answer, as when the server is away:
// those are asked about again in an hour.
func (f *Finder) Find(ctx context.Context) error {
	if err := f.domains.ForgetDomains(ctx, forgotten); err != nil {
		return err
	}
	version, total := f.rules.Version(), 0
	for {
		batch, err := f.domains.UngroupedDomains(ctx, version, batchSize)
		if err != nil || len(batch) == 0 {
			if total > 0 {
				f.log.InfoContext(ctx, "mail servers of domains looked up", "domains", total)
			}
			return err
		}
		told, untold := f.lookUp(ctx, batch)
		if ctx.Err() != nil {
			return ctx.Err() // what came back empty came back too early
		}
		err = errors.Join(f.domains.GroupDomains(ctx, version, told, f.now().Add(goodFor)),
			f.domains.GroupDomains(ctx, version, untold, f.now().Add(againIn)))
		if err != nil {
			return err
		}
		if total += len(told); len(told) == 0 {
			return fault.New(fault.Unavailable, "No DNS server says where the mail of any of %d domains goes; check PULSE_DNS.", len(batch))
		}
	}
}

// lookUp asks for many domains at once.
func (f *Finder) lookUp(ctx context.Context, domains []string) (told, untold []address.Grouping) {
	groups := make([]string, len(domains))
	places := make(chan struct{}, atOnce)
	var asking sync.WaitGroup
	for i, domain := range domains {
		places <- struct{}{}
		asking.Go(func() {
			defer func() { <-places }()
			groups[i] = f.group(ctx, domain)
		})
	}
	asking.Wait()
	for i, group := range groups {
		g := address.Grouping{Domain: domains[i], Group: group}
		if group == "" {
			untold = append(untold, g)
		} else {
			told = append(told, g)
		}
	}
	return told, untold
}

// group is the group of a domain, "" when nobody can tell.
func (f *Finder) group(ctx context.Context, domain string) string {
	if group, fixed := f.rules.Fixed(domain); fixed {
		return group
	}
	if f.resolver == nil {
		return domain
	}
	host, err := f.server(ctx, domain)
	if err != nil {
		return ""
	}
	return f.rules.Of(domain, host)
}

// server is the name of the mail server that a domain prefers, "" for one that takes
// no mail or names none, which then has to take it itself (RFC 5321 §5.1, RFC 7505).
func (f *Finder) server(ctx context.Context, domain string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	servers, err := f.resolver.LookupMX(ctx, domain+".") // the dot keeps the machine's search list out
	if len(servers) == 0 {
		if e, ok := errors.AsType[*net.DNSError](err); ok && e.IsNotFound {
			return "", nil
		}
		return "", err
	}
	best := slices.MinFunc(servers, func(a, b *net.MX) int {
		return cmp.Or(cmp.Compare(a.Pref, b.Pref), cmp.Compare(a.Host, b.Host))
	})
	return best.Host, nil // names that are none came with an error; the others count
}

// Check asks for one domain, and is an error when no server answers. That there is no
// such domain is an answer.
func Check(ctx context.Context, r Resolver, domain string) error {
	_, err := (&Finder{resolver: r}).server(ctx, domain)
	return err
}
