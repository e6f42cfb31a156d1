package send_test

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/address"
	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/edition"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/link"
	"github.com/collabpulse/weekly/internal/message"
	"github.com/collabpulse/weekly/internal/send"
)

var (
	sendingAt = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	theSalt   = delivery.Salt{1, 2, 3}
	theKey    = link.Key{4, 5, 6}
	reader    = delivery.Recipient{Item: delivery.Item{ID: 42, Attempt: 1}, Address: addressOf(42), Key: theKey, Language: "de"}
)

func site() link.Site {
	return link.NewSite(&url.URL{Scheme: "https", Host: "pulse.example"})
}

// archive keeps one digest and its editions.
type archive struct {
	editions map[string][]byte
	asked    int
	digest   error // what Digest fails with
	snapshot error // what Snapshot fails with
}

func (a *archive) Digest(_ context.Context, id int64) (digest.Digest, error) {
	a.asked++
	return digest.Digest{ID: id, Salt: theSalt}, a.digest
}

func (a *archive) Snapshot(_ context.Context, id int64) (digest.Snapshot, string, error) {
	return digest.Snapshot{Digest: id, Subject: "This week"}, strings.Repeat("ab", 32), a.snapshot
}

func (a *archive) Missed(_ context.Context, _, since int64) ([]digest.Snapshot, error) {
	return []digest.Snapshot{{Digest: since + 1, Spotlights: []digest.Portrait{{ID: since}}}}, nil
}

func (a *archive) Edition(_ context.Context, _ int64, key string) ([]byte, bool, error) {
	body, found := a.editions[key]
	return body, found, nil
}

func (a *archive) KeepEdition(_ context.Context, _ int64, key string, body []byte) ([]byte, error) {
	if kept, found := a.editions[key]; found {
		return kept, nil
	}
	a.editions[key] = body
	return body, nil
}

// printer prints editions that end in so many dots.
type printer struct {
	dots    int
	err     error
	printed int
	given   digest.Snapshot // the last that was printed
}

func (p *printer) Edition(s digest.Snapshot, hash string, k edition.Key) (edition.Edition, error) {
	p.given = s
	p.printed++
	slots := edition.SlotsFor(hash)
	return edition.Edition{Subject: s.Subject, Text: k.String() + " " + slots.Leave + strings.Repeat(".", p.dots),
		HTML: "<a href=\"" + slots.Leave + "\">leave</a>", Slots: slots}, p.err
}

// compiler makes prints that are the text with its mark cut out, so that a test
// can read who printed them.
type compiler struct{ err error }

func (c compiler) Compile(e edition.Edition, language string) (*message.Print, error) {
	before, after, _ := strings.Cut(e.Text, e.Slots.Leave)
	return &message.Print{Pieces: [][]byte{[]byte(language + " " + before), []byte(after)}, Slots: []message.Slot{message.SlotText}}, c.err
}

func composing(a *archive, p *printer) *send.DigestComposer {
	return send.NewDigestComposer(a, p, compiler{}, stationery(func() time.Time { return sendingAt }))
}

// ownPreferences is the link to the preferences of reader 42, whose address has
// changed so often.
func ownPreferences(moves int64) string {
	claim := link.Claim{Subject: 42, Stamp: moves, Expires: sendingAt.Add(link.PreferencesFor)}
	return "https://pulse.example/preferences/" + signer.Sign(link.Preferences, claim)
}

func claimOf(key string) delivery.Claim {
	return delivery.Claim{Item: reader.Item, Edition: key}
}

func TestAnEditionOfSeveralDigestsIsMadeFromAllOfThem(t *testing.T) {
	t.Parallel()
	p := &printer{}
	c := composing(&archive{editions: map[string][]byte{}}, p)
	for key, want := range map[string]int{"2.en.h.0": 0, "2.en.h.5": 1} {
		if _, err := c.Compose(t.Context(), digestScope, claimOf(key), reader); err != nil {
			t.Fatal(err)
		}
		if got := len(p.given.Spotlights); got != want {
			t.Errorf("%s was made with %d spotlights of what was missed, want %d", key, got, want)
		}
	}
}

func TestAReadersMailCarriesOnlyTheirOwnLinks(t *testing.T) {
	t.Parallel()
	c := composing(&archive{editions: map[string][]byte{}}, &printer{})
	got, err := c.Compose(t.Context(), digestScope, claimOf("2.de.h.0"), reader)
	if err != nil {
		t.Fatal(err)
	}
	leave := "https://pulse.example/leave/" + theKey.Token(link.Leave, 42)
	want := message.Message{
		Preferences: ownPreferences(reader.Moves),

		To: addressOf(42), ID: theSalt.MessageID(42), Return: theKey.Token(link.Return, 42), Date: sendingAt, Leave: leave,
		Print: &message.Print{Pieces: [][]byte{[]byte("de 2.de.h.0 "), {}}, Slots: []message.Slot{message.SlotText}},
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b address.Address) bool { return a == b })); diff != "" {
		t.Error(diff)
	}
	again, _ := c.Compose(t.Context(), digestScope, claimOf("2.de.h.0"), reader)
	if again.ID != got.ID {
		t.Error("a second attempt would carry another Message-ID")
	}
}

func TestEveryWorkerSendsTheEditionThatWasKeptFirst(t *testing.T) {
	t.Parallel()
	a := &archive{editions: map[string][]byte{}}
	old := composing(a, &printer{})
	if _, err := old.Compose(t.Context(), digestScope, claimOf("2.en.h.0"), reader); err != nil {
		t.Fatal(err)
	}
	p := &printer{dots: 5}
	upgraded := composing(a, p)
	m, err := upgraded.Compose(t.Context(), digestScope, claimOf("2.en.h.0"), reader)
	if err != nil || len(m.Print.Pieces[1]) != 0 || p.printed != 0 {
		t.Errorf("an upgraded worker printed its own edition: %q, %v", m.Print, err)
	}
}

func TestAnEditionKeptBeforeTheyWereCompiledIsStillSent(t *testing.T) {
	t.Parallel()
	kept := edition.Edition{Subject: "This week", Text: "as it was: slotleave7", Slots: edition.Slots{Leave: "slotleave7"}}
	a, p := &archive{editions: map[string][]byte{"2.en.h.0": kept.Encode()}}, &printer{}
	m, err := composing(a, p).Compose(t.Context(), digestScope, claimOf("2.en.h.0"), reader)
	if err != nil || string(m.Print.Pieces[0]) != "en as it was: " || p.printed != 0 {
		t.Errorf("got %v, %v, printed anew %d times", m.Print, err, p.printed)
	}
	if !slices.Equal(a.editions["2.en.h.0"], kept.Encode()) {
		t.Error("what every worker reads was changed")
	}
}

func TestAnEditionThatCannotBeCompiledIsOurFault(t *testing.T) {
	t.Parallel()
	a := &archive{editions: map[string][]byte{}}
	c := send.NewDigestComposer(a, &printer{}, compiler{errors.New("no mark")}, stationery(func() time.Time { return sendingAt }))
	_, err := c.Compose(t.Context(), digestScope, claimOf("2.en.h.0"), reader)
	if _, ours := errors.AsType[*send.Unprintable](err); !ours || len(a.editions) != 0 {
		t.Errorf("got %v, kept %d", err, len(a.editions))
	}
}

func TestAnEditionIsReadAndPrintedOnce(t *testing.T) {
	t.Parallel()
	a, p := &archive{editions: map[string][]byte{}}, &printer{}
	c := composing(a, p)
	for _, key := range []string{"2.en.h.0", "4.en.h.0", "2.en.h.0", "4.en.h.0"} {
		if _, err := c.Compose(t.Context(), digestScope, claimOf(key), reader); err != nil {
			t.Fatal(err)
		}
	}
	if a.asked != 2 || p.printed != 2 {
		t.Errorf("read %d times and printed %d, want each of two editions once", a.asked, p.printed)
	}
}

func TestWhatCanNeverBePrintedIsToldFromWhatWillPass(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		archive  archive
		printer  printer
		key      string
		forEver  bool
		editions map[string][]byte
	}{
		{name: "no such key", key: "nonsense", forEver: true},
		{name: "a template fails", printer: printer{err: errors.New("nil pointer")}, forEver: true},
		{name: "the snapshot is not what was approved", archive: archive{snapshot: fault.New(fault.Conflict, "Changed.")}, forEver: true},
		{name: "a kept edition is damaged", editions: map[string][]byte{"2.en.h.0": []byte("{")}, forEver: true},
		{name: "a compiled one is damaged", editions: map[string][]byte{"2.en.h.0": {1, 2, 3}}, forEver: true},
		{name: "no such digest", archive: archive{digest: fault.New(fault.NotFound, "None.")}, forEver: true},
		{name: "the database is away", archive: archive{digest: errAway}},
		{name: "the database goes away", archive: archive{snapshot: fault.Wrap(fault.Unavailable, errAway, "Away.")}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.archive.editions = tt.editions
			if tt.key == "" {
				tt.key = "2.en.h.0"
			}
			_, err := composing(&tt.archive, &tt.printer).Compose(t.Context(), digestScope, claimOf(tt.key), reader)
			if _, forEver := errors.AsType[*send.Unprintable](err); err == nil || forEver != tt.forEver {
				t.Errorf("got %v, for ever %v; want %v", err, forEver, tt.forEver)
			}
		})
	}
}

func TestEachScopeHasItsComposer(t *testing.T) {
	t.Parallel()
	c := send.ByScope(composer{}, composer{fail: map[int64]error{42: errAway}})
	claim := claimOf("2.en.h.0")
	if _, err := c.Compose(t.Context(), digestScope, claim, reader); err != nil {
		t.Errorf("a digest's row: %v", err)
	}
	if _, err := c.Compose(t.Context(), delivery.Outbox, claim, reader); !errors.Is(err, errAway) {
		t.Errorf("a letter: %v", err)
	}
}
