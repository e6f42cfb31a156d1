package web

import (
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/delivery"
)

func TestSpansAreToldInTheirTwoLargestUnits(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for d, want := range map[time.Duration]string{
		0:                             "less than a minute",
		59 * time.Second:              "less than a minute",
		time.Minute:                   "1 minute",
		61 * time.Minute:              "1 hour and 1 minute",
		2 * time.Hour:                 "2 hours",
		day:                           "1 day",
		day + 5*time.Minute:           "1 day",
		day + time.Hour + time.Minute: "1 day and 1 hour",
		3*day + 4*time.Hour:           "3 days and 4 hours",
		9*day + 4*time.Hour:           "9 days",
	} {
		if got := span(d); got != want {
			t.Errorf("%s is %q, want %q", d, got, want)
		}
	}
}

func TestTimesAreToldFromNow(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	for since, want := range map[time.Duration]string{
		0: "just now", time.Minute: "1 minute ago", 59 * time.Minute: "59 minutes ago", time.Hour: "1 hour ago",
		47 * time.Hour: "1 day ago", 72 * time.Hour: "3 days ago", -time.Hour: "just now",
	} {
		if got := ago(now, now.Add(-since)); got != want {
			t.Errorf("%s before now is %q, want %q", since, got, want)
		}
	}
	if got := ago(now, time.Time{}); got != "never" {
		t.Errorf("no time is %q", got)
	}
	if a, b := until(now, now), until(now, now.Add(time.Hour)); a != "now" || b != "in 1 hour" {
		t.Errorf("%q, %q", a, b)
	}
}

func TestWordsAreListedAsInASentence(t *testing.T) {
	t.Parallel()
	for _, test := range [][]string{{""}, {"a", "a"}, {"a and b", "a", "b"}, {"a, b and c", "a", "b", "c"}} {
		if got := list(test[1:]); got != test[0] {
			t.Errorf("%v becomes %q", test[1:], got)
		}
	}
}

func TestEverythingThatHappenedHasABeat(t *testing.T) {
	t.Parallel()
	kinds := func(c chart) map[string]int {
		count := map[string]int{}
		for _, b := range c.Beats {
			count[b.Kind]++
		}
		return count
	}
	million := chartOf(delivery.Tally{Planned: 1_000_000, Sent: 999_997, Failed: 1, Skipped: 1, Unknown: 1}, fewBeats)
	if diff := cmp.Diff(map[string]int{"sent": 69, "failed": 1, "skipped": 1, "unknown": 1}, kinds(million)); diff != "" {
		t.Error(diff)
	}
	if want := "1,000,000 readers planned: 999,997 sent, 1 failed, 1 skipped, 1 unknown"; million.Label != want {
		t.Errorf("the drawing is called %q", million.Label)
	}
	half := chartOf(delivery.Tally{Planned: 10, Sent: 5, Queued: 2, Claimed: 2, Handing: 1}, manyBeats)
	if diff := cmp.Diff(map[string]int{"sent": 84, "waiting": 84}, kinds(half)); diff != "" {
		t.Error(diff)
	}
	if none := chartOf(delivery.Tally{}, fewBeats); len(none.Beats) != 0 || none.Label != "0 readers planned" {
		t.Errorf("nobody is drawn as %+v", none)
	}
	for _, b := range million.Beats {
		if b.H > beatHeight || b.Y < 0 || b.X+beatWidth > million.Width() {
			t.Errorf("the beat %+v leaves the drawing", b)
		}
	}
}

func TestAFormKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	typed := entry{values: url.Values{"intro": {" a\r\nb "}, "empty": {""}}}
	if got := typed.Value("intro"); got != "a\nb" {
		t.Errorf("%q", got)
	}
	if typed.Or("intro", "saved") != " a\nb " || typed.Or("empty", "saved") != "" || typed.Or("other", "saved") != "saved" || typed.Length("other", "né") != 2 {
		t.Error("what was typed and what was saved are mixed up")
	}
}
