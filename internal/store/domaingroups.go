package store

import (
	"context"
	"time"

	"github.com/collabpulse/weekly/internal/address"
)

// Domains of subscribers stand in their rows as they are; the group that a domain's
// mail servers put it into stands here, and a digest's rows get it when they are
// planned. So nothing has to be asked of the DNS at sign-up or on the way of a mail,
// and a domain that moves to another provider has its next digest go by that one.

// UngroupedDomains lists up to so many domains of active subscribers whose group is not
// known by these rules, or is due to be looked up again. The large providers' own
// domains are never among them. It reads all subscribers, so it is not asked often.
func (s *Store) UngroupedDomains(ctx context.Context, rules string, limit int) ([]string, error) {
	providers := address.Providers()
	args := []any{millis(s.now()), rules, limit}
	for _, p := range providers {
		args = append(args, p)
	}
	all, err := list(ctx, s.read, func(row scanner) (domain string, err error) {
		err = row.Scan(&domain)
		return domain, err
	}, inNumbers(`SELECT d.domain FROM (SELECT DISTINCT domain_group AS domain FROM subscribers WHERE state = {reader active}) AS d
		LEFT JOIN domain_groups g ON g.domain = d.domain
		WHERE (g.domain IS NULL OR g.due_at <= $1 OR g.rules <> $2) AND d.domain NOT IN (`+places(4, len(providers))+`)
		ORDER BY d.domain LIMIT $3`), args...)
	return all, wrap("ungrouped domains", err)
}

// GroupDomains notes the groups of domains, found out by these rules, until they are
// due to be looked up again. A grouping without a group says that nobody could tell:
// then a group that is known already stays.
func (s *Store) GroupDomains(ctx context.Context, rules string, found []address.Grouping, due time.Time) error {
	return s.update(ctx, "group domains", func(t *tx) error {
		for _, g := range found {
			text := groupDomain
			if g.Group == "" {
				text, g.Group = keepGroup, g.Domain
			}
			if _, err := t.ExecContext(ctx, text, g.Domain, g.Group, rules, millis(due)); err != nil {
				return err
			}
		}
		return nil
	})
}

const (
	keepGroup = `INSERT INTO domain_groups (domain, domain_group, rules, due_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (domain) DO UPDATE SET rules = excluded.rules, due_at = excluded.due_at`
	groupDomain = keepGroup + ", domain_group = excluded.domain_group"
)

// ForgetDomains deletes the groups of domains that no subscriber has had for so long
// that nobody looked them up again.
func (s *Store) ForgetDomains(ctx context.Context, after time.Duration) error {
	return s.update(ctx, "forget domains", func(t *tx) error {
		_, err := t.ExecContext(ctx, "DELETE FROM domain_groups WHERE due_at < $1", millis(t.now.Add(-after)))
		return err
	})
}

// DomainGroups counts the domains that fall under each provider's limits because their
// mail servers are the provider's, or because a setting says so.
func (s *Store) DomainGroups(ctx context.Context) (map[string]int, error) {
	counts := map[string]int{}
	_, err := list(ctx, s.read, func(row scanner) (none struct{}, err error) {
		var group string
		var n int
		err = row.Scan(&group, &n)
		counts[group] = n
		return none, err
	}, "SELECT domain_group, COUNT(*) FROM domain_groups WHERE domain_group <> domain GROUP BY domain_group")
	return counts, wrap("domain groups", err)
}
