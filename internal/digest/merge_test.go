package digest

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/topic"
)

func TestWhatWasMissedStandsBehindWhatIsNewAndNothingTwice(t *testing.T) {
	t.Parallel()
	section := func(id topic.ID, stories ...int64) Section {
		s := Section{Topic: id, Name: "Topic"}
		for _, n := range stories {
			s.Stories = append(s.Stories, Item{ID: n})
		}
		return s
	}
	now := Snapshot{Subject: "Now", Sections: []Section{section(2, 9)}, Spotlights: []Portrait{{ID: 1}}}
	before := now.Encode()
	got := now.With([]Snapshot{
		{Subject: "Last", Sections: []Section{section(1, 5), section(2, 9, 6)}, Spotlights: []Portrait{{ID: 2}, {ID: 1}}},
		{Subject: "Before", Sections: []Section{section(1, 5), section(2, 6)}},
	})
	want := Snapshot{Subject: "Now", Sections: []Section{section(2, 9, 6), section(1, 5)}, Spotlights: []Portrait{{ID: 1}, {ID: 2}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if string(now.Encode()) != string(before) {
		t.Error("the snapshot itself changed")
	}
}
