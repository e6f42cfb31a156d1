package faults

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestASeedIsAPlan(t *testing.T) {
	t.Parallel()
	for _, engine := range []string{SQLite, Postgres} {
		if diff := cmp.Diff(Draw(7, engine, true), Draw(7, engine, true)); diff != "" {
			t.Errorf("two plans of one seed on %s: %s", engine, diff)
		}
		if Draw(7, engine, true).String() == Draw(8, engine, true).String() {
			t.Errorf("two seeds have one plan on %s", engine)
		}
	}
}

func TestThePlansOfManySeedsHaveEveryFault(t *testing.T) {
	t.Parallel()
	seen := map[Kind]bool{}
	for seed := range uint64(200) {
		for _, engine := range []string{SQLite, Postgres} {
			p := Draw(seed, engine, true)
			if p.Patient {
				t.Fatalf("seed %d: a quick plan waits for a lease", seed)
			}
			for _, s := range p.Steps {
				seen[s.Kind] = true
			}
			for _, s := range p.Spells {
				seen[s.Kind] = true
			}
		}
	}
	if len(seen) != 21 {
		t.Errorf("200 seeds show %d kinds of fault: %v", len(seen), seen)
	}
}

func TestWeatherDependsOnTheSeedAloneAndPasses(t *testing.T) {
	t.Parallel()
	p := Plan{Seed: 3, Spells: []Spell{{From: 20, To: 60, Kind: Greylist}}}
	met := 0
	for n := range 1000 {
		who := fmt.Sprint(n)
		first := p.weather(40, who, 1)
		if again := p.weather(40, who, 1); again != first {
			t.Fatalf("the same visit met two weathers, %v and %v", first, again)
		}
		if first == Greylist {
			met++
		}
		if p.weather(10, who, 1) != "" || p.weather(60, who, 1) != "" || p.weather(40, who, 3) != "" {
			t.Fatal("weather outside its spell, or for a reader who was troubled enough")
		}
	}
	if met < 100 || met > 200 {
		t.Errorf("of 1000 messages %d were greylisted, want about 150", met)
	}
}
