package store_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/spotlight"
	"github.com/collabpulse/weekly/internal/store"
	"github.com/collabpulse/weekly/internal/store/storetest"
)

func feature(headline string) spotlight.Spotlight {
	return spotlight.Spotlight{
		Pillar: spotlight.Partnership, Name: "Mara & Atelier Nord", Headline: headline, Body: "One.\n\nTwo.",
		Link: "https://atelier.example/" + strings.ReplaceAll(headline, " ", "-"), Picture: "https://atelier.example/p.png",
	}
}

func TestASpotlightIsWrittenAndRewrittenByHand(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		want := feature("First")
		id, err := s.SaveSpotlight(bg, want)
		must(t, err)
		want.ID, want.Created = id, c.Now()
		got, err := s.Spotlight(bg, id)
		must(t, err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
		c.Advance(time.Hour)
		want.Pillar, want.Name, want.Headline, want.Body, want.Link, want.Picture = spotlight.BoldWin, "Ines", "Rewritten", "", "", ""
		same, err := s.SaveSpotlight(bg, want)
		must(t, err)
		must(t, s.HideSpotlight(bg, id, true))
		want.Hidden = true
		got, err = s.Spotlight(bg, same)
		must(t, err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestTwoSpotlightsByHandMayLookAlike(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		first, err := s.SaveSpotlight(bg, feature("Same"))
		must(t, err)
		c.Advance(time.Minute)
		second, err := s.SaveSpotlight(bg, feature("Same"))
		must(t, err)
		all, err := s.Spotlights(bg, 0)
		must(t, err)
		if len(all) != 2 || all[0].ID != second || all[1].ID != first {
			t.Fatalf("spotlights: %+v", all)
		}
		if newest, err := s.Spotlights(bg, 1); err != nil || len(newest) != 1 || newest[0].ID != second {
			t.Fatalf("the newest: %+v, %v", newest, err)
		}
	})
}

func TestASpotlightThatBreaksARuleIsNotSaved(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		long := feature("x")
		long.Body = strings.Repeat("y", spotlight.MaxBody+1)
		for _, bad := range []spotlight.Spotlight{{}, long, feature("")} {
			_, err := s.SaveSpotlight(bg, bad)
			wantKind(t, err, fault.Invalid)
		}
		unknown := feature("x")
		unknown.ID = 99
		_, err := s.SaveSpotlight(bg, unknown)
		wantKind(t, err, fault.NotFound)
		wantKind(t, s.HideSpotlight(bg, 99, true), fault.NotFound)
		_, err = s.Spotlight(bg, 99)
		wantKind(t, err, fault.NotFound)
	})
}
