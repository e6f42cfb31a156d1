package store_test

import (
	"slices"
	"testing"
	"time"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/store"
	"github.com/collabpulse/weekly/internal/store/storetest"
)

func TestTheEmergencyBrakeStopsEveryDigestAndLosesNobody(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := sending(t, s, c, 10)
		c.Advance(time.Hour)
		published(t, s, "Later news", 1)
		next := approved(t, s, drafted(t, s))
		onTheWire, inHand := d.handing(2), d.claim(3)
		must(t, s.PullBrake(bg, "Mara"))
		must(t, s.PullBrake(bg, "somebody else"))
		if b, err := s.Brake(bg); err != nil || b.By != "Mara" || !b.Pulled.Equal(c.Now()) {
			t.Fatalf("the brake is %+v (%v)", b, err)
		}
		if in := d.intend(inHand); len(in.Go) != 0 {
			t.Fatalf("%d mails may go", len(in.Go))
		}
		if got := d.claim(10); len(got) != 0 {
			t.Fatalf("%d rows claimed", len(got))
		}
		d.record(onTheWire, accepted)
		d.wantTally(delivery.Tally{Planned: 10, Queued: 8, Sent: 2})
		wantKind(t, s.LaunchDigest(bg, next.ID, 0, ""), fault.Conflict)

		c.Advance(2 * time.Hour)
		resumed, err := s.ReleaseBrake(bg)
		must(t, err)
		if !slices.Equal(resumed, []int64{d.digest}) {
			t.Fatalf("released, %v go on", resumed)
		}
		d.record(d.handing(8), accepted)
		d.wantTally(delivery.Tally{Planned: 10, Sent: 10})
		must(t, s.LaunchDigest(bg, next.ID, 0, ""))
		if again, err := s.ReleaseBrake(bg); err != nil || len(again) != 0 {
			t.Fatalf("released twice, %v go on (%v)", again, err)
		}
	})
}

func TestTheBrakeLeavesLettersAloneAndStopsTheSchedule(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		published(t, s, "News", 1)
		d := approved(t, s, drafted(t, s))
		must(t, s.ScheduleDigest(bg, d.ID, d.Version, c.Now().Add(time.Hour)))
		c.Advance(2 * time.Hour)
		must(t, s.PullBrake(bg, "Mara"))
		if due, err := s.DueDigests(bg); err != nil || len(due) != 0 {
			t.Fatalf("%v are due (%v)", due, err)
		}
		wantKind(t, s.LaunchDue(bg, d.ID, ""), fault.Conflict)
		letter := withLetter(t, s, c)
		letter.handing(1)
		if _, err := s.ReleaseBrake(bg); err != nil {
			t.Fatal(err)
		}
		must(t, s.LaunchDue(bg, d.ID, ""))
	})
}

func TestWaitingForTheBrakeDoesNotExpireAndALongWaitIsAskedAbout(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := sending(t, s, c, 3)
		must(t, s.PullBrake(bg, "Mara"))
		c.Advance(20 * time.Hour)
		_, err := s.ReleaseBrake(bg)
		must(t, err)
		c.Advance(47 * time.Hour)
		if n, err := s.ExpireQueued(bg); err != nil || n != 0 {
			t.Fatalf("%d expired after 47 hours without the brake (%v)", n, err)
		}
		must(t, s.PullBrake(bg, "Mara"))
		c.Advance(72 * time.Hour)
		if n, err := s.ExpireQueued(bg); err != nil || n != 0 {
			t.Fatalf("%d expired behind the brake (%v)", n, err)
		}
		if resumed, err := s.ReleaseBrake(bg); err != nil || len(resumed) != 0 {
			t.Fatalf("after three days %v go on (%v)", resumed, err)
		}
		wantDigestState(t, s, d.digest, digest.Paused)
		wantKind(t, s.ResumeDigest(bg, d.digest), fault.Conflict)
		must(t, s.ResumeLate(bg, d.digest))
		if n, err := s.ExpireQueued(bg); err != nil || n != 0 {
			t.Fatalf("%d expired after going on (%v)", n, err)
		}
		d.record(d.handing(3), accepted)
	})
}
