package mx_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/address"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/mx"
	"github.com/collabpulse/weekly/internal/mx/mxtest"
)

// book keeps groups in memory.
type book struct {
	want    []string
	groups  map[string]string
	due     map[string]time.Time
	version string
}

func (b *book) UngroupedDomains(_ context.Context, rules string, limit int) ([]string, error) {
	b.version = rules
	var some []string
	for _, domain := range b.want {
		if _, known := b.groups[domain]; !known && len(some) < limit {
			some = append(some, domain)
		}
	}
	return some, nil
}

func (b *book) GroupDomains(_ context.Context, rules string, found []address.Grouping, due time.Time) error {
	for _, g := range found {
		b.groups[g.Domain], b.due[g.Domain] = g.Group, due
	}
	return nil
}

func (b *book) ForgetDomains(context.Context, time.Duration) error { return nil }

func newBook(domains ...string) *book {
	return &book{want: domains, groups: map[string]string{}, due: map[string]time.Time{}}
}

var now = time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)

func finder(b *book, r mx.Resolver, rules address.GroupRules) *mx.Finder {
	return mx.NewFinder(b, r, rules, func() time.Time { return now }, slog.New(slog.DiscardHandler))
}

func TestDomainsFallUnderTheProviderThatTakesTheirMail(t *testing.T) {
	t.Parallel()
	s := mxtest.Serve(t, mxtest.Zone{
		"workspace.example.": {"20 alt1.aspmx.l.google.com.", "10 aspmx.l.google.com."},
		"exchange.example.":  {"0 exchange-example.mail.protection.outlook.com."},
		"own.example.":       {"10 mail.own.example."},
		"backup.example.":    {"50 aspmx.l.google.com.", "5 mail.backup.example."}, // Google only stands by
		"none.example.":      {"0 ."},                                              // takes no mail (RFC 7505)
		"bare.example.":      {},                                                   // takes it at its own address
		"trouble.example.":   {mxtest.Trouble},
	})
	b := newBook("workspace.example", "exchange.example", "own.example", "backup.example", "none.example", "bare.example",
		"nowhere.example", "trouble.example", "fixed.example")
	rules, err := address.ParseGroupRules("fixed.example=ours")
	if err != nil {
		t.Fatal(err)
	}
	if err := finder(b, mx.NewResolver(s.Addr), rules).Find(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"workspace.example": "gmail", "exchange.example": "outlook", "own.example": "own.example",
		"backup.example": "backup.example", "none.example": "none.example", "bare.example": "bare.example",
		"nowhere.example": "nowhere.example", "trouble.example": "", "fixed.example": "ours"}
	if diff := cmp.Diff(want, b.groups); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
	if b.due["own.example"] != now.Add(7*24*time.Hour) || b.due["trouble.example"] != now.Add(time.Hour) || b.version != rules.Version() {
		t.Errorf("due %s and %s, by rules %s", b.due["own.example"], b.due["trouble.example"], b.version)
	}
	seen := s.Seen()
	if slices.Contains(seen, "fixed.example.") {
		t.Error("a domain that a setting puts into a group was asked for")
	}
	for _, name := range seen {
		if !strings.HasSuffix(name, ".example.") || strings.Count(name, ".") != 2 {
			t.Errorf("asked for %s", name)
		}
	}
}

func TestThousandsOfDomainsAreFoundInBatches(t *testing.T) {
	t.Parallel()
	z := mxtest.Zone{}
	var domains []string
	for i := range 1000 {
		domains = append(domains, fmt.Sprintf("d%d.example", i))
		z[domains[i]+"."] = []string{"10 aspmx.l.google.com."}
	}
	b := newBook(domains...)
	if err := finder(b, mx.NewResolver(mxtest.Serve(t, z).Addr), address.GroupRules{}).Find(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(b.groups) != 1000 || b.groups["d999.example"] != "gmail" {
		t.Errorf("%d domains were found", len(b.groups))
	}
}

func TestAServerThatIsAwayIsNotAskedForEverybody(t *testing.T) {
	t.Parallel()
	nobody, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody.Close()
	var domains []string
	for i := range 1000 {
		domains = append(domains, fmt.Sprintf("d%d.example", i))
	}
	b := newBook(domains...)
	err = finder(b, mx.NewResolver(nobody.LocalAddr().String()), address.GroupRules{}).Find(t.Context())
	if !fault.Is(err, fault.Unavailable) || !strings.Contains(fault.Message(err), "PULSE_DNS") {
		t.Errorf("it ended with %v", err)
	}
	if len(b.groups) != 256 || b.groups["d0.example"] != "" {
		t.Errorf("%d domains were noted, the first as %q", len(b.groups), b.groups["d0.example"])
	}
}

func TestWithoutADNSTheRulesAloneDecide(t *testing.T) {
	t.Parallel()
	rules, err := address.ParseGroupRules("fixed.example=gmail")
	if err != nil {
		t.Fatal(err)
	}
	b := newBook("fixed.example", "other.example")
	if err := finder(b, nil, rules).Find(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"fixed.example": "gmail", "other.example": "other.example"}, b.groups); diff != "" {
		t.Error(diff)
	}
}

func TestStoppingNotesNothingThatWasNotAnswered(t *testing.T) {
	t.Parallel()
	s := mxtest.Serve(t, mxtest.Zone{"slow.example.": {mxtest.Silence}})
	ctx, cancel := context.WithCancel(t.Context())
	b := newBook("slow.example")
	time.AfterFunc(50*time.Millisecond, cancel)
	if err := finder(b, mx.NewResolver(s.Addr), address.GroupRules{}).Find(ctx); err == nil || len(b.groups) != 0 {
		t.Errorf("noted %v: %v", b.groups, err)
	}
}

func TestCheckingIsToldByAnAnswerWhateverItSays(t *testing.T) {
	t.Parallel()
	s := mxtest.Serve(t, mxtest.Zone{"own.example.": {"10 mail.own.example."}, "trouble.example.": {mxtest.Trouble}})
	for domain, fine := range map[string]bool{"own.example": true, "nowhere.example": true, "trouble.example": false} {
		if err := mx.Check(t.Context(), mx.NewResolver(s.Addr), domain); (err == nil) != fine {
			t.Errorf("%s: %v", domain, err)
		}
	}
}
