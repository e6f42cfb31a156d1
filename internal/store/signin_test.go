package store_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/editor"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/outbox"
	"github.com/collabpulse/weekly/internal/store"
	"github.com/collabpulse/weekly/internal/store/storetest"
)

func editing(t testing.TB, s *store.Store, text string) editor.Editor {
	t.Helper()
	e, err := s.AddEditor(bg, mailbox(t, text), "Ines", editor.Admin)
	must(t, err)
	return e
}

func signedIn(t testing.TB, s *store.Store, e editor.Editor) editor.Ticket {
	t.Helper()
	id, _, err := s.NewSignIn(bg, e.Address)
	must(t, err)
	ticket, _, err := s.UseSignIn(bg, id)
	must(t, err)
	return ticket
}

func TestAnEditorIsMailedALinkThatSignsInOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		ines := editing(t, s, "ines@example.com")
		must(t, s.RequestSignIn(bg, mailbox(t, "INES@example.com")))
		letter := queuedLetters(t, s)[0]
		want := outbox.Letter{
			ID: letter.ID, Kind: outbox.SignIn, Editor: ines.ID, SignIn: letter.SignIn, To: ines.Address,
			Created: c.Now(), Expires: c.Now().Add(15 * time.Minute),
		}
		if diff := cmp.Diff(want, letter, cmp.Comparer(sameAddress)); diff != "" {
			t.Fatal(diff)
		}
		ticket, session, err := s.UseSignIn(bg, letter.SignIn)
		must(t, err)
		if session.Editor != ines || !session.Expires.Equal(c.Now().Add(editor.SessionFor)) {
			t.Fatalf("session: %+v", session)
		}
		read, err := s.Session(bg, ticket)
		must(t, err)
		if diff := cmp.Diff(session, read, cmp.Comparer(sameAddress)); diff != "" {
			t.Fatal(diff)
		}
		_, _, err = s.UseSignIn(bg, letter.SignIn)
		wantKind(t, err, fault.Gone)
	})
}

func TestAnOldOrInventedSignInIsGone(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		ines := editing(t, s, "ines@example.com")
		id, expires, err := s.NewSignIn(bg, ines.Address)
		must(t, err)
		if !expires.Equal(c.Now().Add(15 * time.Minute)) {
			t.Fatalf("expires %s", expires)
		}
		c.Advance(15 * time.Minute)
		_, _, err = s.UseSignIn(bg, id)
		wantKind(t, err, fault.Gone)
		_, _, err = s.UseSignIn(bg, id+1)
		wantKind(t, err, fault.Gone)
		_, _, err = s.NewSignIn(bg, mailbox(t, "stranger@example.com"))
		wantKind(t, err, fault.NotFound)
	})
}

func TestASignInUsedTwiceAtOnceMakesOneSession(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		id, _, err := s.NewSignIn(bg, editing(t, s, "ines@example.com").Address)
		must(t, err)
		var opened atomic.Int32
		together(t, 8, func(int) error {
			_, _, err := s.UseSignIn(bg, id)
			if fault.Is(err, fault.Gone) {
				return nil
			}
			opened.Add(1)
			return err
		})
		if opened.Load() != 1 {
			t.Fatalf("%d sessions from one link", opened.Load())
		}
	})
}

func TestSignInLettersGoToEditorsOnlyAndAreBounded(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		ines := editing(t, s, "ines@example.com")
		must(t, s.RequestSignIn(bg, mailbox(t, "stranger@example.com")))
		wantLetters(t, s)
		together(t, 8, func(int) error { return s.RequestSignIn(bg, ines.Address) })
		five := []outbox.Kind{outbox.SignIn, outbox.SignIn, outbox.SignIn, outbox.SignIn, outbox.SignIn}
		wantLetters(t, s, five...)
		c.Advance(16 * time.Minute)
		must(t, s.RequestSignIn(bg, ines.Address))
		wantLetters(t, s, append(five, outbox.SignIn)...)
		c.Advance(48 * time.Hour)
		must(t, s.RequestSignIn(bg, ines.Address))
		if kept, err := s.Number(bg, "SELECT COUNT(*) FROM sign_ins"); err != nil || kept != 1 {
			t.Fatalf("%d old sign-ins are kept, %v", kept-1, err)
		}
	})
}

func TestASessionLastsWhileItIsUsed(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		ticket := signedIn(t, s, editing(t, s, "ines@example.com"))
		began := c.Now()
		c.Advance(23 * time.Hour)
		if session, err := s.Session(bg, ticket); err != nil || !session.Expires.Equal(began.Add(editor.SessionFor)) {
			t.Fatalf("on the first day: until %s, %v", session.Expires, err)
		}
		for range 5 {
			c.Advance(10 * 24 * time.Hour)
			if session, err := s.Session(bg, ticket); err != nil || !session.Expires.Equal(c.Now().Add(editor.SessionFor)) {
				t.Fatalf("used after ten days: until %s, %v", session.Expires, err)
			}
		}
		c.Advance(editor.SessionFor)
		_, err := s.Session(bg, ticket)
		wantKind(t, err, fault.Unauthorised)
	})
}

func TestSigningOutEndsOneSessionOnly(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		ines := editing(t, s, "ines@example.com")
		here, there := signedIn(t, s, ines), signedIn(t, s, ines)
		must(t, s.EndSession(bg, here))
		must(t, s.EndSession(bg, here))
		_, err := s.Session(bg, here)
		wantKind(t, err, fault.Unauthorised)
		_, err = s.Session(bg, "invented")
		wantKind(t, err, fault.Unauthorised)
		_, err = s.Session(bg, there)
		must(t, err)
		c.Advance(2 * editor.SessionFor)
		signedIn(t, s, ines)
		if kept, err := s.Number(bg, "SELECT COUNT(*) FROM sessions"); err != nil || kept != 1 {
			t.Fatalf("%d sessions are kept that ran out, %v", kept-1, err)
		}
	})
}

func TestADatabaseHoldsNoTicket(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		ticket := signedIn(t, s, editing(t, s, "ines@example.com"))
		held, err := s.Number(bg, "SELECT COUNT(*) FROM sessions WHERE ticket_digest = $1", []byte(ticket))
		must(t, err)
		if held != 0 {
			t.Fatal("the ticket itself is stored")
		}
	})
}
