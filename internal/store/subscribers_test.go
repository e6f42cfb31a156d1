package store_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/store"
	"github.com/collabpulse/weekly/internal/store/storetest"
	"github.com/collabpulse/weekly/internal/subscriber"
)

// listed is what a search finds, as addresses.
func listed(t testing.TB, s *store.Store, search subscriber.Search) []string {
	t.Helper()
	all, err := s.Subscribers(bg, search)
	must(t, err)
	names := []string{}
	for _, one := range all {
		names = append(names, one.Address.String())
	}
	return names
}

func TestSubscribersAreFoundByAddressOrItsBeginning(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		for _, who := range []string{"mara@example.com", "Maria@example.com", "m_ra@example.com", "100%@example.com", "back`slash@example.com", "élise@example.com"} {
			signedUp(t, s, who)
		}
		for text, want := range map[string][]string{
			"":                           {"élise@example.com", "back`slash@example.com", "100%@example.com", "m_ra@example.com", "Maria@example.com", "mara@example.com"},
			"mar":                        {"Maria@example.com", "mara@example.com"},
			"MARA@EXAMPLE.COM":           {"mara@example.com"},
			"  mara@example.com  ":       {"mara@example.com"},
			"mara@example.c":             {"mara@example.com"},
			"m_":                         {"m_ra@example.com"},
			"100%":                       {"100%@example.com"},
			"%":                          {},
			"_":                          {},
			`\`:                          {},
			`mara\`:                      {},
			"example.com":                {},
			"ÉLISE@example.com":          {"élise@example.com"},
			"' OR '1'='1":                {},
			"mara'; DROP TABLE topics--": {},
			"\x00":                       {"élise@example.com", "back`slash@example.com", "100%@example.com", "m_ra@example.com", "Maria@example.com", "mara@example.com"},
			"\xff\xfe":                   {},
			"mara\x00@example.com":       {"mara@example.com"},
			strings.Repeat("%", 100_000): {},
			strings.Repeat("é", 100_000): {},
		} {
			if diff := cmp.Diff(want, listed(t, s, subscriber.Search{Text: text})); diff != "" {
				t.Errorf("searching %.40q:\n%s", text, diff)
			}
		}
	})
}

func TestSubscribersArePagedAndFilteredByState(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		for i := range 7 {
			signedUp(t, s, fmt.Sprintf("pending%d@example.com", i))
		}
		reading(t, s, "active@example.com")
		pending := subscriber.Pending
		var seen []string
		search := subscriber.Search{State: &pending, Limit: 3}
		for {
			page, err := s.Subscribers(bg, search)
			must(t, err)
			if len(page) == 0 {
				break
			}
			for _, one := range page {
				seen = append(seen, one.Address.String())
			}
			search.Before = page[len(page)-1].ID
		}
		var want []string
		for i := range 7 {
			want = append(want, fmt.Sprintf("pending%d@example.com", 6-i))
		}
		if diff := cmp.Diff(want, seen); diff != "" {
			t.Fatal(diff)
		}
		counts, err := s.CountSubscribers(bg)
		must(t, err)
		if diff := cmp.Diff(map[subscriber.State]int{subscriber.Pending: 7, subscriber.Active: 1}, counts); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestASubscriberNobodyKnowsIsNotFound(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		_, err := s.Subscriber(bg, 1)
		wantKind(t, err, fault.NotFound)
		must(t, s.SignUp(bg, request(t, "mara@example.com")))
		must(t, s.Damage(bg, "UPDATE subscribers SET address = 'not an address'"))
		id, err := s.Number(bg, "SELECT MIN(id) FROM subscribers")
		must(t, err)
		_, err = s.Subscriber(bg, id)
		wantKind(t, err, fault.Internal)
		if strings.Contains(err.Error(), "not an address") {
			t.Fatal("an error tells what is in an address column")
		}
	})
}
