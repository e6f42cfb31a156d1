package story

import (
	"strings"
	"unicode/utf8"

	"github.com/collabpulse/weekly/internal/fault"
)

// Check says what is wrong with a story written by hand, as a fault.Invalid on
// the field. Gathered stories are cut to these limits instead.
func (s Story) Check() error {
	switch {
	case s.Link == "":
		return badLink()
	case strings.TrimSpace(s.Title) == "":
		return fault.Field("title", "A story needs a title.")
	case utf8.RuneCountInString(s.Title) > MaxTitle:
		return fault.Field("title", "The title is longer than %d characters.", MaxTitle)
	case utf8.RuneCountInString(s.Summary) > MaxSummary:
		return fault.Field("summary", "The summary is longer than %d characters.", MaxSummary)
	case utf8.RuneCountInString(s.Author) > MaxAuthor:
		return fault.Field("author", "The author is longer than %d characters.", MaxAuthor)
	}
	return nil
}
