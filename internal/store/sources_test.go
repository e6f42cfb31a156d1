package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/source"
	"github.com/collabpulse/weekly/internal/store"
	"github.com/collabpulse/weekly/internal/store/storetest"
	"github.com/collabpulse/weekly/internal/story"
)

func feed(t testing.TB, s *store.Store, name string) source.Source {
	t.Helper()
	one, err := s.AddSource(bg, "https://"+name+".example/feed.xml", 1)
	must(t, err)
	return one
}

func dueSources(t testing.TB, s *store.Store) []int64 {
	t.Helper()
	ids, err := s.DueSources(bg)
	must(t, err)
	return append([]int64{}, ids...)
}

func TestAFeedIsTakenUpOnceAndDueAtOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		added := feed(t, s, "atelier")
		want := source.Source{ID: added.ID, URL: "https://atelier.example/feed.xml", Topic: 1, Active: true, Due: c.Now(), Created: c.Now()}
		read, err := s.Source(bg, added.ID)
		must(t, err)
		all, err := s.Sources(bg)
		must(t, err)
		for what, got := range map[string]source.Source{"added": added, "read": read, "listed": all[0]} {
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("as %s:\n%s", what, diff)
			}
		}
		_, err = s.AddSource(bg, added.URL, 2)
		wantKind(t, err, fault.Conflict)
		_, err = s.AddSource(bg, "https://other.example/feed", 61)
		wantKind(t, err, fault.Invalid)
		if diff := cmp.Diff([]int64{added.ID}, dueSources(t, s)); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestSourcesBecomeDueInTurnUnlessPaused(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		early, late, paused := feed(t, s, "early"), feed(t, s, "late"), feed(t, s, "paused")
		for wait, one := range map[time.Duration]source.Source{time.Hour: early, 2 * time.Hour: late, time.Minute: paused} {
			_, err := s.RecordVisit(bg, one.ID, source.Visit{At: c.Now(), Next: c.Now().Add(wait)}, nil, nil, nil)
			must(t, err)
		}
		must(t, s.SetSourceActive(bg, paused.ID, false))
		for _, step := range []struct {
			wait time.Duration
			want []int64
		}{{0, []int64{}}, {time.Hour, []int64{early.ID}}, {time.Hour, []int64{early.ID, late.ID}}} {
			c.Advance(step.wait)
			if diff := cmp.Diff(step.want, dueSources(t, s)); diff != "" {
				t.Fatal(diff)
			}
		}
		must(t, s.SetSourceActive(bg, paused.ID, true))
		if diff := cmp.Diff([]int64{early.ID, late.ID, paused.ID}, dueSources(t, s)); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestAnEditorMayAskToLookAtAFeedNow(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		one := feed(t, s, "atelier")
		_, err := s.RecordVisit(bg, one.ID, source.Visit{At: c.Now(), Next: c.Now().Add(time.Hour)}, nil, nil, nil)
		must(t, err)
		must(t, s.LookNow(bg, one.ID))
		if diff := cmp.Diff([]int64{one.ID}, dueSources(t, s)); diff != "" {
			t.Fatal(diff)
		}
		must(t, s.SetSourceActive(bg, one.ID, false))
		wantKind(t, s.LookNow(bg, one.ID), fault.Conflict)
	})
}

func TestWhatAFeedGaveOutlivesIt(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		one := feed(t, s, "atelier")
		_, err := s.RecordVisit(bg, one.ID, source.Visit{At: c.Now(), Title: "Atelier", Next: c.Now()}, []story.Story{piece("a"), piece("b")}, nil, nil)
		must(t, err)
		if read, err := s.Source(bg, one.ID); err != nil || read.Stories != 2 {
			t.Fatalf("the feed gave %d stories, %v", read.Stories, err)
		}
		must(t, s.RemoveSource(bg, one.ID))
		pool, err := s.Stories(bg, story.Pool{})
		must(t, err)
		if len(pool) != 2 || pool[0].Source != 0 || pool[0].SourceTag != "" {
			t.Fatalf("left in the pool: %+v", pool)
		}
		again := feed(t, s, "atelier")
		added, err := s.RecordVisit(bg, again.ID, source.Visit{At: c.Now(), Next: c.Now()}, []story.Story{piece("a"), piece("c")}, nil, nil)
		must(t, err)
		if added != 1 {
			t.Fatalf("%d stories were new after the feed came back, want 1", added)
		}
	})
}

func TestAFeedNobodyKnowsIsNotFound(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		_, err := s.Source(bg, 7)
		_, visit := s.RecordVisit(bg, 7, source.Visit{At: c.Now()}, []story.Story{piece("a")}, nil, nil)
		_, failed := s.RecordVisit(bg, 7, source.Visit{At: c.Now(), Error: "no answer"}, nil, nil, nil)
		for what, err := range map[string]error{
			"read": err, "remove": s.RemoveSource(bg, 7), "pause": s.SetSourceActive(bg, 7, false),
			"look": s.LookNow(bg, 7), "visit": visit, "failed visit": failed,
		} {
			if !fault.Is(err, fault.NotFound) {
				t.Errorf("%s: %v, want not found", what, err)
			}
		}
		if pool, err := s.Stories(bg, story.Pool{}); err != nil || len(pool) != 0 {
			t.Fatalf("a removed feed still gave %d stories, %v", len(pool), err)
		}
	})
}

func piece(name string) story.Story {
	return story.Story{
		GUID: "tag:" + name, Link: "https://atelier.example/" + name, Title: "How " + name + " came about", Summary: "First words.",
		Topic: 1, Author: "Mara", Language: "en", Published: storetest.Start.Add(-time.Hour), Appeared: storetest.Start,
	}
}

func pieces(n int) []story.Story {
	all := make([]story.Story, n)
	for i := range all {
		all[i] = piece(fmt.Sprintf("story-%02d", i))
		all[i].Published = storetest.Start.Add(-time.Duration(i) * time.Hour) // feeds list the newest first
	}
	return all
}
