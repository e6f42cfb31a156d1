package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/store"
	"github.com/collabpulse/weekly/internal/store/storetest"
)

const (
	keepLedger  = 90 * 24 * time.Hour
	keepHistory = 400 * 24 * time.Hour
)

// longSent is a digest to six readers that was sent: to four, one of them in doubt
// for good, and refused by two.
func longSent(t *testing.T, s *store.Store, c *storetest.Clock) desk {
	t.Helper()
	d := sending(t, s, c, 6)
	must(t, s.SetDoubts(bg, d.digest, delivery.Leave))
	items := d.handing(6)
	d.record(items[:3], accepted)
	d.record(items[3:4], inDoubt)
	d.record(items[4:], refused)
	if finished, err := s.FinishDigest(bg, d.digest); err != nil || !finished {
		t.Fatalf("not finished (%v)", err)
	}
	return d
}

func (d desk) wantRows(ledger, history int64) {
	d.t.Helper()
	for table, want := range map[string]int64{"deliveries": ledger, "delivery_history": history} {
		if n, err := d.s.Number(bg, "SELECT COUNT(*) FROM "+table+" WHERE digest_id = $1", d.digest); err != nil || n != want {
			d.t.Fatalf("%d rows in %s, want %d (%v)", n, table, want, err)
		}
	}
}

// aged moves or deletes until there is nothing left to do.
func aged(t *testing.T, do func() (int, error)) (rows int) {
	t.Helper()
	for range 100 {
		n, err := do()
		must(t, err)
		if n == 0 {
			return rows
		}
		rows += n
	}
	t.Fatal("it goes on for ever")
	return rows
}

func moved(t *testing.T, s *store.Store) {
	t.Helper()
	aged(t, func() (int, error) { return s.MoveDeliveries(bg, keepLedger) })
}

func purged(t *testing.T, s *store.Store) {
	t.Helper()
	aged(t, func() (int, error) { return s.PurgeHistory(bg, keepHistory) })
}

func TestOldDeliveriesMoveToTheHistoryAndAreForgottenInTheEnd(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := longSent(t, s, c)
		sum := delivery.Tally{Planned: 6, Sent: 3, Failed: 2, Unknown: 1, Doubts: 1}
		causes, err := s.Causes(bg, d.digest)
		must(t, err)
		for _, at := range []struct {
			after           time.Duration
			ledger, history int64
		}{{89, 6, 0}, {2, 0, 6}, {300, 0, 6}, {10, 0, 0}} {
			c.Advance(at.after * 24 * time.Hour)
			moved(t, s)
			purged(t, s)
			d.wantRows(at.ledger, at.history)
			d.wantTally(sum)
			got, err := s.Causes(bg, d.digest)
			must(t, err)
			if diff := cmp.Diff(causes, got); diff != "" {
				t.Fatalf("causes (-want +got):\n%s", diff)
			}
		}
		wantDigestState(t, s, d.digest, digest.Sent)
	})
}

func TestOnlyWhatIsOverMoves(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := sending(t, s, c, 4)
		items := d.handing(2)
		must(t, s.CancelDigest(bg, d.digest, "A wrong picture."))
		c.Advance(keepLedger + time.Hour)
		moved(t, s)
		d.wantRows(4, 0) // two are on the wire
		d.record(items, accepted)
		moved(t, s)
		d.wantRows(0, 4)
		d.wantTally(delivery.Tally{Planned: 4, Sent: 2, Skipped: 2})

		open := sending(t, s, c, 0)
		c.Advance(keepLedger + time.Hour)
		moved(t, s)
		open.wantRows(4, 0)
	})
}

func TestSeveralMoveRowsAtOnceAndNoneIsLost(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := sending(t, s, c, 5000)
		must(t, s.Damage(bg, "UPDATE deliveries SET state = 3, worker = 1"))
		if finished, err := s.FinishDigest(bg, d.digest); err != nil || !finished {
			t.Fatalf("not finished (%v)", err)
		}
		c.Advance(keepLedger + time.Hour)
		together(t, 3, func(int) error {
			for {
				if n, err := s.MoveDeliveries(bg, keepLedger); err != nil || n == 0 {
					return err
				}
			}
		})
		d.wantRows(0, 5000)
		d.wantTally(delivery.Tally{Planned: 5000, Sent: 5000})
	})
}

func TestACorrectionKnowsWhoHadAnOldDigestAsLongAsAnybodyDoes(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := longSent(t, s, c)
		c.Advance(keepLedger + time.Hour)
		moved(t, s)
		for to, want := range map[digest.Audience]int{digest.Received: 4, digest.Missed: 2} {
			made, err := s.CorrectDigest(bg, d.digest, to, "")
			must(t, err)
			made = approved(t, s, made)
			must(t, s.LaunchDigest(bg, made.ID, 0, ""))
			frozen(t, s, made.ID)
			if sum, err := s.Tally(bg, made.ID); err != nil || sum.Planned != want {
				t.Fatalf("%s: planned for %d, want %d (%v)", to, sum.Planned, want, err)
			}
		}
		late, err := s.CorrectDigest(bg, d.digest, digest.Missed, "")
		must(t, err)
		late = approved(t, s, late)
		c.Advance(keepHistory)
		purged(t, s)
		wantKind(t, s.LaunchDigest(bg, late.ID, 0, ""), fault.Conflict)
		_, err = s.CorrectDigest(bg, d.digest, digest.Received, "")
		wantKind(t, err, fault.Conflict)
	})
}

// A copy sent once more while the others move away would leave a digest that never
// adds up again.
func TestDoubtsOfADigestWhoseRowsAreMovingStayAsTheyAre(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := longSent(t, s, c)
		must(t, s.Damage(bg, "UPDATE digests SET sums = '{\"tally\":{\"Planned\":6}}' WHERE id = $1", d.digest)) // the first chunk has moved
		_, err := s.ResendUnknown(bg, d.digest)
		wantKind(t, err, fault.Conflict)
		_, err = s.AcceptUnknown(bg, d.digest)
		wantKind(t, err, fault.Conflict)
		if n, err := s.Unsettled(bg, d.digest); err != nil || n != 0 {
			t.Fatalf("%d are offered to be settled (%v)", n, err)
		}
		wantDigestState(t, s, d.digest, digest.Sent)
	})
}

// BenchmarkMoveDeliveries moves a hundred thousand old rows to the history.
func BenchmarkMoveDeliveries(b *testing.B) {
	each(b, func(b *testing.B, s *store.Store, c *storetest.Clock) {
		crowded(b, s)
		for b.Loop() {
			b.StopTimer()
			c.Advance(time.Minute)
			d := launched(b, s)
			frozen(b, s, d.ID)
			must(b, s.Damage(bg, "UPDATE deliveries SET state = 3, worker = 1"))
			_, err := s.FinishDigest(bg, d.ID)
			must(b, err)
			c.Advance(keepLedger + time.Hour)
			b.StartTimer()
			for {
				if n, err := s.MoveDeliveries(bg, keepLedger); err != nil || n == 0 {
					must(b, err)
					break
				}
			}
		}
		b.ReportMetric(float64(audience*b.N)/b.Elapsed().Seconds(), "rows/s")
	})
}
