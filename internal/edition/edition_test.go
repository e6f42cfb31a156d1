package edition

import (
	"html/template"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/topic"
)

func TestAKeyComesBackFromItsText(t *testing.T) {
	t.Parallel()
	for text, key := range map[string]Key{
		"6.en.h.0":          {Topics: topic.Of(1, 2), Language: "en"},
		"0.de.p.0":          {Language: "de", Plain: true},
		"30.zh-Hant-TW.h.7": {Topics: topic.Of(1, 2, 3, 4), Language: "zh-Hant-TW", Since: 7},
		"4611686018427387904.en.p.9223372036854775807": {Topics: topic.Of(topic.MaxID), Language: "en", Plain: true, Since: 1<<63 - 1},
	} {
		if got := key.String(); got != text {
			t.Errorf("%+v is written %q, want %q", key, got, text)
		}
		if got, err := ParseKey(text); err != nil || got != key {
			t.Errorf("%q is read as %+v, %v", text, got, err)
		}
	}
}

func TestAnyOtherTextIsNoKey(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "6", "6.en.h", "6.en.h.0.0", "6.en.x.0", "6.en..0", "x.en.h.0", "6.en.h.x", "-6.en.h.0", "6.en.h.-1", "9223372036854775808.en.h.0",
		"06.en.h.0", "+6.en.h.0", "6.en.h.00", "-0.en.h.0", "6.en.h.0 ", " 6.en.h.0", "6.en.H.0",
	} {
		if got, err := ParseKey(text); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q is read as %+v, %v", text, got, err)
		}
	}
}

func FuzzParseKey(f *testing.F) {
	for _, seed := range []string{"6.en.h.0", "0.de.p.12", "06.en.h.0", "6.e.n.h.0", "6..h.0"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if k, err := ParseKey(text); err == nil && k.String() != text {
			t.Errorf("%q is read as %q", text, k)
		}
	})
}

// sample is a snapshot of two topics whose stories have these titles.
func sample(titles ...string) digest.Snapshot {
	s := digest.Snapshot{Digest: 7, Date: time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC), Subject: "Subject"}
	for i, title := range titles {
		s.Sections = append(s.Sections, digest.Section{Topic: topic.ID(i + 1), Stories: []digest.Item{{ID: int64(i), Title: title}}})
	}
	s.Spotlights = []digest.Portrait{{ID: 1}}
	return s
}

func TestAnAudienceReadsTheTopicsItChose(t *testing.T) {
	t.Parallel()
	s := sample("one", "two", "three")
	whole := s.Encode()
	got := s.For(topic.Of(1, 3, 9))
	if len(got.Sections) != 2 || got.Sections[0].Topic != 1 || got.Sections[1].Topic != 3 || len(got.Spotlights) != 1 {
		t.Errorf("%+v", got)
	}
	if len(s.For(0).Sections) != 0 {
		t.Error("who chose nothing reads something")
	}
	if string(s.Encode()) != string(whole) {
		t.Error("the snapshot itself was changed")
	}
}

func TestAnEditionComesBackAsItWasKept(t *testing.T) {
	t.Parallel()
	e := Edition{Subject: "Grüße <&>", HTML: "<p>\u2028</p>", Text: "a\r\nb", Slots: SlotsFor(strings.Repeat("a", 64))}
	got, err := Decode(e.Encode())
	if d := cmp.Diff(e, got); err != nil || d != "" {
		t.Errorf("%v %s", err, d)
	}
	if _, err := Decode([]byte("{")); err == nil {
		t.Error("half an edition is taken")
	}
}

func TestFillingPutsTheReadersOwnLinkInEverySlotAndNowhereElse(t *testing.T) {
	t.Parallel()
	slots := SlotsFor(digest.HashOf([]byte("approved")))
	other := SlotsFor(digest.HashOf([]byte("something else")))
	e := Edition{
		HTML:  `<a href="` + slots.Leave + `">Leave</a> slotleave ` + other.Leave + ` <a href="` + slots.Leave + `">`,
		Text:  "Leave: " + slots.Leave + "\n",
		Slots: slots,
	}
	const mine = "https://pulse.example/leave/AQID-_"
	html, text := e.Fill(Values{Leave: mine})
	if want := `<a href="` + mine + `">Leave</a> slotleave ` + other.Leave + ` <a href="` + mine + `">`; html != want {
		t.Errorf("HTML is %s", html)
	}
	if text != "Leave: "+mine+"\n" {
		t.Errorf("text is %q", text)
	}
	if again, _ := e.Fill(Values{Leave: "https://pulse.example/leave/other"}); strings.Contains(again, mine) {
		t.Error("one reader's link is left for the next")
	}
}

func TestASlotComesThroughEveryContextUnchanged(t *testing.T) {
	t.Parallel()
	leave := SlotsFor(digest.HashOf([]byte("approved"))).Leave
	page := template.Must(template.New("").Parse(`<a href="{{.}}" title="{{.}}" data-x={{.}}>{{.}}</a><a href="/x?y={{.}}">`))
	var out strings.Builder
	if err := page.Execute(&out, leave); err != nil {
		t.Fatal(err)
	}
	if strings.Count(out.String(), leave) != 5 {
		t.Errorf("it became %s", out.String())
	}
}

// TestNoStoryCanPassForASlot plays somebody who publishes the slot of the digest
// as it stands: taking that story in makes it another digest, with other slots.
func TestNoStoryCanPassForASlot(t *testing.T) {
	t.Parallel()
	title := "a story"
	for range 50 {
		s := sample(title, "another")
		leave := SlotsFor(digest.HashOf(s.Encode())).Leave
		if strings.Contains(string(s.Encode()), leave) {
			t.Fatalf("the snapshot contains its own slot %q", leave)
		}
		title = leave + " " + title[:rand.IntN(len(title))]
	}
}
