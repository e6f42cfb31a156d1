package subscriber

import (
	"errors"
	"strings"
	"testing"
	_ "time/tzdata" // the same zones on every machine

	"github.com/collabpulse/weekly/internal/fault"
)

// inField reports whether err is an Invalid fault about the field.
func inField(err error, field string) bool {
	f, ok := errors.AsType[*fault.Error](err)
	return ok && f.Kind == fault.Invalid && f.Field == field
}

func TestStatesKeepTheirNumbersAndWords(t *testing.T) {
	t.Parallel()
	for i, word := range []string{"pending", "active", "paused", "unsubscribed", "suppressed", "erased"} {
		if got := State(i).String(); got != word {
			t.Errorf("state %d is %q, want %q", i, got, word)
		}
		if got, err := ParseState(word); err != nil || got != State(i) {
			t.Errorf("%q is read as %d, %v", word, got, err)
		}
	}
	if got := State(200).String(); got != "unknown" {
		t.Errorf("a state of a later release is %q", got)
	}
	for _, word := range []string{"", "Active", "gone", "unknown"} {
		if _, err := ParseState(word); !inField(err, "status") {
			t.Errorf("%q: %v", word, err)
		}
	}
}

func TestALanguageIsATagInItsCanonicalForm(t *testing.T) {
	t.Parallel()
	for tag, want := range map[string]string{"": "en", "de": "de", "DE-at": "de-AT", "zh_hant_tw": "zh-Hant-TW", "iw": "he", "pt-BR": "pt-BR"} {
		if got, err := ParseLanguage(tag); err != nil || got != want {
			t.Errorf("%q is read as %q, %v", tag, got, err)
		}
	}
	for _, tag := range []string{"e", "english please", "de\r\nBcc: x", "<script>", "xx-invalid-tag-that-is-long-but-nonsense", "en-u-" + strings.Repeat("abc-", 20) + "x"} {
		if got, err := ParseLanguage(tag); !inField(err, "language") {
			t.Errorf("%q is read as %q, %v", tag, got, err)
		}
	}
}

func FuzzParseLanguage(f *testing.F) {
	for _, seed := range []string{"", "de-AT", "zh_hant_tw", "x-private", "en-u-ca-buddhist", "i-klingon"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, tag string) {
		got, err := ParseLanguage(tag)
		if err != nil {
			return
		}
		if again, err := ParseLanguage(got); err != nil || again != got {
			t.Errorf("%q is read as %q, and that as %q, %v", tag, got, again, err)
		}
		if strings.Trim(got, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != "" {
			t.Errorf("%q is read as %q, which does not fit in a header or an edition's key", tag, got)
		}
	})
}

func TestATimezoneIsANameEveryMachineKnows(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "Europe/Berlin", "America/Argentina/Buenos_Aires", "UTC", "Asia/Kathmandu"} {
		if got, err := ParseTimezone(name); err != nil || got != name {
			t.Errorf("%q is read as %q, %v", name, got, err)
		}
	}
	for _, name := range []string{"Local", "Berlin", "Europe/Berlin ", "../../etc/passwd", "/etc/localtime", "+02:00", strings.Repeat("a/", 40), "Europe/Berlin\x00"} {
		if got, err := ParseTimezone(name); !inField(err, "timezone") {
			t.Errorf("%q is read as %q, %v", name, got, err)
		}
	}
}

func TestAnImportsCountsAddUp(t *testing.T) {
	t.Parallel()
	got := Imported{1, 2, 3, 4}.Plus(Imported{10, 20, 30, 40})
	if got != (Imported{11, 22, 33, 44}) {
		t.Errorf("%+v", got)
	}
}
