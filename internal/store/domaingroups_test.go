package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/address"
	"github.com/collabpulse/weekly/internal/store"
	"github.com/collabpulse/weekly/internal/store/storetest"
)

func wantUngrouped(t *testing.T, s *store.Store, rules string, want ...string) {
	t.Helper()
	got, err := s.UngroupedDomains(t.Context(), rules, 10)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("domains without a group (-want +got):\n%s", diff)
	}
}

func TestADigestGoesByTheGroupsOfTheServersThatTakeTheMail(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		for _, a := range []string{"a@gmail.com", "b@hosted.example", "c@own.example", "d@new.example"} {
			reading(t, s, a)
		}
		signedUp(t, s, "pending@pending.example")
		wantUngrouped(t, s, "r1", "hosted.example", "new.example", "own.example")
		must(t, s.GroupDomains(bg, "r1", []address.Grouping{{Domain: "hosted.example", Group: "gmail"}, {Domain: "own.example", Group: "own.example"}}, c.Now().Add(time.Hour)))
		wantUngrouped(t, s, "r1", "new.example")

		d := about(t, s, 1)
		frozen(t, s, d.ID)
		groups, err := s.LargestGroups(bg, d.ID, 10)
		must(t, err)
		if diff := cmp.Diff([]string{"gmail", "new.example", "own.example"}, groups); diff != "" {
			t.Errorf("groups of the digest:\n%s", diff)
		}
		counts, err := s.DomainGroups(bg)
		must(t, err)
		if diff := cmp.Diff(map[string]int{"gmail": 1}, counts); diff != "" {
			t.Errorf("domains of providers:\n%s", diff)
		}
	})
}

func TestADomainIsLookedUpAgainWhenItIsDueOrTheRulesAreNew(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		reading(t, s, "a@hosted.example")
		group := func(group string) {
			must(t, s.GroupDomains(bg, "r1", []address.Grouping{{Domain: "hosted.example", Group: group}}, c.Now().Add(time.Hour)))
		}
		provider := func(want int) {
			t.Helper()
			if counts, err := s.DomainGroups(bg); err != nil || counts["gmail"] != want {
				t.Errorf("%v: %v", counts, err)
			}
		}
		group("gmail")
		wantUngrouped(t, s, "r1")
		wantUngrouped(t, s, "r2", "hosted.example")
		c.Advance(time.Hour)
		wantUngrouped(t, s, "r1", "hosted.example")
		group("") // nobody could tell
		wantUngrouped(t, s, "r1")
		provider(1)
		group("hosted.example") // it has moved
		provider(0)
		group("gmail") // and back
		provider(1)

		c.Advance(3*time.Hour + time.Minute)
		must(t, s.ForgetDomains(bg, 2*time.Hour))
		provider(0)
	})
}

func TestErasingTheLastReaderOfADomainForgetsIt(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		mara, paul := reading(t, s, "mara@schmidt.example"), reading(t, s, "paul@schmidt.example")
		must(t, s.GroupDomains(bg, "r1", []address.Grouping{{Domain: "schmidt.example", Group: "gmail"}}, c.Now().Add(time.Hour)))
		for i, who := range []address.Address{mara.Address, paul.Address} {
			must(t, s.EraseSubscriber(bg, who))
			if n, err := s.Number(bg, "SELECT COUNT(*) FROM domain_groups"); err != nil || n != int64(1-i) {
				t.Errorf("%d domains are known after %d of 2 were erased: %v", n, i+1, err)
			}
		}
	})
}
