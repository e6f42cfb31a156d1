package store_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/editor"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/store"
	"github.com/collabpulse/weekly/internal/store/storetest"
)

func TestEditorsAreAddedOnceAndListed(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		ines, err := s.AddEditor(bg, mailbox(t, "Ines@example.com"), "Ines", editor.Admin)
		must(t, err)
		tom, err := s.AddEditor(bg, mailbox(t, "tom@example.com"), "T\x00om", editor.Normal)
		must(t, err)
		want := []editor.Editor{
			{ID: ines.ID, Address: mailbox(t, "Ines@example.com"), Name: "Ines", Role: editor.Admin, Created: c.Now()},
			{ID: tom.ID, Address: mailbox(t, "tom@example.com"), Name: "Tom", Role: editor.Normal, Created: c.Now()},
		}
		listed, err := s.Editors(bg)
		must(t, err)
		for what, got := range map[string][]editor.Editor{"added": {ines, tom}, "listed": listed} {
			if diff := cmp.Diff(want, got, cmp.Comparer(sameAddress)); diff != "" {
				t.Errorf("as %s:\n%s", what, diff)
			}
		}
		_, err = s.AddEditor(bg, mailbox(t, "INES@example.com"), "Ines", editor.Normal)
		wantKind(t, err, fault.Conflict)
	})
}

func TestAnEditorWhoIsRemovedIsOutAtOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		ines, tom := editing(t, s, "ines@example.com"), editing(t, s, "tom@example.com")
		ticket, other := signedIn(t, s, ines), signedIn(t, s, tom)
		link, _, err := s.NewSignIn(bg, ines.Address)
		must(t, err)
		must(t, s.RemoveEditor(bg, mailbox(t, "INES@example.com")))
		_, err = s.Session(bg, ticket)
		wantKind(t, err, fault.Unauthorised)
		_, _, err = s.UseSignIn(bg, link)
		wantKind(t, err, fault.Gone)
		if _, err := s.Session(bg, other); err != nil {
			t.Fatal(err)
		}
		wantKind(t, s.RemoveEditor(bg, ines.Address), fault.NotFound)
	})
}
