package story_test

import (
	"testing"
	"time"

	"github.com/collabpulse/weekly/internal/story"
)

func TestWhenAStoryBecomesNews(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	ago := func(days int) time.Time { return now.AddDate(0, 0, -days) }
	for _, c := range []struct {
		name      string
		published time.Time
		firstLook bool
		want      time.Time
	}{
		{"found late in a known feed", ago(59), false, now},
		{"so old that the feed must have changed its ids", ago(61), false, ago(61)},
		{"exactly at the border", ago(60), false, now},
		{"the past of a new feed", ago(3), true, ago(3)},
		{"dated in the future", now.Add(time.Hour), false, now},
		{"dated in the future, in a new feed", now.Add(time.Hour), true, now},
		{"without a date", time.Time{}, false, now},
		{"without a date, in a new feed", time.Time{}, true, now},
		{"this very moment", now, true, now},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := story.Appeared(c.published, now, c.firstLook); !got.Equal(c.want) {
				t.Errorf("it appeared %s, want %s", got, c.want)
			}
		})
	}
}
