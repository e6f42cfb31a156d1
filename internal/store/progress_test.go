package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/progress"
	"github.com/collabpulse/weekly/internal/store"
	"github.com/collabpulse/weekly/internal/store/storetest"
)

// look is how far the digest is, with these domain groups told apart.
func (d desk) look(named ...string) progress.Look {
	d.t.Helper()
	c, err := d.s.Count(bg, d.digest, named)
	must(d.t, err)
	return progress.Sum(c, nil)
}

func TestACountAgreesWithTheTallyAndTellsRowsApart(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := sending(t, s, c, 12)
		items := d.handing(6)
		d.claim(1)
		throttled := delivery.Outcome{Verdict: delivery.Deferred, Code: 421, Enhanced: "4.7.28"}
		d.record(items[:2], accepted)
		c.Advance(time.Minute)
		d.record(items[2:3], refused)
		d.record(items[3:4], throttled)
		d.record(items[4:5], inDoubt)
		must(t, s.SetDoubts(bg, d.digest, delivery.Leave))
		d.record(items[5:6], inDoubt)
		c.Advance(time.Second)
		l := d.look("example.com")
		tally, err := s.Tally(bg, d.digest)
		must(t, err)
		if diff := cmp.Diff(tally, l.Tally); diff != "" {
			t.Error(diff)
		}
		if l.State != digest.Sending || l.Launched.IsZero() || l.Frozen.IsZero() || !l.At.Equal(c.Now()) {
			t.Errorf("%v, launched %v, frozen %v, counted %v", l.State, l.Launched, l.Frozen, l.At)
		}
		if diff := cmp.Diff([]progress.Deferral{{Code: 421, Enhanced: "4.7.28", Count: 1}}, l.Deferrals); diff != "" {
			t.Error(diff)
		}
		if l.History[progress.Beats-1] != 1 || l.History[progress.Beats-5] != 2 || l.PerMinute() != 1 {
			t.Errorf("history %v, %d a minute", l.History, l.PerMinute())
		}
		if len(l.Groups) != 1 || l.Groups[0].Name != "example.com" || l.Groups[0].Planned != 12 || l.Groups[0].Deferred != 1 || l.Resent != 1 {
			t.Errorf("groups %+v, resent %d", l.Groups, l.Resent)
		}
		if l := d.look("gmail"); len(l.Groups) != 1 || l.Groups[0].Name != "" || l.Groups[0].Planned != 12 {
			t.Errorf("groups that are not named: %+v", l.Groups)
		}
		c.Advance(time.Hour)
		if l := d.look(); l.PerMinute() != 0 {
			t.Errorf("an hour later still %d a minute", l.PerMinute())
		}
	})
}

func TestWhoWaitsForAnHourOrForTheirProviderIsToldApart(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := sending(t, s, c, 9)
		claims := d.claim(3)
		must(t, s.HandBack(bg, d.scope, d.worker, delivery.Return{Items: claims[:2], Due: c.Now().Add(10 * time.Minute)}))
		morning := c.Now().Add(20 * time.Hour)
		must(t, s.Damage(bg, fmt.Sprintf("UPDATE deliveries SET due_at = %d WHERE attempt = 0 AND subscriber_id > 5", morning.UnixMilli())))
		l := d.look()
		if l.Held != 2 || l.Later != 4 || l.Due != 2 || l.InHand() != 1 || !l.LastLater.Equal(morning) {
			t.Errorf("held %d, later %d until %v, due %d, in hand %d", l.Held, l.Later, l.LastLater, l.Due, l.InHand())
		}
	})
}

func TestNobodyCountsADigestThatIsNotThere(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		if _, err := s.Count(bg, 404, nil); !fault.Is(err, fault.NotFound) {
			t.Errorf("got %v", err)
		}
	})
}

func TestTheLargestGroupsComeFirst(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := sending(t, s, c, 6)
		must(t, s.Damage(bg, "UPDATE deliveries SET domain_group = CASE WHEN subscriber_id < 4 THEN 'gmail' ELSE 'yahoo' END WHERE subscriber_id < 6"))
		names, err := s.LargestGroups(bg, d.digest, 2)
		must(t, err)
		if diff := cmp.Diff([]string{"gmail", "yahoo"}, names); diff != "" {
			t.Error(diff)
		}
		l := d.look(names...)
		if diff := cmp.Diff([]progress.Group{{Name: "gmail", Planned: 3, Queued: 3}, {Name: "yahoo", Planned: 2, Queued: 2}, {Planned: 1, Queued: 1}}, l.Groups); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAWorkerReportsWithItsHeartbeat(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		silent, worker := newWorker(t, s), newWorker(t, s)
		must(t, s.Beat(bg, silent))
		report := progress.Report{
			Relays: []progress.RelayState{{Name: "relay.example:587", Open: 2, Failures: 1, Until: c.Now()}},
			Groups: []progress.GroupState{{Name: "gmail", Until: c.Now(), Width: 1}},
		}
		must(t, s.BeatWith(bg, worker, report))
		got, err := s.Reports(bg)
		must(t, err)
		if diff := cmp.Diff([]progress.Report{report}, got); diff != "" {
			t.Error(diff)
		}
		workers, err := s.Workers(bg)
		must(t, err)
		if workers[1].Beat != 1 {
			t.Errorf("the counter stands at %d", workers[1].Beat)
		}
		must(t, s.RetireWorker(bg, worker))
		if err := s.BeatWith(bg, worker, report); !fault.Is(err, fault.Gone) {
			t.Errorf("a worker that was struck off beats on: %v", err)
		}
	})
}
