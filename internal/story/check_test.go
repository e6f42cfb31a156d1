package story_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/story"
)

func TestAStoryWrittenByHandIsCheckedFieldByField(t *testing.T) {
	t.Parallel()
	whole := func(change func(*story.Story)) story.Story {
		s := story.Story{Link: "https://example.com/a", Title: "A title", Summary: "What it says.", Author: "Mara"}
		change(&s)
		return s
	}
	for _, test := range []struct {
		field  string
		change func(*story.Story)
	}{
		{"", func(*story.Story) {}},
		{"", func(s *story.Story) { s.Title = strings.Repeat("é", story.MaxTitle) }},
		{"link", func(s *story.Story) { s.Link = "" }},
		{"title", func(s *story.Story) { s.Title = " " }},
		{"title", func(s *story.Story) { s.Title = strings.Repeat("é", story.MaxTitle+1) }},
		{"summary", func(s *story.Story) { s.Summary = strings.Repeat("é", story.MaxSummary+1) }},
		{"author", func(s *story.Story) { s.Author = strings.Repeat("é", story.MaxAuthor+1) }},
	} {
		err := whole(test.change).Check()
		f, _ := errors.AsType[*fault.Error](err)
		if test.field == "" && err != nil || test.field != "" && (f == nil || f.Field != test.field) {
			t.Errorf("want a fault about %q, got %v", test.field, err)
		}
	}
}
