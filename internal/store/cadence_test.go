package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/edition"
	"github.com/collabpulse/weekly/internal/store"
	"github.com/collabpulse/weekly/internal/store/storetest"
	"github.com/collabpulse/weekly/internal/subscriber"
	"github.com/collabpulse/weekly/internal/topic"
)

const week = 7 * 24 * time.Hour

// pacing is a reader of one topic who wants a digest so often.
func pacing(t testing.TB, s *store.Store, text string, cadence subscriber.Cadence, set topic.Set) int64 {
	t.Helper()
	p := profile(t, text, subscriber.Active)
	p.Topics, p.Cadence = set, &cadence
	_, err := s.ImportSubscribers(bg, []subscriber.Profile{p}, vouched)
	must(t, err)
	return found(t, s, text).ID
}

// planned launches a digest with the week's number in the titles of its stories and
// plans it. Whoever was planned for has it then.
func planned(t testing.TB, s *store.Store, number int, topics ...topic.ID) digest.Digest {
	t.Helper()
	for _, id := range topics {
		published(t, s, fmt.Sprintf("%d of topic %d", number, id), id)
	}
	d := approved(t, s, drafted(t, s))
	must(t, s.LaunchDigest(bg, d.ID, 0, ""))
	frozen(t, s, d.ID)
	must(t, s.Damage(bg, fmt.Sprintf("UPDATE deliveries SET state = 3, worker = -1 WHERE digest_id = %d", d.ID)))
	return digestOf(t, s, d.ID)
}

// reads lists the titles that a reader gets in a digest, nil without one.
func reads(t testing.TB, s *store.Store, id, reader int64) (titles []string) {
	t.Helper()
	keys, err := s.Column(bg, fmt.Sprintf("SELECT edition FROM deliveries WHERE digest_id = %d AND subscriber_id = %d", id, reader))
	must(t, err)
	if len(keys) == 0 {
		return nil
	}
	key, err := edition.ParseKey(keys[0])
	must(t, err)
	snapshot, _, err := s.Snapshot(bg, id)
	must(t, err)
	if key.Since != 0 {
		missed, err := s.Missed(bg, id, key.Since)
		must(t, err)
		snapshot = snapshot.With(missed)
	}
	for _, section := range snapshot.For(key.Topics).Sections {
		for _, item := range section.Stories {
			titles = append(titles, item.Title)
		}
	}
	slices.Sort(titles)
	return titles
}

func TestFewerDigestsBringEveryStoryOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		all := pacing(t, s, "weekly@example.com", subscriber.Weekly, topic.Of(1))
		half := pacing(t, s, "fortnightly@example.com", subscriber.Fortnightly, topic.Of(1))
		quarter := pacing(t, s, "monthly@example.com", subscriber.Monthly, topic.Of(2))
		for n := 1; n <= 9; n++ {
			d := planned(t, s, n, 1, 2)
			want := map[int64][]string{all: {fmt.Sprintf("%d of topic 1", n)}}
			excluded := digest.Excluded{}
			switch {
			case n == 1:
				want[half] = []string{"1 of topic 1"}
			case n%2 == 1:
				want[half] = []string{fmt.Sprintf("%d of topic 1", n-1), fmt.Sprintf("%d of topic 1", n)}
			default:
				excluded.NotTheirWeek++
			}
			switch {
			case n == 1:
				want[quarter] = []string{"1 of topic 2"}
			case n%4 == 1:
				for k := n - 3; k <= n; k++ {
					want[quarter] = append(want[quarter], fmt.Sprintf("%d of topic 2", k))
				}
			default:
				excluded.NotTheirWeek++
			}
			for reader, titles := range want {
				if diff := cmp.Diff(titles, reads(t, s, d.ID, reader)); diff != "" {
					t.Errorf("week %d, reader %d: %s", n, reader, diff)
				}
			}
			if diff := cmp.Diff(excluded, d.Excluded); diff != "" || digestPlanned(t, s, d.ID) != int64(len(want)) {
				t.Errorf("week %d planned for %d, want %d: %s", n, digestPlanned(t, s, d.ID), len(want), diff)
			}
			c.Advance(week + time.Duration(n%3-1)*24*time.Hour) // a day early or late
		}
	})
}

func digestPlanned(t testing.TB, s *store.Store, id int64) int64 {
	t.Helper()
	n, err := s.Number(bg, "SELECT COUNT(*) FROM deliveries WHERE digest_id = $1", id)
	must(t, err)
	return n
}

// Their own week may have nothing in their topics when the one before had.
func TestWhatWasMissedIsReasonEnoughForADigest(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		half := pacing(t, s, "fortnightly@example.com", subscriber.Fortnightly, topic.Of(1))
		planned(t, s, 1, 1)
		c.Advance(week)
		planned(t, s, 2, 1, 2)
		c.Advance(week)
		d := planned(t, s, 3, 2)
		if diff := cmp.Diff([]string{"2 of topic 1"}, reads(t, s, d.ID, half)); diff != "" {
			t.Error(diff)
		}
		c.Advance(2 * week)
		if d := planned(t, s, 4, 2); reads(t, s, d.ID, half) != nil || d.Excluded.NoStories != 1 {
			t.Errorf("with nothing new the reader is planned for: %+v", d.Excluded)
		}
	})
}

// A digest that was refused or skipped was not had: it is merged into the next.
func TestADigestThatDidNotArriveCountsAsMissed(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		half := pacing(t, s, "fortnightly@example.com", subscriber.Fortnightly, topic.Of(1))
		planned(t, s, 1, 1)
		c.Advance(2 * week)
		refused := planned(t, s, 2, 1)
		must(t, s.Damage(bg, fmt.Sprintf("UPDATE deliveries SET state = 4 WHERE digest_id = %d", refused.ID)))
		c.Advance(week)
		d := planned(t, s, 3, 1)
		if diff := cmp.Diff([]string{"2 of topic 1", "3 of topic 1"}, reads(t, s, d.ID, half)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestACorrectionStandsForWhatItCorrects(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		half := pacing(t, s, "fortnightly@example.com", subscriber.Fortnightly, topic.Of(1))
		pacing(t, s, "weekly@example.com", subscriber.Weekly, topic.Of(1))
		planned(t, s, 1, 1)
		c.Advance(week)
		wrong := planned(t, s, 2, 1)
		must(t, s.CancelDigest(bg, wrong.ID, "A wrong link."))
		for _, to := range []digest.Audience{digest.Missed, digest.Received} {
			right, err := s.CorrectDigest(bg, wrong.ID, to, "")
			must(t, err)
			right = approved(t, s, right)
			must(t, s.LaunchDigest(bg, right.ID, 0, ""))
			frozen(t, s, right.ID)
			if n, err := s.Number(bg, "SELECT COUNT(*) FROM deliveries WHERE digest_id = $1 AND subscriber_id = $2", right.ID, half); err != nil || n != 0 {
				t.Errorf("a correction for those who %s the digest goes to a reader whose week it was not: %d, %v", to, n, err)
			}
		}
		c.Advance(week)
		d := planned(t, s, 3, 1)
		if diff := cmp.Diff([]string{"2 of topic 1", "3 of topic 1"}, reads(t, s, d.ID, half)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestNoMoreThanFiveDigestsAreMergedAndANewReaderStartsWithOne(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		half := pacing(t, s, "fortnightly@example.com", subscriber.Fortnightly, topic.Of(1))
		planned(t, s, 1, 1)
		must(t, s.Damage(bg, fmt.Sprintf("UPDATE subscribers SET state = 2 WHERE id = %d", half)))
		for n := 2; n <= 7; n++ {
			c.Advance(week)
			planned(t, s, n, 1)
		}
		must(t, s.Damage(bg, fmt.Sprintf("UPDATE subscribers SET state = 1 WHERE id = %d", half)))
		fresh := pacing(t, s, "new@example.com", subscriber.Monthly, topic.Of(1))
		c.Advance(week)
		d := planned(t, s, 8, 1)
		for _, reader := range []int64{half, fresh} {
			if diff := cmp.Diff([]string{"8 of topic 1"}, reads(t, s, d.ID, reader)); diff != "" {
				t.Errorf("reader %d: %s", reader, diff)
			}
		}
	})
}
