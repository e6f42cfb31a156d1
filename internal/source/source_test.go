package source_test

import (
	"strings"
	"testing"
	"time"

	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/source"
)

func TestFailingFeedsAreLookedAtLessAndLessOften(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	for failures, want := range map[int]time.Duration{
		-1: time.Hour, 0: time.Hour, 1: 2 * time.Hour, 2: 4 * time.Hour, 3: 8 * time.Hour, 4: 16 * time.Hour,
		5: 24 * time.Hour, 6: 24 * time.Hour, 1000: 24 * time.Hour,
	} {
		if got := source.NextVisit(now, failures).Sub(now); got != want {
			t.Errorf("after %d failures: in %s, want %s", failures, got, want)
		}
	}
}

func TestAFeedsAddressIsCheckedAndKeptInOneForm(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"https://h.example/feed.xml":             "https://h.example/feed.xml",
		"  https://h.example/feed.xml\n":         "https://h.example/feed.xml",
		"HTTPS://H.Example/Feed.xml#top":         "https://h.example/Feed.xml",
		"http://h.example:8080/rss?format=a&b=c": "http://h.example:8080/rss?format=a&b=c",
		"https://h.example":                      "https://h.example",
		"http://127.0.0.1:9/feed":                "http://127.0.0.1:9/feed",
	} {
		if got, err := source.ParseURL(in); err != nil || got != want {
			t.Errorf("ParseURL(%q) = %q, %v, want %q", in, got, err, want)
		}
	}
}

func TestWhatIsNoFeedsAddressIsRefused(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		"", "  ", "h.example/feed", "/feed.xml", "ftp://h.example/feed", "feed://h.example/", "javascript:alert(1)",
		"https://", "https:///feed", "https:h.example", "https://:80/", "https://mara:secret@h.example/", "https://h.example/a\nb",
		"https://h.example/?q=a b", "https://h.example/?q=\xff", "https://h.example/%zz",
		"https://h.example/" + strings.Repeat("a", 2000), "https://h.example/" + strings.Repeat("ü", 400),
	} {
		got, err := source.ParseURL(in)
		if !fault.Is(err, fault.Invalid) || got != "" {
			t.Errorf("ParseURL(%.40q) = %q, %v, want it refused", in, got, err)
		}
		if strings.Contains(fault.Message(err), "secret") {
			t.Errorf("the message repeats the address: %s", fault.Message(err))
		}
	}
}
