package render_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/outbox"
)

var update = flag.Bool("update", false, "write the goldens in emails/testdata anew")

// golden compares a mail in full with emails/testdata/NAME.txtar, whose comment
// says what the case proves.
func golden(t *testing.T, name, proves string, got outbox.Words) {
	t.Helper()
	archive := &txtar.Archive{Comment: []byte(proves + "\n\n"), Files: []txtar.File{
		{Name: "subject", Data: []byte(got.Subject + "\n")},
		{Name: "text", Data: []byte(got.Text)},
	}}
	if got.HTML != "" {
		archive.Files = append(archive.Files, txtar.File{Name: "html", Data: []byte(got.HTML)})
	}
	path := filepath.Join("..", "..", "emails", "testdata", name+".txtar")
	if *update {
		if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(txtar.Format(archive))); diff != "" {
		t.Errorf("%s differs (-want +got); go test ./internal/render -update writes it anew:\n%s", path, diff)
	}
}

func TestTheDigestReadsAsItsGolden(t *testing.T) {
	t.Parallel()
	e, err := renderer(t).Edition(week(), snapshotHash, whole())
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "digest", "An ordinary week: intro, three spotlights, four topics in four scripts, one slot to leave in each part.",
		outbox.Words{Subject: e.Subject, HTML: e.HTML, Text: e.Text})
}

func TestTheTestOfADigestReadsAsItsGolden(t *testing.T) {
	t.Parallel()
	got, err := renderer(t).Test(week())
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "test", "A digest as an editor tries it: banner, marked subject, console instead of public page, no link to leave.", got)
}

// snapshotHash stands for the hash of an approved snapshot.
const snapshotHash = "5f1d7a84db00d2fce00b31a7fc73224f5f1d7a84db00d2fce00b31a7fc73224f"

// a letter of each kind, with what it proves.
type letterCase struct {
	name, proves string
	kind         outbox.Kind
	facts        outbox.Facts
}

func letters() []letterCase {
	slot := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	const site = "https://weekly.collabpulse.example"
	const subject = "The handshake that sold out 400 loaves, and 10 more stories"
	leave, own := site+"/leave/AQv1WmC4sJ0n1q8xF0Zt2Gk", site+"/preferences/FAAoj8v1WmC4sJ0n1q8xF0Zt2GkAmT3h"
	return []letterCase{
		{"confirm", "What was asked, one button, how long it works, and what to do when it was somebody else.", outbox.Confirm,
			outbox.Facts{Link: site + "/confirm/jgGAiI7qxmWUrM6yDPrQJzs6M8PCFcMdGmDkD4Kz4g"}},
		{"welcome", "When the first digest comes, by the brand's clocks; the latest; how to leave.", outbox.Welcome,
			outbox.Facts{Link: leave, Preferences: own, First: slot, Latest: site + "/digests/6"}},
		{"welcome-early", "Before the first digest of all: no date, nothing to read yet.", outbox.Welcome, outbox.Facts{Link: leave}},
		{"already", "Nothing has changed, whoever asked.", outbox.Already,
			outbox.Facts{Link: leave, Preferences: own, Latest: site + "/digests/latest"}},
		{"sign-in", "An editor's link: once, for a quarter of an hour.", outbox.SignIn,
			outbox.Facts{Link: site + "/console/sign-in/AmT3hQ0c9mB0s8ZrW5n1uA"}},
		{"review", "A draft waits: which, when its time is, where to look.", outbox.Review,
			outbox.Facts{Digest: subject, Console: site + "/console/digests/7", SendAt: slot}},
		{"review-unscheduled", "A draft composed by hand has no time of its own.", outbox.Review,
			outbox.Facts{Digest: subject, Console: site + "/console/digests/7"}},
		{"held", "A digest is held: why, since when, and that it is the editor's to decide.", outbox.Held,
			outbox.Facts{Digest: subject, Console: site + "/console/digests/7", SendAt: slot,
				Reason: "Its time had passed by more than six hours when the service came back."}},
		{"paused", "A digest paused by itself: why, how far it got, and that nobody is given up.", outbox.Paused,
			outbox.Facts{Digest: subject, Console: site + "/console/digests/7", Tally: delivery.Tally{Planned: 12408, Sent: 240},
				Reason: "Relays answered 550 5.7.26 to 11 of the last 251 readers."}},
		{"finished", "A digest went out: every figure that is not zero.", outbox.Finished,
			outbox.Facts{Digest: subject, Console: site + "/console/digests/7",
				Tally:    delivery.Tally{Planned: 12408, Sent: 12391, Failed: 9, Skipped: 6, Unknown: 2, Doubts: 14},
				Excluded: digest.Excluded{NoStories: 311, Paused: 48, Pending: 120, Unsubscribed: 1033, Suppressed: 27, Erased: 4}}},
		{"leave-link", "A fresh link to leave, which never expires.", outbox.LeaveByMail, outbox.Facts{Link: leave}},
		{"preferences-link", "A fresh link to preferences, and for how long it is good.", outbox.PreferencesByMail, outbox.Facts{Preferences: own}},
	}
}

func TestLettersReadAsTheirGoldens(t *testing.T) {
	t.Parallel()
	for _, c := range letters() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := renderer(t).Letter(c.kind, c.facts)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, c.name, c.proves, got)
		})
	}
}
