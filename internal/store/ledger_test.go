package store_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/store"
	"github.com/collabpulse/weekly/internal/store/storetest"
	"github.com/collabpulse/weekly/internal/story"
	"github.com/collabpulse/weekly/internal/topic"
)

// desk is a digest under way and one worker that sends it.
type desk struct {
	t      testing.TB
	s      *store.Store
	c      *storetest.Clock
	digest int64
	scope  delivery.Scope
	worker int64
}

// sending launches a digest to so many readers, reader0@example.com and on.
func sending(t testing.TB, s *store.Store, c *storetest.Clock, readers int) desk {
	t.Helper()
	imported(t, s, readers)
	d := launched(t, s)
	frozen(t, s, d.ID)
	return deskOf(t, s, c, delivery.Scope{Digest: d.ID})
}

func deskOf(t testing.TB, s *store.Store, c *storetest.Clock, scope delivery.Scope) desk {
	t.Helper()
	return desk{t: t, s: s, c: c, digest: scope.Digest, scope: scope, worker: newWorker(t, s)}
}

func newWorker(t testing.TB, s *store.Store) int64 {
	t.Helper()
	id, err := s.RegisterWorker(bg, "test")
	must(t, err)
	return id
}

func imported(t testing.TB, s *store.Store, readers int) {
	t.Helper()
	for first := 0; first < readers; first += 1000 {
		_, err := s.ImportSubscribers(bg, crowd(t, first, min(1000, readers-first)), vouched)
		must(t, err)
	}
}

// published adds a story that is new now.
func published(t testing.TB, s *store.Store, title string, about topic.ID) int64 {
	t.Helper()
	id, err := s.AddStory(bg, story.Story{Link: "https://atelier.example/" + strings.ReplaceAll(title, " ", "-"), Title: title, Topic: about})
	must(t, err)
	return id
}

// drafted composes a digest by hand.
func drafted(t testing.TB, s *store.Store) digest.Digest {
	t.Helper()
	d, _, err := s.ComposeDigest(bg, digest.Order{})
	must(t, err)
	return d
}

func approved(t testing.TB, s *store.Store, d digest.Digest) digest.Digest {
	t.Helper()
	d, err := s.ApproveDigest(bg, d.ID, d.Version, "mara", "bundle")
	must(t, err)
	return d
}

// launched sends off a digest of one new story of each topic.
func launched(t testing.TB, s *store.Store) digest.Digest {
	t.Helper()
	count, err := s.Number(bg, "SELECT COUNT(*) FROM stories")
	must(t, err)
	for id := topic.ID(1); id <= 4; id++ {
		published(t, s, fmt.Sprintf("News %d of topic %d", count, id), id)
	}
	d := approved(t, s, drafted(t, s))
	must(t, s.LaunchDigest(bg, d.ID, 0, ""))
	return d
}

func frozen(t testing.TB, s *store.Store, id int64) {
	t.Helper()
	for done := false; !done; {
		var err error
		done, err = s.FreezeDigest(bg, id)
		must(t, err)
	}
}

func (d desk) claim(limit int) []delivery.Item {
	d.t.Helper()
	claims, err := d.s.Claim(bg, d.scope, d.worker, limit)
	must(d.t, err)
	items := []delivery.Item{}
	for _, c := range claims {
		items = append(items, c.Item)
	}
	return items
}

func (d desk) intend(items []delivery.Item) delivery.Intent {
	d.t.Helper()
	in, err := d.s.Turn(bg, d.scope, d.worker, nil, items)
	must(d.t, err)
	return in
}

// handing claims rows and declares the intent for them.
func (d desk) handing(limit int) []delivery.Item {
	d.t.Helper()
	items := d.claim(limit)
	if in := d.intend(items); len(in.Go) != len(items) {
		d.t.Fatalf("%d of %d claimed rows may go", len(in.Go), len(items))
	}
	return items
}

func (d desk) record(items []delivery.Item, o delivery.Outcome) {
	d.t.Helper()
	results := []delivery.Result{}
	for _, item := range items {
		results = append(results, delivery.Result{Item: item, Outcome: o, Relay: "mx"})
	}
	_, err := d.s.Turn(bg, d.scope, d.worker, results, nil)
	must(d.t, err)
}

// wantTally compares the counts of the digest; only those wanted are named.
func (d desk) wantTally(want delivery.Tally) {
	d.t.Helper()
	got, err := d.s.Tally(bg, d.digest)
	must(d.t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		d.t.Fatalf("tally (-want +got):\n%s", diff)
	}
}

// entry is one row of the ledger as it is stored.
type entry struct {
	State         delivery.State
	Reason        delivery.Reason
	Attempt       int
	Worker        int64
	Tries, Doubts int
	Code          int
}

func (d desk) entry(id int64) entry {
	d.t.Helper()
	of := func(column string) int64 {
		query := "SELECT " + column + " FROM outbox WHERE id = $1 AND $2 = 0"
		if d.scope != delivery.Outbox {
			query = "SELECT " + column + " FROM deliveries WHERE subscriber_id = $1 AND digest_id = $2"
		}
		n, err := d.s.Number(bg, query, id, d.scope.Digest)
		must(d.t, err)
		return n
	}
	worker := of("worker")
	if state := delivery.State(of("state")); state != delivery.Claimed && state != delivery.Handing {
		worker = 0 // what is settled may keep its last one
	}
	return entry{
		State: delivery.State(of("state")), Reason: delivery.Reason(of("reason")), Attempt: int(of("attempt")), Worker: worker,
		Tries: int(of("tries")), Doubts: int(of("doubts")), Code: int(of("code")),
	}
}

func (d desk) wantEntry(id int64, want entry) {
	d.t.Helper()
	if diff := cmp.Diff(want, d.entry(id)); diff != "" {
		d.t.Fatalf("row %d (-want +got):\n%s", id, diff)
	}
}

var accepted = delivery.Outcome{Verdict: delivery.Accepted, Code: 250, Enhanced: "2.0.0"}

func TestEveryStepIsCompleteForBothTables(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t, storetest.SQLiteURL(t), storetest.NewClock())
	for _, scope := range []delivery.Scope{{Digest: 1}, delivery.Outbox} {
		for _, text := range s.Texts(scope) {
			if text == "" || strings.ContainsAny(text, "{}") || strings.Contains(text, "%!") {
				t.Errorf("unfinished text for %+v:\n%s", scope, text)
			}
		}
	}
}

// A digest of a hundred thousand rows must not be read through for each claim,
// whether or not the engine has counted what is in the table.
func TestClaimsUseTheIndexOfWhatIsQueuedAndFindRowsByTheirKey(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		d := sending(t, s, c, 20)
		must(t, s.Damage(bg, manyDeliveries, d.digest, 30_000))
		must(t, s.Damage(bg, manyLetters, 30_000, c.Now().UnixMilli()))
		for _, known := range []string{"", "ANALYZE"} {
			must(t, s.Damage(bg, known))
			d.wantPlan(s.ClaimText(d.scope), "deliveries_to_claim", d.digest, d.worker, c.Now().UnixMilli(), 256, 0, 0)
			d.wantPlan(s.ClaimText(delivery.Outbox), "outbox_to_claim", 0, d.worker, c.Now().UnixMilli(), 256)
			group := store.GroupArgs(nil, d.digest, d.worker, c.Now().UnixMilli())
			d.wantPlan(s.IntendText(d.scope), "deliveries", group...)
			group = store.GroupArgs(nil, d.digest, c.Now().UnixMilli(), 250, "", "")
			d.wantPlan(s.AcceptText(d.scope), "deliveries", group...)
		}
	})
}

const (
	manyDeliveries = `WITH RECURSIVE n (i) AS (SELECT CAST(1000 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < 1000 + $2)
		INSERT INTO deliveries (digest_id, subscriber_id, state, edition, domain_group, due_at, changed_at)
		SELECT $1, i, 0, '', 'example.com', 0, 0 FROM n`
	manyLetters = `WITH RECURSIVE n (i) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < $1)
		INSERT INTO outbox (kind, address, address_hash, salt, state, domain_group, due_at, expires_at, created_at, changed_at)
		SELECT 4, '', '', '', 0, '', 0, CAST($2 AS BIGINT) + 1000, 0, 0 FROM n`
)

func (d desk) wantPlan(query, index string, args ...any) {
	d.t.Helper()
	plan, err := d.s.Plan(bg, query, args...)
	must(d.t, err)
	for _, full := range []string{"Seq Scan on deliveries", "Seq Scan on outbox", "SCAN deliveries", "SCAN outbox"} {
		if strings.Contains(plan, full) || !strings.Contains(plan, index) {
			d.t.Fatalf("want a plan through %s:\n%s\n%s", index, query, plan)
		}
	}
	if queued := strings.Count(plan, "_to_claim"); queued > 1 {
		d.t.Fatalf("the rows claimed are found by reading all that is queued:\n%s", plan)
	}
}
