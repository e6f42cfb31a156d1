package spotlight_test

import (
	"strings"
	"testing"

	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/spotlight"
)

func TestEveryPillarIsKnownByItsSlug(t *testing.T) {
	t.Parallel()
	pillars := spotlight.Pillars()
	if len(pillars) != 3 {
		t.Fatalf("there are %d pillars", len(pillars))
	}
	for _, p := range pillars {
		if p.Name() == "" || p.Slug() == "" {
			t.Errorf("pillar %d has no name", p)
		}
		if got, err := spotlight.ParsePillar(" " + strings.ToUpper(p.Slug())); err != nil || got != p {
			t.Errorf("%q is not found: %v", p.Slug(), err)
		}
		if got, ok := spotlight.Category(" Spotlight:" + p.Slug() + " "); !ok || got != p {
			t.Errorf("the category of %q is not found", p.Slug())
		}
	}
	if got := spotlight.Pillar(9); got.Name() != "" || got.Slug() != "" {
		t.Errorf("a pillar that does not exist is called %q", got.Name())
	}
}

func TestOtherCategoriesAreNoSpotlights(t *testing.T) {
	t.Parallel()
	for _, category := range []string{"", "spotlight", "spotlight:", "spotlight:unknown", "bold-business-wins", "my spotlight:bold-business-wins"} {
		if p, ok := spotlight.Category(category); ok {
			t.Errorf("%q marks a spotlight in pillar %d", category, p)
		}
	}
	if _, err := spotlight.ParsePillar(""); !fault.Is(err, fault.Invalid) {
		t.Errorf("an empty slug: %v", err)
	}
}

func TestASpotlightIsCheckedFieldByField(t *testing.T) {
	t.Parallel()
	good := spotlight.Spotlight{
		Pillar: spotlight.BoldWin, Name: strings.Repeat("ü", spotlight.MaxName),
		Headline: strings.Repeat("ü", spotlight.MaxHeadline), Body: strings.Repeat("ü", spotlight.MaxBody),
	}
	if err := good.Check(); err != nil {
		t.Fatalf("one that keeps the limits: %v", err)
	}
	for field, spoil := range map[string]func(*spotlight.Spotlight){
		"pillar":    func(s *spotlight.Spotlight) { s.Pillar = 0 },
		"name":      func(s *spotlight.Spotlight) { s.Name = " " },
		"headline":  func(s *spotlight.Spotlight) { s.Headline = "\t" },
		"name ":     func(s *spotlight.Spotlight) { s.Name += "x" },
		"headline ": func(s *spotlight.Spotlight) { s.Headline += "x" },
		"body":      func(s *spotlight.Spotlight) { s.Body += "x" },
	} {
		s := good
		spoil(&s)
		f, ok := s.Check().(*fault.Error)
		if !ok || f.Kind != fault.Invalid || f.Field != strings.TrimSpace(field) {
			t.Errorf("spoiled %s: %v", field, f)
		}
	}
}
