package store_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/spotlight"
	"github.com/collabpulse/weekly/internal/store"
	"github.com/collabpulse/weekly/internal/store/storetest"
	"github.com/collabpulse/weekly/internal/topic"
)

func TestAnEditorsTextsReplaceTheProposedOnes(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		published(t, s, "One", 1)
		d := drafted(t, s)
		must(t, s.ReviseDigest(bg, d.ID, d.Version, digest.Texts{Subject: "New", Preheader: "Newer", Intro: "Dear all,\n\nhello."}))
		want := d
		want.Subject, want.Preheader, want.Intro, want.Version = "New", "Newer", "Dear all,\n\nhello.", 2
		if diff := cmp.Diff(want, digestOf(t, s, d.ID)); diff != "" {
			t.Fatal(diff)
		}
		wantKind(t, s.ReviseDigest(bg, d.ID, 2, digest.Texts{}), fault.Invalid)
		wantKind(t, s.ReviseDigest(bg, d.ID, 2, digest.Texts{Subject: strings.Repeat("x", digest.MaxSubject+1)}), fault.Invalid)
	})
}

// edits are all ways to change what a digest says.
func edits(s *store.Store, story, spotlight int64) map[string]func(id int64, version int) error {
	return map[string]func(int64, int) error{
		"texts":     func(id int64, v int) error { return s.ReviseDigest(bg, id, v, digest.Texts{Subject: "New"}) },
		"exclude":   func(id int64, v int) error { return s.IncludeStory(bg, id, v, story, false) },
		"include":   func(id int64, v int) error { return s.IncludeStory(bg, id, v, story, true) },
		"move":      func(id int64, v int) error { return s.MoveStory(bg, id, v, story, true) },
		"spotlight": func(id int64, v int) error { return s.IncludeSpotlight(bg, id, v, spotlight, false) },
	}
}

func TestEveryChangeVoidsAnApproval(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		st := published(t, s, "Below", 1)
		c.Advance(time.Minute)
		published(t, s, "Above", 1)
		sp, err := s.SaveSpotlight(bg, feature("Atelier Nord"))
		must(t, err)
		for name, edit := range edits(s, st, sp) {
			d, _, err := s.ComposeDigest(bg, digest.Order{Slot: digest.Slot{Schedule: name, Date: "2026-11-24", At: c.Now().Add(time.Hour)}})
			must(t, err)
			d = approved(t, s, d)
			must(t, edit(d.ID, d.Version))
			after := digestOf(t, s, d.ID)
			if after.State != digest.Draft || after.Hash != "" || !after.Approved.IsZero() || after.ApprovedBy != "" || !after.SendAt.Equal(d.SendAt) {
				t.Errorf("%s: %+v", name, after)
			}
			_, _, err = s.Snapshot(bg, d.ID)
			wantKind(t, err, fault.NotFound)
			must(t, s.CancelDigest(bg, d.ID, "Next."))
		}
	})
}

func TestAChangeMadeFromAnOldViewIsRefused(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		st := published(t, s, "One", 1)
		sp, err := s.SaveSpotlight(bg, feature("Atelier Nord"))
		must(t, err)
		d := drafted(t, s)
		must(t, s.ReviseDigest(bg, d.ID, d.Version, digest.Texts{Subject: "New"}))
		all := edits(s, st, sp)
		all["schedule"] = func(id int64, v int) error { return s.ScheduleDigest(bg, id, v, c.Now()) }
		all["approve"] = func(id int64, v int) error { _, err := s.ApproveDigest(bg, id, v, "mara", "bundle"); return err }
		for name, edit := range all {
			err := edit(d.ID, d.Version)
			if !fault.Is(err, fault.Conflict) || !strings.HasPrefix(fault.Message(err), "Somebody else changed this digest") {
				t.Errorf("%s: %v", name, err)
			}
		}
		if got := digestOf(t, s, d.ID).Version; got != 2 {
			t.Fatalf("version %d, want 2", got)
		}
	})
}

func TestALaunchedDigestCannotBeChanged(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := launched(t, s)
		for name, edit := range edits(s, d.LineUp.Places[0].Story.ID, 1) {
			if err := edit(d.ID, d.Version); !fault.Is(err, fault.Conflict) {
				t.Errorf("%s: %v", name, err)
			}
		}
		wantKind(t, s.ScheduleDigest(bg, d.ID, d.Version, c.Now()), fault.Conflict)
	})
}

func TestTwoEditorsAtOnceDoNotOverwriteEachOther(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		published(t, s, "One", 1)
		d := drafted(t, s)
		refused := make([]bool, 6)
		together(t, 6, func(i int) error {
			err := s.ReviseDigest(bg, d.ID, d.Version, digest.Texts{Subject: "New"})
			if refused[i] = fault.Is(err, fault.Conflict); refused[i] {
				return nil
			}
			return err
		})
		won := 0
		for _, no := range refused {
			if !no {
				won++
			}
		}
		if won != 1 || digestOf(t, s, d.ID).Version != 2 {
			t.Fatalf("%d changes were taken", won)
		}
	})
}

func TestStoriesAreTakenInAndOut(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		one := published(t, s, "One", 1)
		d := drafted(t, s)
		two := published(t, s, "Two", 1) // in the pool, but not offered
		must(t, s.IncludeStory(bg, d.ID, 1, two, true))
		if diff := cmp.Diff([]string{"One", "Two"}, lines(digestOf(t, s, d.ID))); diff != "" {
			t.Fatal(diff)
		}
		must(t, s.IncludeStory(bg, d.ID, 2, one, false))
		must(t, s.IncludeStory(bg, d.ID, 3, two, true))
		if diff := cmp.Diff([]string{"Two"}, lines(digestOf(t, s, d.ID))); diff != "" {
			t.Fatal(diff)
		}
		wantKind(t, s.IncludeStory(bg, d.ID, 4, 99, true), fault.NotFound)
		must(t, s.HideStory(bg, one, true))
		wantKind(t, s.IncludeStory(bg, d.ID, 4, one, true), fault.Conflict)
		three := published(t, s, "Three", 1)
		must(t, s.IncludeStory(bg, d.ID, 4, three, false)) // was not in it anyway
		if got := digestOf(t, s, d.ID); got.Version != 4 || len(got.LineUp.Places) != 2 {
			t.Fatalf("version %d with %d places", got.Version, len(got.LineUp.Places))
		}
	})
}

func TestAStoryMovesPastItsIncludedNeighbourOfTheSameTopic(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		ids := map[string]int64{}
		for _, name := range []string{"Z", "D", "C", "B", "A"} { // the newest stands first
			about := 1
			if name == "Z" {
				about = 2
			}
			ids[name] = published(t, s, name, topic.ID(about))
			c.Advance(time.Minute)
		}
		d := drafted(t, s)
		must(t, s.IncludeStory(bg, d.ID, 1, ids["C"], false))
		version := 2
		for _, step := range []struct {
			story string
			up    bool
			want  string
		}{
			{"D", true, "A D B Z"}, {"D", true, "D A B Z"}, {"D", true, "D A B Z"},
			{"D", false, "A D B Z"}, {"B", false, "A D B Z"}, {"Z", true, "A D B Z"}, {"A", false, "D A B Z"},
		} {
			before := strings.Join(lines(digestOf(t, s, d.ID)), " ")
			must(t, s.MoveStory(bg, d.ID, version, ids[step.story], step.up))
			after := digestOf(t, s, d.ID)
			if got := strings.Join(lines(after), " "); got != step.want {
				t.Fatalf("moving %s up=%v: %s, want %s", step.story, step.up, got, step.want)
			}
			if before != step.want {
				version++
			}
			if after.Version != version {
				t.Fatalf("moving %s up=%v: version %d, want %d", step.story, step.up, after.Version, version)
			}
		}
		wantKind(t, s.MoveStory(bg, d.ID, version, ids["C"], true), fault.NotFound)
	})
}

func TestADigestCarriesOneSpotlightOfEachPillar(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		one, err := s.SaveSpotlight(bg, feature("One"))
		must(t, err)
		two, err := s.SaveSpotlight(bg, feature("Two"))
		must(t, err)
		bold := feature("Bold")
		bold.Pillar = spotlight.BoldWin
		three, err := s.SaveSpotlight(bg, bold)
		must(t, err)
		d := drafted(t, s)
		wantSpotlights(t, s, d.ID, "One", "Bold")
		must(t, s.IncludeSpotlight(bg, d.ID, 1, two, true))
		wantSpotlights(t, s, d.ID, "Two", "Bold")
		must(t, s.IncludeSpotlight(bg, d.ID, 2, one, true))
		must(t, s.IncludeSpotlight(bg, d.ID, 3, three, false))
		wantSpotlights(t, s, d.ID, "One")
		must(t, s.IncludeSpotlight(bg, d.ID, 4, one, true)) // again
		wantSpotlights(t, s, d.ID, "One")

		wantKind(t, s.IncludeSpotlight(bg, d.ID, 5, 99, true), fault.NotFound)
		must(t, s.HideSpotlight(bg, two, true))
		wantKind(t, s.IncludeSpotlight(bg, d.ID, 5, two, true), fault.Conflict)
		must(t, s.LaunchDigest(bg, approved(t, s, digestOf(t, s, d.ID)).ID, 0, ""))
		published(t, s, "News", 1)
		next := drafted(t, s)
		wantKind(t, s.IncludeSpotlight(bg, next.ID, next.Version, one, true), fault.Conflict)
	})
}

func wantSpotlights(t testing.TB, s *store.Store, id int64, want ...string) {
	t.Helper()
	got := []string{}
	for _, f := range digestOf(t, s, id).LineUp.Features {
		if f.Included {
			got = append(got, f.Spotlight.Headline)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("spotlights (-want +got):\n%s", diff)
	}
}

func TestSchedulingLetsAnApprovalStand(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		published(t, s, "One", 1)
		d := drafted(t, s)
		must(t, s.ScheduleDigest(bg, d.ID, 1, c.Now().Add(time.Hour)))
		wantDigestState(t, s, d.ID, digest.Draft)
		d = approved(t, s, digestOf(t, s, d.ID))
		must(t, s.ScheduleDigest(bg, d.ID, 3, c.Now().Add(2*time.Hour)))
		after := digestOf(t, s, d.ID)
		if after.State != digest.Approved || after.Hash != d.Hash || !after.SendAt.Equal(c.Now().Add(2*time.Hour)) || after.Version != 4 {
			t.Fatalf("%+v", after)
		}
		must(t, s.ScheduleDigest(bg, d.ID, 4, time.Time{}))
		if after = digestOf(t, s, d.ID); !after.SendAt.IsZero() || after.State != digest.Approved {
			t.Fatalf("%+v", after)
		}
	})
}

func TestATimeThatHasPassedIsNotScheduled(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		published(t, s, "One", 1)
		d := drafted(t, s)
		err := s.ScheduleDigest(bg, d.ID, d.Version, c.Now().Add(-61*time.Second))
		if !fault.Is(err, fault.Invalid) || fault.Message(err) != "That time has passed; choose a later one." {
			t.Fatal(err)
		}
		if diff := cmp.Diff(d, digestOf(t, s, d.ID)); diff != "" {
			t.Fatal(diff)
		}
		must(t, s.ScheduleDigest(bg, d.ID, d.Version, c.Now().Add(-time.Minute))) // "now", read off a clock
	})
}

func TestAnotherDayVoidsAnApprovalBecauseItIsOnTheMasthead(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	must(t, err)
	c := storetest.NewClock() // 08:00 UTC, 09:00 in Berlin
	s, err := store.Open(bg, storetest.SQLiteURL(t), store.Options{Now: c.Now, Hasher: storetest.Hasher(), Zone: berlin})
	must(t, err)
	defer s.Close()
	must(t, s.Migrate(bg))
	published(t, s, "One", 1)
	d := approved(t, s, drafted(t, s))
	for _, step := range []struct {
		hour int
		want digest.State
	}{{22, digest.Approved}, {23, digest.Draft}} { // 23:00 UTC is tomorrow in Berlin
		at := time.Date(2026, 11, 23, step.hour, 30, 0, 0, time.UTC)
		must(t, s.ScheduleDigest(bg, d.ID, d.Version, at))
		if d = digestOf(t, s, d.ID); d.State != step.want || !d.SendAt.Equal(at) || (d.Hash != "") != (d.State == digest.Approved) {
			t.Fatalf("at %v: %+v", at, d)
		}
	}
	d = approved(t, s, d)
	if snapshot, _, err := s.Snapshot(bg, d.ID); err != nil || !snapshot.Date.Equal(d.SendAt) {
		t.Fatalf("dated %v, want %v; %v", snapshot.Date, d.SendAt, err)
	}
}

func TestProposedTextsFollowTheLineUpAndAnEditorsDoNot(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		ids := map[string]int64{}
		for _, name := range []string{"C", "B", "A"} { // the newest stands first
			ids[name] = published(t, s, name, 1)
			c.Advance(time.Minute)
		}
		d := drafted(t, s)
		texts := func(subject, preheader string) {
			t.Helper()
			if d = digestOf(t, s, d.ID); d.Subject != subject || d.Preheader != preheader {
				t.Fatalf("%q, %q; want %q, %q", d.Subject, d.Preheader, subject, preheader)
			}
		}
		texts("A, and 2 more stories", "B · C")
		must(t, s.IncludeStory(bg, d.ID, d.Version, ids["A"], false))
		texts("B, and 1 more story", "C")
		must(t, s.MoveStory(bg, d.ID, d.Version, ids["C"], true))
		texts("C, and 1 more story", "B")
		must(t, s.ReviseDigest(bg, d.ID, d.Version, digest.Texts{Subject: "Mine", Preheader: "B"}))
		d = digestOf(t, s, d.ID)
		must(t, s.IncludeStory(bg, d.ID, d.Version, ids["A"], true))
		texts("Mine", "C · B")
	})
}
