package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/edition"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/store"
	"github.com/collabpulse/weekly/internal/store/storetest"
	"github.com/collabpulse/weekly/internal/subscriber"
	"github.com/collabpulse/weekly/internal/suppression"
	"github.com/collabpulse/weekly/internal/topic"
)

// withTopics imports a reader who chose these topics.
func withTopics(t testing.TB, s *store.Store, text string, set topic.Set) int64 {
	t.Helper()
	p := profile(t, text, subscriber.Active)
	p.Topics = set
	_, err := s.ImportSubscribers(bg, []subscriber.Profile{p}, vouched)
	must(t, err)
	return found(t, s, text).ID
}

// about launches a digest with one story of each of the topics.
func about(t testing.TB, s *store.Store, topics ...topic.ID) digest.Digest {
	t.Helper()
	for _, id := range topics {
		published(t, s, "About topic "+string('0'+rune(id)), id)
	}
	d := approved(t, s, drafted(t, s))
	must(t, s.LaunchDigest(bg, d.ID, 0, ""))
	return d
}

func TestEverybodyIsPlannedForOrCountedByReason(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		reading(t, s, "active@example.com")
		signedUp(t, s, "pending@example.com")
		left := reading(t, s, "left@example.com")
		must(t, s.Leave(bg, left.ID, left.Key.Tag(linkLeave), button))
		reading(t, s, "bounced@example.com")
		must(t, s.Suppress(bg, mailbox(t, "bounced@example.com"), suppression.HardBounce, ""))
		reading(t, s, "listed@example.com")
		must(t, s.Suppress(bg, mailbox(t, "listed@example.com"), suppression.Manual, ""))
		must(t, s.Damage(bg, "UPDATE subscribers SET state = 1 WHERE address = 'listed@example.com'"))
		reading(t, s, "paused@example.com")
		must(t, s.Damage(bg, "UPDATE subscribers SET state = 2 WHERE address = 'paused@example.com'"))
		reading(t, s, "erased@example.com")
		must(t, s.EraseSubscriber(bg, mailbox(t, "erased@example.com")))
		withTopics(t, s, "elsewhere@example.com", topic.Of(3))

		d := about(t, s, 1, 2)
		frozen(t, s, d.ID)
		got := digestOf(t, s, d.ID)
		want := digest.Excluded{Pending: 1, Paused: 1, Unsubscribed: 1, Suppressed: 2, Erased: 1, NoStories: 1}
		if diff := cmp.Diff(want, got.Excluded); diff != "" || !got.Frozen.Equal(c.Now()) {
			t.Fatalf("frozen at %v (-want +got):\n%s", got.Frozen, diff)
		}
		deskOf(t, s, c, delivery.Scope{Digest: d.ID}).wantTally(delivery.Tally{Planned: 1, Queued: 1})
	})
}

func TestASuppressionThatTimeHasLiftedExcludesNobody(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		reading(t, s, "mara@example.com")
		must(t, s.Suppress(bg, mailbox(t, "mara@example.com"), suppression.NotMe, ""))
		must(t, s.Damage(bg, "UPDATE subscribers SET state = 1"))
		c.Advance(suppression.NotMe.HoldFor())
		d := about(t, s, 1)
		frozen(t, s, d.ID)
		deskOf(t, s, c, delivery.Scope{Digest: d.ID}).wantTally(delivery.Tally{Planned: 1, Queued: 1})
	})
}

// The freeze names editions in SQL; rendering reads the names in Go.
func TestEditionsAreNamedAsTheirKeySays(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		want := map[int64]edition.Key{
			withTopics(t, s, "one@example.com", topic.Of(1)):             {Topics: topic.Of(1), Language: "en"},
			withTopics(t, s, "both@example.com", topic.Of(1, 2)):         {Topics: topic.Of(1, 2), Language: "en"},
			withTopics(t, s, "more@example.com", topic.Of(1, 2, 3, 4)):   {Topics: topic.Of(1, 2), Language: "en"},
			withTopics(t, s, "plain@example.com", topic.Of(2, 4)):        {Topics: topic.Of(2), Language: "en", Plain: true},
			withTopics(t, s, "german@example.com", topic.Of(2, 61, 62)):  {Topics: topic.Of(2), Language: "en"},
			withTopics(t, s, "everything@example.com", topic.Set(1<<62)): {},
		}
		must(t, s.Damage(bg, "UPDATE subscribers SET plain = TRUE WHERE address LIKE 'plain@%'"))
		must(t, s.Damage(bg, "UPDATE subscribers SET language = 'de' WHERE address LIKE 'german@%'"))
		d := about(t, s, 1, 2)
		frozen(t, s, d.ID)
		desk := deskOf(t, s, c, delivery.Scope{Digest: d.ID})
		claims, err := s.Claim(bg, desk.scope, desk.worker, 100)
		must(t, err)
		if len(claims) != len(want)-1 {
			t.Fatalf("%d planned, want %d", len(claims), len(want)-1)
		}
		for _, claim := range claims {
			key, err := edition.ParseKey(claim.Edition)
			must(t, err)
			if key != want[claim.ID] || key.String() != claim.Edition {
				t.Errorf("reader %d gets %s, want %s", claim.ID, claim.Edition, want[claim.ID])
			}
		}
	})
}

func TestADigestOfSpotlightsAloneConcernsEverybody(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		withTopics(t, s, "one@example.com", topic.Of(1))
		withTopics(t, s, "none@example.com", 0)
		_, err := s.SaveSpotlight(bg, feature("Atelier Nord"))
		must(t, err)
		d := about(t, s)
		frozen(t, s, d.ID)
		desk := deskOf(t, s, c, delivery.Scope{Digest: d.ID})
		claims, err := s.Claim(bg, desk.scope, desk.worker, 10)
		must(t, err)
		if len(claims) != 2 || claims[0].Edition != "0.en.h.0" {
			t.Fatalf("planned %+v", claims)
		}
	})
}

func TestTheAudienceIsThatOfTheLaunch(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		reading(t, s, "before@example.com")
		d := about(t, s, 1)
		c.Advance(time.Hour)
		reading(t, s, "after@example.com")
		frozen(t, s, d.ID)
		desk := deskOf(t, s, c, delivery.Scope{Digest: d.ID})
		desk.wantTally(delivery.Tally{Planned: 1, Queued: 1})
		due, err := s.Number(bg, "SELECT due_at FROM deliveries")
		must(t, err)
		if due != digestOf(t, s, d.ID).Launched.UnixMilli() {
			t.Fatal("rows are not due since the launch")
		}
	})
}

func TestADigestWithoutSubscribersIsFrozenAtOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := about(t, s, 1)
		done, err := s.FreezeDigest(bg, d.ID)
		if err != nil || !done {
			t.Fatalf("done %v, %v", done, err)
		}
	})
}

func TestAFreezeGoesOnInChunksWhereItStopped(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		imported(t, s, 5500)
		must(t, s.Damage(bg, "DELETE FROM consents"))
		must(t, s.Damage(bg, "UPDATE subscribers SET id = id + 1000000 WHERE id > 3000")) // a wide gap
		d := about(t, s, 1)
		desk := deskOf(t, s, c, delivery.Scope{Digest: d.ID})
		done, err := s.FreezeDigest(bg, d.ID)
		must(t, err)
		if done {
			t.Fatal("5,500 subscribers are no single chunk")
		}
		desk.wantTally(delivery.Tally{Planned: 500, Queued: 500})
		if len(desk.handing(16)) != 16 {
			t.Fatal("sending does not start while the audience is frozen")
		}
		if !digestOf(t, s, d.ID).Frozen.IsZero() {
			t.Fatal("half an audience counts as complete")
		}
		if done, err = s.FreezeDigest(bg, d.ID); err != nil || !done {
			t.Fatalf("done %v, %v", done, err)
		}
		if done, err = s.FreezeDigest(bg, d.ID); err != nil || !done {
			t.Fatalf("done %v, %v", done, err)
		}
		desk.wantTally(delivery.Tally{Planned: 5500, Queued: 5484, Handing: 16})
	})
}

func TestSeveralMayFreezeAtOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		imported(t, s, 11_000)
		must(t, s.Damage(bg, "UPDATE subscribers SET state = 0 WHERE id > 10500"))
		d := about(t, s, 1)
		together(t, 3, func(int) error {
			for {
				done, err := s.FreezeDigest(bg, d.ID)
				if done || err != nil {
					return err
				}
			}
		})
		deskOf(t, s, c, delivery.Scope{Digest: d.ID}).wantTally(delivery.Tally{Planned: 10_500, Queued: 10_500})
		if diff := cmp.Diff(digest.Excluded{Pending: 500}, digestOf(t, s, d.ID).Excluded); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestAPauseDoesNotStopAFreezeAndACancelEndsIt(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		reading(t, s, "mara@example.com")
		d := about(t, s, 1)
		must(t, s.PauseDigest(bg, d.ID, "Wait."))
		frozen(t, s, d.ID)
		deskOf(t, s, c, delivery.Scope{Digest: d.ID}).wantTally(delivery.Tally{Planned: 1, Queued: 1})

		c.Advance(time.Hour)
		other := about(t, s, 2)
		must(t, s.CancelDigest(bg, other.ID, "No."))
		frozen(t, s, other.ID)
		deskOf(t, s, c, delivery.Scope{Digest: other.ID}).wantTally(delivery.Tally{})

		c.Advance(time.Hour)
		published(t, s, "Draft", 3)
		_, err := s.FreezeDigest(bg, drafted(t, s).ID)
		wantKind(t, err, fault.Conflict)
	})
}
