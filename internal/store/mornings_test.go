package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/store"
	"github.com/collabpulse/weekly/internal/store/storetest"
	"github.com/collabpulse/weekly/internal/subscriber"
)

// wishing imports a reader who chose an hour in a zone.
func wishing(t testing.TB, s *store.Store, text, zone string, hour int) int64 {
	t.Helper()
	p := profile(t, text, subscriber.Active)
	p.Timezone, p.Hour = zone, &hour
	_, err := s.ImportSubscribers(bg, []subscriber.Profile{p}, vouched)
	must(t, err)
	return found(t, s, text).ID
}

func TestReadersGetTheDigestAtTheHourTheyChose(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		launch := storetest.Start // 08:00 UTC, and the digest's own zone is UTC
		want := map[int64]time.Time{
			reading(t, s, "anytime@example.com").ID:                              launch,
			wishing(t, s, "berlin@example.com", "Europe/Berlin", 7):              launch.Add(22 * time.Hour),
			wishing(t, s, "too@example.com", "Europe/Berlin", 7):                 launch.Add(22 * time.Hour),
			wishing(t, s, "evening@example.com", "Europe/Berlin", 20):            launch.Add(11 * time.Hour),
			wishing(t, s, "own@example.com", "", 7):                              launch.Add(23 * time.Hour),
			wishing(t, s, "now@example.com", "", 8):                              launch,
			wishing(t, s, "ahead@example.com", "Pacific/Kiritimati", 7):          launch.Add(9 * time.Hour),
			wishing(t, s, "behind@example.com", "Pacific/Pago_Pago", 7):          launch.Add(10 * time.Hour),
			wishing(t, s, "nowhere@example.com", "Europe/Paris", 7):              launch.Add(23 * time.Hour),
			wishing(t, s, "machine@example.com", "Europe/Paris", 9):              launch.Add(time.Hour),
			wishing(t, s, "nine@example.com", "Europe/Paris", 9):                 launch,
			wishing(t, s, "kathmandu@example.com", "Asia/Kathmandu", 14):         launch.Add(15 * time.Minute),
			wishing(t, s, "havana@example.com", "America/Havana", 0):             launch.Add(21 * time.Hour),
			wishing(t, s, "melbourne@example.com", "Australia/Melbourne", 6):     launch.Add(11 * time.Hour),
			wishing(t, s, "los-angeles@example.com", "America/Los_Angeles", 23):  launch.Add(23 * time.Hour),
			wishing(t, s, "lord-howe@example.com", "Australia/Lord_Howe", 19):    launch,
			wishing(t, s, "newfoundland@example.com", "America/St_Johns", 5):     launch.Add(30 * time.Minute),
			wishing(t, s, "reykjavik@example.com", "Atlantic/Reykjavik", 12):     launch.Add(4 * time.Hour),
			wishing(t, s, "johannesburg@example.com", "Africa/Johannesburg", 10): launch,
		}
		must(t, s.Damage(bg, "UPDATE subscribers SET timezone = 'Mars/Olympus' WHERE address LIKE 'nowhere@%'"))
		must(t, s.Damage(bg, "UPDATE subscribers SET timezone = 'Local' WHERE address LIKE 'machine@%'"))

		d := about(t, s, 1)
		frozen(t, s, d.ID)
		for id, due := range want {
			got, err := s.Number(bg, fmt.Sprintf("SELECT due_at FROM deliveries WHERE subscriber_id = %d", id))
			must(t, err)
			if got != due.UnixMilli() {
				t.Errorf("reader %d is due at %v, want %v", id, time.UnixMilli(got).UTC(), due)
			}
		}
	})
}

func TestADigestWaitsForTheLastMorning(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		wishing(t, s, "late@example.com", "Europe/Berlin", 7)
		d := about(t, s, 1)
		frozen(t, s, d.ID)
		desk := deskOf(t, s, c, delivery.Scope{Digest: d.ID})
		morning := storetest.Start.Add(22 * time.Hour)
		if due, next, err := s.Waiting(bg, desk.scope); err != nil || due != 0 || !next.Equal(morning) {
			t.Fatalf("%d are due and the next at %v (%v)", due, next, err)
		}
		if finished, err := s.FinishDigest(bg, d.ID); err != nil || finished {
			t.Fatalf("finished %v before everybody's morning (%v)", finished, err)
		}
		c.Advance(22*time.Hour - time.Second)
		if claims, err := s.Claim(bg, desk.scope, desk.worker, 10); err != nil || len(claims) != 0 {
			t.Fatalf("%d claimed before their hour (%v)", len(claims), err)
		}
		c.Advance(time.Second)
		if got := desk.handing(16); len(got) != 1 {
			t.Fatalf("%d go out at their hour", len(got))
		}
	})
}

func TestPatienceBeginsWithTheMorning(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		wishing(t, s, "late@example.com", "Europe/Berlin", 7)
		d := about(t, s, 1)
		frozen(t, s, d.ID)
		for _, step := range []struct {
			wait time.Duration
			want int
		}{{delivery.Patience + time.Minute, 0}, {22 * time.Hour, 1}} {
			c.Advance(step.wait)
			if n, err := s.ExpireQueued(bg); err != nil || n != step.want {
				t.Fatalf("%d expired, want %d (%v)", n, step.want, err)
			}
		}
	})
}
