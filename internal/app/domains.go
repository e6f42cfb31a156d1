package app

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/collabpulse/weekly/internal/config"
	"github.com/collabpulse/weekly/internal/jobs"
	"github.com/collabpulse/weekly/internal/mx"
	"github.com/collabpulse/weekly/internal/store"
)

// asksDNS reports whether the DNS is asked about the domains of subscribers: mail that
// goes to the built-in mailbox needs nobody's limits.
func asksDNS(s config.Settings) bool { return !s.DNS.Off && !s.MailboxOnly() }

// finder finds out the groups of domains.
func (a *App) finder() jobs.Domains {
	var resolver mx.Resolver
	if asksDNS(a.Settings) {
		resolver = mx.NewResolver(a.Settings.DNS.Server)
	}
	return mx.NewFinder(a.Store, resolver, a.Settings.DomainGroups.GroupRules, time.Now, a.log)
}

// domains says what is known of the domains' mail servers, and whether the DNS answers.
func domains(ctx context.Context, s config.Settings, db *store.Store) Finding {
	counts, err := db.DomainGroups(ctx)
	if err != nil {
		return Finding{Part: "domains", Text: reason(err)}
	}
	known := make([]string, 0, len(counts))
	for _, group := range slices.Sorted(maps.Keys(counts)) {
		known = append(known, fmt.Sprintf("%d with %s", counts[group], group))
	}
	text := "no domain is known to be a large provider's customer"
	if len(known) > 0 {
		text = "customers of large providers, beside those' own domains: " + strings.Join(known, ", ")
	}
	switch {
	case s.DNS.Off:
		return Finding{Part: "domains", OK: true, Text: text + "; PULSE_DNS is off"}
	case s.MailboxOnly():
		return Finding{Part: "domains", OK: true, Text: text + "; nobody is asked while there is no relay"}
	}
	if err := mx.Check(ctx, mx.NewResolver(s.DNS.Server), s.From.Address.Domain()); err != nil {
		return Finding{Part: "domains", Text: fmt.Sprintf("the DNS does not answer (%s): set PULSE_DNS to a server that does, or to off", err)}
	}
	return Finding{Part: "domains", OK: true, Text: text + "; the DNS answers"}
}

// warmUp says what the calendar of a new sender allows today.
func warmUp(ctx context.Context, s config.Settings, db *store.Store) []Finding {
	calendar := s.Calendar()
	if len(calendar.Budgets) == 0 {
		return nil
	}
	today, limited := calendar.At(time.Now())
	if !limited {
		return []Finding{{Part: "warm-up", OK: true, Text: "no limit today: the calendar is " + calendar.String()}}
	}
	n, err := db.Allotted(ctx, today)
	if err != nil {
		return []Finding{{Part: "warm-up", Text: reason(err)}}
	}
	return []Finding{{Part: "warm-up", OK: true, Text: today.Words(n)}}
}
