package web

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/delivery"
)

// court is a store that can say why readers did not get a digest.
type court struct {
	ConsoleStore
	found []delivery.Cause
	err   error
}

func (c court) Causes(context.Context, int64) ([]delivery.Cause, error) { return c.found, c.err }

func inCourt(found []delivery.Cause, err error) func(*Config) {
	return func(c *Config) { c.Console.Store = court{c.Console.Store, found, err} }
}

func TestTheFiguresSayWhySomeDidNotGetIt(t *testing.T) {
	t.Parallel()
	r := newRoom(t, inCourt([]delivery.Cause{
		{State: delivery.Failed, Reason: delivery.Refused, Code: 550, Count: 1200},
		{State: delivery.Skipped, Reason: delivery.Inactive, Count: 2},
		{State: delivery.Failed, Count: 1},
	}, nil))
	d := r.launched(2)
	page := listed{Digest: d}.Path()
	if r.get(page).find(".causes").Length() != 0 {
		t.Error("everybody waits, and there is a reason why some did not get it")
	}
	r.deliver(d.ID, 1)
	var rows []string
	r.get(page).find(".causes td").Each(func(_ int, s *goquery.Selection) { rows = append(rows, s.Text()) })
	want := []string{
		"Their mailbox refused it (reply code 550).", "1,200",
		"They left or paused before it reached them.", "2",
		"No reason was given.", "1",
	}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTheFiguresTellOfDoubts(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	d := r.launched(2)
	page := listed{Digest: d}.Path()
	if r.get(page).find(".doubts").Length() != 0 {
		t.Error("nothing was handed over, and there is a doubt")
	}
	scope := delivery.Scope{Digest: d.ID}
	worker, items := r.hand(scope)
	r.record(scope, worker, items, delivery.Outcome{Verdict: delivery.InDoubt})
	r.get(page).shows(".doubts", "2 messages were in doubt").shows(".doubts", "may have arrived twice")
}

func TestEveryReasonHasItsWords(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, reason := range []delivery.Reason{
		delivery.Inactive, delivery.Suppressed, delivery.Erased, delivery.Cancelled, delivery.Expired, delivery.Refused, delivery.Broken,
	} {
		words := cause{delivery.Cause{State: delivery.Skipped, Reason: reason}}.Words()
		if known[words] || words == "No reason was given." {
			t.Errorf("%s is told as %q", reason, words)
		}
		known[words] = true
	}
}

func TestFiguresThatCannotBeReadAreOurFault(t *testing.T) {
	t.Parallel()
	r := newRoom(t, inCourt(nil, errors.New("the disk is gone")))
	d := r.launched(1)
	r.deliver(d.ID, 1)
	r.get(listed{Digest: d}.Path()).is(http.StatusInternalServerError)
}
