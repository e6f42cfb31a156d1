package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/consent"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/store"
	"github.com/collabpulse/weekly/internal/store/storetest"
	"github.com/collabpulse/weekly/internal/subscriber"
	"github.com/collabpulse/weekly/internal/suppression"
	"github.com/collabpulse/weekly/internal/topic"
)

var vouched = subscriber.Evidence{Page: "import", Wording: "Imported from readers.csv"}

// crowd is so many active readers, numbered from first.
func crowd(t testing.TB, first, n int) []subscriber.Profile {
	t.Helper()
	profiles := make([]subscriber.Profile, n)
	for i := range profiles {
		profiles[i] = profile(t, fmt.Sprintf("reader%d@example.com", first+i), subscriber.Active)
	}
	return profiles
}

func profile(t testing.TB, text string, state subscriber.State) subscriber.Profile {
	t.Helper()
	return subscriber.Profile{Address: mailbox(t, text), Topics: topic.Of(1, 2, 3, 4), Language: "en", Timezone: "Europe/Paris", State: state}
}

func wantImported(t *testing.T, s *store.Store, profiles []subscriber.Profile, want subscriber.Imported) {
	t.Helper()
	done, err := s.ImportSubscribers(bg, profiles, vouched)
	must(t, err)
	if diff := cmp.Diff(want, done); diff != "" {
		t.Fatalf("imported (-want +got):\n%s", diff)
	}
}

func TestAnImportAddsReadersWithTheOperatorsWord(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		wantImported(t, s, crowd(t, 0, 123), subscriber.Imported{Added: 123})
		one := found(t, s, "reader77@example.com")
		want := subscriber.Subscriber{
			ID: one.ID, Address: mailbox(t, "reader77@example.com"), State: subscriber.Active, Topics: topic.Of(1, 2, 3, 4),
			Language: "en", Timezone: "Europe/Paris", Hour: -1, Key: one.Key, Created: c.Now(), Changed: c.Now(),
		}
		if diff := cmp.Diff(want, one, cmp.Comparer(sameAddress)); diff != "" {
			t.Fatal(diff)
		}
		kept, err := s.Consents(bg, one.ID)
		must(t, err)
		evidence := []consent.Consent{{
			ID: kept[0].ID, Subscriber: one.ID, Address: storetest.Hasher().Hash(one.Address), Kind: consent.Imported, At: c.Now(), Evidence: vouched,
		}}
		if diff := cmp.Diff(evidence, kept); diff != "" {
			t.Fatal(diff)
		}
		must(t, s.Leave(bg, one.ID, one.Key.Tag(linkLeave), button))
		wantLetters(t, s)
		consents, err := s.Number(bg, "SELECT COUNT(DISTINCT subscriber_id) FROM consents")
		must(t, err)
		wordings, err := s.Number(bg, "SELECT COUNT(*) FROM wordings")
		must(t, err)
		if consents != 123 || wordings != 2 {
			t.Fatalf("%d readers with evidence in %d wordings, want 123 in 2 (import, leave)", consents, wordings)
		}
	})
}

func TestImportingAgainChangesNothing(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		file := crowd(t, 0, 120)
		wantImported(t, s, file, subscriber.Imported{Added: 120})
		c.Advance(time.Hour)
		wantImported(t, s, file, subscriber.Imported{Unchanged: 120})
		for i := range 70 {
			file[i].Topics, file[i].Language, file[i].Timezone = topic.Of(2), "de", "Asia/Tokyo"
		}
		wantImported(t, s, file, subscriber.Imported{Updated: 70, Unchanged: 50})
		one := found(t, s, "reader69@example.com")
		if one.Topics != topic.Of(2) || one.Language != "de" || one.Timezone != "Asia/Tokyo" || !one.Changed.Equal(one.Created) {
			t.Fatalf("after the update: %+v", one)
		}
		wantConsents(t, s, one.ID, consent.Imported, consent.Changed)
		wantConsents(t, s, found(t, s, "reader70@example.com").ID, consent.Imported)
	})
}

func TestAnImportBringsNobodyBack(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		left := reading(t, s, "left@example.com")
		must(t, s.Leave(bg, left.ID, left.Key.Tag(linkLeave), button))
		stopped := reading(t, s, "stopped@example.com")
		must(t, s.Suppress(bg, stopped.Address, suppression.Complaint, ""))
		reading(t, s, "erased@example.com")
		must(t, s.EraseSubscriber(bg, mailbox(t, "erased@example.com")))
		must(t, s.Suppress(bg, mailbox(t, "unknown@example.com"), suppression.Manual, ""))
		wantImported(t, s, []subscriber.Profile{
			profile(t, "left@example.com", subscriber.Active), profile(t, "Stopped@example.com", subscriber.Active),
			profile(t, "erased@example.com", subscriber.Active), profile(t, "unknown@example.com", subscriber.Active),
			profile(t, "unknown@example.com", subscriber.Active),
		}, subscriber.Imported{Unchanged: 2, Suppressed: 3})
		wantState(t, s, left.ID, subscriber.Unsubscribed)
		wantState(t, s, stopped.ID, subscriber.Suppressed)
		pending := signedUp(t, s, "erased@example.com")
		wantImported(t, s, []subscriber.Profile{profile(t, "erased@example.com", subscriber.Active)}, subscriber.Imported{Unchanged: 1})
		wantState(t, s, pending.ID, subscriber.Pending)
	})
}

func TestWhatAFileSaysOfSomebodyKnown(t *testing.T) {
	t.Parallel()
	const pending, active, paused, left = subscriber.Pending, subscriber.Active, subscriber.Paused, subscriber.Unsubscribed
	cases := []struct {
		known, file, want subscriber.State
		evidence          consent.Kind // 0 when nothing changes
	}{
		{pending, pending, pending, 0},
		{pending, active, active, consent.Imported},
		{pending, paused, paused, consent.Imported},
		{pending, left, left, consent.Left},
		{active, pending, active, 0},
		{active, paused, paused, consent.Changed},
		{active, left, left, consent.Left},
		{active, subscriber.Suppressed, left, consent.Left},
		{active, subscriber.Erased, left, consent.Left},
		{paused, active, paused, 0},
		{paused, pending, paused, 0},
		{paused, left, left, consent.Left},
		{left, active, left, 0},
		{left, pending, left, 0},
	}
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		for i, c := range cases {
			name := fmt.Sprintf("reader%d@example.com", i)
			_, err := s.ImportSubscribers(bg, []subscriber.Profile{profile(t, name, c.known)}, vouched)
			must(t, err)
			before, err := s.Consents(bg, found(t, s, name).ID)
			must(t, err)
			_, err = s.ImportSubscribers(bg, []subscriber.Profile{profile(t, name, c.file)}, vouched)
			must(t, err)
			after, err := s.Consents(bg, found(t, s, name).ID)
			must(t, err)
			var evidence consent.Kind
			if len(after) > len(before) {
				evidence = after[len(after)-1].Kind
			}
			if got := found(t, s, name).State; got != c.want || evidence != c.evidence {
				t.Errorf("%s and the file says %s: now %s with evidence %q, want %s with %q", c.known, c.file, got, evidence, c.want, c.evidence)
			}
		}
	})
}

func TestAnAddressThatIsInABatchMoreThanOnceIsOneReader(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		last := profile(t, "MARA@example.com", subscriber.Active)
		last.Topics = topic.Of(3)
		wantImported(t, s, []subscriber.Profile{
			profile(t, "mara@example.com", subscriber.Active), profile(t, "ines@example.com", subscriber.Unsubscribed),
			profile(t, "Mara@example.com", subscriber.Active), last, profile(t, "ines@example.com", subscriber.Active),
		}, subscriber.Imported{Added: 2, Unchanged: 3})
		mara, ines := found(t, s, "mara@example.com"), found(t, s, "ines@example.com")
		if mara.Topics != topic.Of(3) || mara.State != subscriber.Active {
			t.Fatalf("the last line did not hold: %+v", mara)
		}
		if ines.State != subscriber.Unsubscribed {
			t.Fatal("a line that says she left was overruled by a later one")
		}
		wantConsents(t, s, mara.ID, consent.Imported)
		wantConsents(t, s, ines.ID, consent.Left)
	})
}

func TestTheSameFileImportedTwiceAtOnceAddsEverybodyOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		totals := make([]subscriber.Imported, 4)
		together(t, len(totals), func(i int) error {
			var err error
			totals[i], err = s.ImportSubscribers(bg, crowd(t, 0, 300), vouched)
			return err
		})
		var sum subscriber.Imported
		for _, one := range totals {
			sum = sum.Plus(one)
		}
		if diff := cmp.Diff(subscriber.Imported{Added: 300, Unchanged: 900}, sum); diff != "" {
			t.Fatal(diff)
		}
		consents, err := s.Number(bg, "SELECT COUNT(*) FROM consents")
		must(t, err)
		if consents != 300 {
			t.Fatalf("%d pieces of evidence, want 300", consents)
		}
	})
}

func TestABatchHasALimitAndMayBeEmpty(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		wantImported(t, s, nil, subscriber.Imported{})
		wantImported(t, s, crowd(t, 0, store.ImportBatch), subscriber.Imported{Added: store.ImportBatch})
		_, err := s.ImportSubscribers(bg, crowd(t, 0, store.ImportBatch+1), vouched)
		wantKind(t, err, fault.Invalid)
	})
}

// BenchmarkImport adds full batches of new readers. Run it with
// -benchtime=100x for the hundred thousand rows the product promises in seconds.
func BenchmarkImport(b *testing.B) {
	for engine, url := range map[string]func(testing.TB) string{"sqlite": storetest.SQLiteURL, "postgres": storetest.PostgresURL} {
		b.Run(engine, func(b *testing.B) {
			s := storetest.Open(b, url(b), storetest.NewClock())
			first := 0
			for b.Loop() {
				b.StopTimer()
				profiles := crowd(b, first, store.ImportBatch)
				first += len(profiles)
				b.StartTimer()
				_, err := s.ImportSubscribers(bg, profiles, vouched)
				must(b, err)
			}
			b.ReportMetric(float64(first)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// A file that says nothing of it must not undo what a reader chose.
func TestAnImportWithoutACadenceLeavesTheReadersOwn(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		monthly, fortnightly := subscriber.Monthly, subscriber.Fortnightly
		p := profile(t, "mara@example.com", subscriber.Active)
		for _, step := range []struct{ says, want *subscriber.Cadence }{{&monthly, &monthly}, {nil, &monthly}, {&fortnightly, &fortnightly}} {
			p.Cadence = step.says
			_, err := s.ImportSubscribers(bg, []subscriber.Profile{p}, vouched)
			must(t, err)
			if got := found(t, s, "mara@example.com").Cadence; got != *step.want {
				t.Errorf("the reader's cadence is %s, want %s", got, *step.want)
			}
		}
	})
}
