package subscriber

import (
	"golang.org/x/text/language"

	"github.com/collabpulse/weekly/internal/fault"
)

// DefaultLanguage is the frame's language when none is chosen.
const DefaultLanguage = "en"

// ParseLanguage checks a BCP 47 tag and returns its canonical form; "" becomes
// DefaultLanguage.
func ParseLanguage(tag string) (string, error) {
	if tag == "" {
		return DefaultLanguage, nil
	}
	parsed, err := language.Parse(tag)
	if err != nil || len(tag) > 35 {
		return "", fault.Field("language", "That is not a language tag; use one such as en or de.")
	}
	return parsed.String(), nil
}
