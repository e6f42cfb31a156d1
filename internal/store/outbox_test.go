package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/outbox"
	"github.com/collabpulse/weekly/internal/store"
	"github.com/collabpulse/weekly/internal/store/storetest"
)

func TestALetterIsQueuedAsWrittenAndDueAtOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		want := outbox.Letter{Kind: outbox.Test, Editor: 3, Digest: 7, To: mailbox(t, "Ines@GoogleMail.com")}
		id, err := s.QueueLetter(bg, want)
		must(t, err)
		want.ID, want.Created, want.Expires = id, c.Now(), c.Now().Add(time.Hour)
		got, salt, err := s.Letter(bg, id)
		must(t, err)
		if diff := cmp.Diff(want, got, cmp.Comparer(sameAddress)); diff != "" {
			t.Fatal(diff)
		}
		if salt == (delivery.Salt{}) {
			t.Fatal("the letter has no salt")
		}
		hash := storetest.Hasher().Hash(want.To)
		waiting, err := s.Number(bg, `SELECT COUNT(*) FROM outbox WHERE state = 0 AND attempt = 0 AND worker = 0 AND due_at = $1
			AND domain_group = 'gmail' AND address_hash = $2`, c.Now().UnixMilli(), hash[:])
		must(t, err)
		if waiting != 1 {
			t.Fatal("the letter does not wait as it should")
		}
	})
}

func TestEveryLetterHasASaltOfItsOwn(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		seen := make(map[delivery.Salt]bool)
		for range 5 {
			id, err := s.QueueLetter(bg, outbox.Letter{Kind: outbox.Review, To: mailbox(t, "ines@example.com")})
			must(t, err)
			_, salt, err := s.Letter(bg, id)
			must(t, err)
			seen[salt] = true
		}
		if len(seen) != 5 {
			t.Fatalf("%d salts among 5 letters", len(seen))
		}
	})
}

func TestALetterMayExpireEarlierThanItsKind(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		soon := c.Now().Add(time.Minute)
		id, err := s.QueueLetter(bg, outbox.Letter{Kind: outbox.Held, To: mailbox(t, "ines@example.com"), Expires: soon})
		must(t, err)
		if got, _, err := s.Letter(bg, id); err != nil || !got.Expires.Equal(soon) {
			t.Fatalf("expires %s, %v", got.Expires, err)
		}
	})
}

func TestALetterNobodyWroteOrThatWasWithheldIsNotFound(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		must(t, s.AskForLeaveLink(bg, mailbox(t, "stranger@example.com")))
		for id := range int64(3) {
			_, _, err := s.Letter(bg, id)
			wantKind(t, err, fault.NotFound)
		}
	})
}

func TestASettledLetterReadsWithoutAnAddress(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		id, err := s.QueueLetter(bg, outbox.Letter{Kind: outbox.Test, To: mailbox(t, "ines@example.com")})
		must(t, err)
		must(t, s.Damage(bg, "UPDATE outbox SET state = 3, address = ''"))
		got, _, err := s.Letter(bg, id)
		must(t, err)
		if !got.To.IsZero() {
			t.Fatal("it still has an address")
		}
		must(t, s.Damage(bg, "UPDATE outbox SET salt = $1", []byte("short")))
		_, _, err = s.Letter(bg, id)
		wantKind(t, err, fault.Internal)
	})
}

func TestANoticeGoesToEachEditor(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		must(t, s.TellEditors(bg, outbox.Review, 5))
		wantLetters(t, s)
		var want []outbox.Letter
		for _, name := range []string{"ines@example.com", "tom@example.com"} {
			e := editing(t, s, name)
			want = append(want, outbox.Letter{
				Kind: outbox.Review, Editor: e.ID, Digest: 5, To: e.Address, Created: c.Now(), Expires: c.Now().Add(48 * time.Hour),
			})
		}
		must(t, s.TellEditors(bg, outbox.Review, 5))
		got := queuedLetters(t, s)
		for i := range got {
			got[i].ID = 0
		}
		if diff := cmp.Diff(want, got, cmp.Comparer(sameAddress)); diff != "" {
			t.Fatal(diff)
		}
	})
}
