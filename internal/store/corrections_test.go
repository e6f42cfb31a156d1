package store_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/store"
	"github.com/collabpulse/weekly/internal/store/storetest"
)

// faulty is a digest that six readers were planned for: 1 and 2 have it, 3 and 4
// may have it, 5 was refused, and 6 still waits. 2 and 5 left since, and 7 came.
func faulty(t testing.TB, s *store.Store, c *storetest.Clock) desk {
	t.Helper()
	d := sending(t, s, c, 6)
	must(t, s.SetDoubts(bg, d.digest, delivery.Leave))
	items := d.handing(6)
	slices.SortFunc(items, func(a, b delivery.Item) int { return int(a.ID - b.ID) })
	d.record(items[:2], accepted)
	d.record(items[2:3], inDoubt)
	must(t, s.SetDoubts(bg, d.digest, delivery.Resend))
	d.record(items[3:4], inDoubt) // waits to be sent once more
	d.record(items[4:5], delivery.Outcome{Verdict: delivery.RefusedForGood, Code: 550, Enhanced: "5.7.1"})
	d.record(items[5:], delivery.Outcome{Verdict: delivery.Deferred, Code: 451})
	must(t, s.Damage(bg, "UPDATE subscribers SET state = 3 WHERE id IN (2, 5)"))
	reading(t, s, "seventh@example.com")
	return d
}

// plannedFor lists the readers that a correction is planned for.
func plannedFor(t testing.TB, s *store.Store, d digest.Digest) (ids []int64) {
	t.Helper()
	d = approved(t, s, d)
	must(t, s.LaunchDigest(bg, d.ID, 0, ""))
	frozen(t, s, d.ID)
	for id := int64(1); id <= 7; id++ {
		n, err := s.Number(bg, "SELECT COUNT(*) FROM deliveries WHERE digest_id = $1 AND subscriber_id = $2", d.ID, id)
		must(t, err)
		if n > 0 {
			ids = append(ids, id)
		}
	}
	return ids
}

func TestACorrectionGoesToThoseWhoGotTheDigestOrToThoseWhoDidNot(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		wrong := faulty(t, s, c)
		must(t, s.CancelDigest(bg, wrong.digest, "A wrong link."))
		for to, want := range map[digest.Audience][]int64{digest.Received: {1, 3, 4}, digest.Missed: {6}} {
			d, err := s.CorrectDigest(bg, wrong.digest, to, "")
			must(t, err)
			if diff := cmp.Diff(want, plannedFor(t, s, d)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", to, diff)
			}
			excluded := digest.Excluded{Unsubscribed: 2, OutsideAudience: 5 - len(want)}
			if diff := cmp.Diff(excluded, digestOf(t, s, d.ID).Excluded); diff != "" {
				t.Errorf("%s, everybody else (-want +got):\n%s", to, diff)
			}
		}
	})
}

func TestACorrectionBeginsAsWhatItCorrects(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		_, err := s.SaveSpotlight(bg, feature("Atelier Nord"))
		must(t, err)
		first := launched(t, s)
		must(t, s.CancelDigest(bg, first.ID, "A wrong link."))
		d, err := s.CorrectDigest(bg, first.ID, digest.Missed, "")
		must(t, err)
		was := digestOf(t, s, first.ID)
		if d.State != digest.Draft || d.Corrects != first.ID || d.Audience != digest.Missed || d.Subject != was.Subject || d.Salt == was.Salt {
			t.Errorf("made %+v", d)
		}
		if diff := cmp.Diff(was.LineUp, d.LineUp); diff != "" {
			t.Errorf("another line-up (-want +got):\n%s", diff)
		}
	})
}

func TestACorrectionSharesItsStoriesWithItsLineAndNobodyElse(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := sending(t, s, c, 1)
		d.record(d.handing(1), accepted)
		d.finish(true)
		one, err := s.CorrectDigest(bg, d.digest, digest.Received, "")
		must(t, err)
		other, err := s.CorrectDigest(bg, d.digest, digest.Missed, "")
		must(t, err)
		approved(t, s, other)
		one = approved(t, s, one)
		must(t, s.LaunchDigest(bg, one.ID, 0, ""))
		frozen(t, s, one.ID)
		second := desk{t: t, s: s, c: c, scope: delivery.Scope{Digest: one.ID}, digest: one.ID, worker: d.worker}
		second.record(second.handing(1), accepted)
		second.finish(true)
		again, err := s.CorrectDigest(bg, one.ID, digest.Received, "")
		must(t, err)
		approved(t, s, again)

		composed, _, err := s.ComposeDigest(bg, digest.Order{})
		must(t, err)
		if composed.State != digest.Skipped {
			t.Errorf("what was corrected is offered again: %d stories", len(composed.LineUp.Places))
		}
		published(t, s, "Fresh", 1)
		fresh := drafted(t, s)
		must(t, s.Damage(bg, "INSERT INTO digest_stories (digest_id, story_id, position, included) SELECT MAX(id), 1, 9, TRUE FROM digests"))
		_, err = s.ApproveDigest(bg, fresh.ID, fresh.Version, "mara", "bundle")
		wantKind(t, err, fault.Conflict)
	})
}

func TestOnlyADigestThatWentOutIsCorrected(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		published(t, s, "One", 1)
		d := drafted(t, s)
		refused := func(id int64, to digest.Audience, kind fault.Kind) {
			t.Helper()
			_, err := s.CorrectDigest(bg, id, to, "")
			wantKind(t, err, kind)
		}
		refused(d.ID, digest.Missed, fault.Conflict)
		refused(d.ID, digest.Everybody, fault.Invalid)
		refused(7, digest.Missed, fault.NotFound)
		must(t, s.CancelDigest(bg, d.ID, "No."))
		refused(d.ID, digest.Missed, fault.Conflict)
		out := launched(t, s)
		refused(out.ID, digest.Received, fault.Conflict)
	})
}
