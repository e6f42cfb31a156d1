package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/consent"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/link"
	"github.com/collabpulse/weekly/internal/store"
	"github.com/collabpulse/weekly/internal/store/storetest"
	"github.com/collabpulse/weekly/internal/subscriber"
	"github.com/collabpulse/weekly/internal/suppression"
)

func TestErasingLeavesNothingPersonal(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		mara := reading(t, s, "mara@mara-schmidt.example")
		c.Advance(time.Hour)
		must(t, s.EraseSubscriber(bg, mailbox(t, "MARA@mara-schmidt.example")))
		left, err := s.Subscriber(bg, mara.ID)
		must(t, err)
		want := subscriber.Subscriber{ID: mara.ID, State: subscriber.Erased, Hour: -1, Created: mara.Created, Changed: c.Now()}
		if diff := cmp.Diff(want, left, cmp.Comparer(sameAddress)); diff != "" {
			t.Fatal(diff)
		}
		for what, query := range map[string]string{
			"subscribers": "SELECT COUNT(*) FROM subscribers WHERE address <> '' OR domain_group <> '' OR address_hash IS NOT NULL OR timezone <> ''",
			"letters":     "SELECT COUNT(*) FROM outbox WHERE address <> '' OR domain_group <> '' OR state <> 5 OR reason <> 3",
			"consents":    "SELECT COUNT(*) FROM consents WHERE network <> '' OR user_agent <> ''",
		} {
			if n, err := s.Number(bg, query); err != nil || n != 0 {
				t.Errorf("%s still say who it was: %d rows, %v", what, n, err)
			}
		}
	})
}

func TestErasingKeepsTheEvidenceAndTheSuppression(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		mara := reading(t, s, "mara@example.com")
		hash := storetest.Hasher().Hash(mara.Address)
		must(t, s.EraseSubscriber(bg, mara.Address))
		kept, err := s.Consents(bg, mara.ID)
		must(t, err)
		want := []consent.Consent{
			{ID: kept[0].ID, Subscriber: mara.ID, Address: hash, Kind: consent.Asked, At: c.Now(), Evidence: subscriber.Evidence{Page: "form", Wording: consent.Wording}},
			{ID: kept[1].ID, Subscriber: mara.ID, Address: hash, Kind: consent.Confirmed, At: c.Now(), Evidence: subscriber.Evidence{Page: "mail", Wording: "Confirm"}},
			{ID: kept[2].ID, Subscriber: mara.ID, Address: hash, Kind: consent.Erased, At: c.Now()},
		}
		if diff := cmp.Diff(want, kept); diff != "" {
			t.Fatal(diff)
		}
		entries, err := s.Suppressions(bg, 10)
		must(t, err)
		if diff := cmp.Diff([]suppression.Suppression{{Address: hash, Reason: suppression.Erased, Since: c.Now()}}, entries); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestTheLeaveLinkOfAnErasedReaderStillAnswers(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		mara := reading(t, s, "mara@example.com")
		must(t, s.EraseSubscriber(bg, mara.Address))
		who, err := s.Leaver(bg, mara.ID, mara.Key.Tag(linkLeave))
		must(t, err)
		if who.State != subscriber.Erased || !who.Address.IsZero() {
			t.Fatalf("the leaver is %s", who.State)
		}
		must(t, s.Leave(bg, mara.ID, mara.Key.Tag(linkLeave), button))
		wantState(t, s, mara.ID, subscriber.Erased)
		var none link.Key
		wantKind(t, s.Leave(bg, mara.ID, none.Tag(linkLeave), button), fault.NotFound)
		_, err = s.Confirm(bg, mara.ID, mara.AskedAt.UnixMilli(), button)
		wantKind(t, err, fault.Gone)
	})
}

func TestSomebodyErasedMayComeBackAsSomebodyNew(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		was := reading(t, s, "mara@example.com")
		must(t, s.EraseSubscriber(bg, was.Address))
		wantKind(t, s.EraseSubscriber(bg, was.Address), fault.NotFound)
		pending := signedUp(t, s, "mara@example.com")
		if pending.ID == was.ID || pending.Key == was.Key {
			t.Fatal("the erased row came back to life")
		}
		if entries, err := s.Suppressions(bg, 10); err != nil || len(entries) != 1 {
			t.Fatalf("asking alone lifted the erasure: %d entries, %v", len(entries), err)
		}
		_, err := s.Confirm(bg, pending.ID, pending.AskedAt.UnixMilli(), button)
		must(t, err)
		if entries, err := s.Suppressions(bg, 10); err != nil || len(entries) != 0 {
			t.Fatalf("confirming did not lift the erasure: %d entries, %v", len(entries), err)
		}
		wantState(t, s, was.ID, subscriber.Erased)
	})
}

func TestErasingSkipsTheMailThatWaits(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		mara, ines := reading(t, s, "mara@example.com"), reading(t, s, "ines@example.com")
		for state := range 7 {
			must(t, s.Damage(bg, `INSERT INTO digests (id, state, window_from, window_to, subject, preheader, intro, composed_at, salt)
				VALUES ($1, 3, 0, 0, '', '', '', 0, '')`, state+1))
			for _, who := range []int64{mara.ID, ines.ID} {
				must(t, s.Damage(bg, `INSERT INTO deliveries (digest_id, subscriber_id, state, edition, domain_group, due_at, changed_at)
					VALUES ($1, $2, $3, '', 'example.com', 0, 0)`, state+1, who, state))
			}
		}
		must(t, s.EraseSubscriber(bg, mara.Address))
		for query, want := range map[string]int64{
			"SELECT COUNT(*) FROM deliveries WHERE subscriber_id = $1 AND state = 5 AND reason = 3 AND digest_id IN (1, 2)": 2,
			"SELECT COUNT(*) FROM deliveries WHERE subscriber_id = $1 AND reason = 3":                                       2,
			"SELECT COUNT(*) FROM deliveries WHERE subscriber_id = $1 AND domain_group <> ''":                               0,
			"SELECT COUNT(*) FROM deliveries WHERE subscriber_id <> $1 AND reason = 0 AND domain_group <> ''":               7,
		} {
			if got, err := s.Number(bg, query, mara.ID); err != nil || got != want {
				t.Errorf("%s: %d, %v, want %d", query, got, err, want)
			}
		}
	})
}

func TestErasingLeavesAnEditorsMailAlone(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		reading(t, s, "mara@example.com")
		mara := mailbox(t, "mara@example.com")
		_, err := s.AddEditor(bg, mara, "Mara", 1)
		must(t, err)
		must(t, s.RequestSignIn(bg, mara))
		must(t, s.EraseSubscriber(bg, mara))
		waiting, err := s.Number(bg, "SELECT COUNT(*) FROM outbox WHERE state = 0 AND address <> ''")
		must(t, err)
		if waiting != 1 {
			t.Fatalf("%d letters wait, want the sign-in", waiting)
		}
	})
}
