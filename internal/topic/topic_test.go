package topic_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/topic"
)

func TestTheDefaultsAreTheCommunitysFour(t *testing.T) {
	t.Parallel()
	defaults := topic.Defaults()
	if len(defaults) != 4 || topic.All(defaults) != topic.Of(1, 2, 3, 4) {
		t.Fatalf("the defaults are %+v", defaults)
	}
	for i, d := range defaults {
		if d.Slug == "" || d.Name == "" || d.Blurb == "" || d.Position != i+1 {
			t.Errorf("a default topic is not complete: %+v", d)
		}
		if found, err := topic.Find(defaults, " "+strings.ToUpper(d.Slug)+" "); err != nil || found != d {
			t.Errorf("%s is not found by its slug: %v", d.Slug, err)
		}
	}
}

func TestASetHoldsWhatWasPutIn(t *testing.T) {
	t.Parallel()
	for _, ids := range [][]topic.ID{{}, {1}, {1, 62}, {2, 3, 5, 7, 11, 13}} {
		s := topic.Of(ids...)
		if got := s.IDs(); !cmp.Equal(got, ids) || s.Len() != len(ids) {
			t.Errorf("Of(%v) lists %v, %d", ids, got, s.Len())
		}
		if s < 0 {
			t.Errorf("Of(%v) is %d, which a signed column would sort below none", ids, s)
		}
		for id := topic.ID(1); id <= topic.MaxID; id++ {
			if want := strings.ContainsRune(string(runes(ids)), rune(id)); s.Has(id) != want {
				t.Errorf("Of(%v) has %d: %v", ids, id, s.Has(id))
			}
		}
	}
}

func runes(ids []topic.ID) []rune {
	out := make([]rune, len(ids))
	for i, id := range ids {
		out[i] = rune(id)
	}
	return out
}

func TestChoosingTopicsByTheirSlugs(t *testing.T) {
	t.Parallel()
	topics := topic.Defaults()
	for in, want := range map[string]topic.Set{
		"":                                topic.Of(1, 2, 3, 4),
		" ; ,|":                           topic.Of(1, 2, 3, 4),
		"tips-tools":                      topic.Of(2),
		"tips-tools,social-good":          topic.Of(2, 4),
		"Tips-Tools; SOCIAL-GOOD":         topic.Of(2, 4),
		"tips-tools|tips-tools":           topic.Of(2),
		"success-stories industry-trends": topic.Of(1, 3),
		"tips-tools\nsocial-good\r\n":     topic.Of(2, 4),
	} {
		if got, err := topic.ParseSet(topics, in); err != nil || got != want {
			t.Errorf("ParseSet(%q) = %v, %v, want %v", in, got.IDs(), err, want.IDs())
		}
	}
}

func TestAnUnknownTopicIsRefusedWithTheOnesThereAre(t *testing.T) {
	t.Parallel()
	for _, in := range []string{"tips", "tips-tools,nonsense", "%d", strings.Repeat("x", 500)} {
		got, err := topic.ParseSet(topic.Defaults(), in)
		if !fault.Is(err, fault.Invalid) || got != 0 {
			t.Fatalf("ParseSet(%.20q) = %v, %v", in, got, err)
		}
		if m := fault.Message(err); !strings.Contains(m, "success-stories, tips-tools, industry-trends, social-good") || len(m) > 200 {
			t.Errorf("the message does not help: %s", m)
		}
	}
}
