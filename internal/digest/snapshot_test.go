package digest

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/spotlight"
	"github.com/collabpulse/weekly/internal/story"
	"github.com/collabpulse/weekly/internal/topic"
)

// shaped is a digest as an editor leaves it: stories and spotlights taken in and
// left out, and in an order of their own.
func shaped() Digest {
	include := func(id int64, t topic.ID) Place {
		return Place{Included: true, Story: story.Story{ID: id, Topic: t, Title: "<Title> & more", Summary: "s", Link: "https://a.example/",
			Author: "Mara", Picture: "https://a.example/p.png", Published: day.In(time.FixedZone("x", 3600)), Likes: 3, Comments: 4, Gathered: day}}
	}
	out := include(9, 1)
	out.Included = false
	return Digest{
		ID: 7, Subject: "Subject", Preheader: "Preheader", Intro: "Intro",
		LineUp: LineUp{
			Places: []Place{include(1, 2), include(2, 1), out, include(3, 2)},
			Features: []Feature{
				{Spotlight: spotlight.Spotlight{ID: 4, Pillar: spotlight.BoldWin, Name: "n", Headline: "h", Body: "b", Link: "https://b.example/", Picture: "p"}, Included: true},
				{Spotlight: spotlight.Spotlight{ID: 5}},
			},
		},
	}
}

func TestASnapshotIsWhatTheEditorShaped(t *testing.T) {
	t.Parallel()
	item := func(id int64) Item {
		return Item{ID: id, Title: "<Title> & more", Summary: "s", Link: "https://a.example/", Author: "Mara", Picture: "https://a.example/p.png", Published: day, Likes: 3, Comments: 4}
	}
	topics := topic.Defaults()
	want := Snapshot{
		Digest: 7, Date: day, Subject: "Subject", Preheader: "Preheader", Intro: "Intro", Bundle: "bundle",
		Sections: []Section{
			{Topic: 1, Name: topics[0].Name, Stories: []Item{item(2)}},
			{Topic: 2, Name: topics[1].Name, Stories: []Item{item(1), item(3)}},
		},
		Spotlights: []Portrait{{ID: 4, Pillar: spotlight.BoldWin, Name: "n", Headline: "h", Body: "b", Link: "https://b.example/", Picture: "p"}},
	}
	got, err := shaped().Freeze(topics, day.In(time.FixedZone("x", -3600)), "bundle")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if got.Topics() != topic.Of(1, 2) {
		t.Errorf("topics %v", got.Topics().IDs())
	}
}

func TestADigestNobodyCouldReadIsNotFrozen(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(*Digest)
		field string
	}{
		"no subject":              {func(d *Digest) { d.Subject = "" }, "subject"},
		"a subject of spaces":     {func(d *Digest) { d.Subject = "  " }, "subject"},
		"nothing in it":           {func(d *Digest) { d.LineUp = LineUp{} }, ""},
		"nothing included":        {func(d *Digest) { d.LineUp = LineUp{Places: []Place{{}}, Features: []Feature{{}}} }, ""},
		"a story without a topic": {func(d *Digest) { d.LineUp = LineUp{Places: []Place{{Included: true}}} }, ""},
	} {
		d := shaped()
		c.spoil(&d)
		_, err := d.Freeze(topic.Defaults(), day, "bundle")
		if f, ok := err.(*fault.Error); !ok || f.Kind != fault.Invalid || f.Field != c.field {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestASnapshotOfSpotlightsAloneConcernsNoTopic(t *testing.T) {
	t.Parallel()
	d := shaped()
	d.LineUp.Places = nil
	s, err := d.Freeze(topic.Defaults(), day, "bundle")
	if err != nil || s.Topics() != 0 || len(s.Spotlights) != 1 {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestAStoredSnapshotComesBackUnchanged(t *testing.T) {
	t.Parallel()
	s, err := shaped().Freeze(topic.Defaults(), day, "bundle")
	if err != nil {
		t.Fatal(err)
	}
	encoded := s.Encode()
	got, err := DecodeSnapshot(encoded, HashOf(encoded))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(s, got); d != "" {
		t.Error(d)
	}
	if string(got.Encode()) != string(encoded) {
		t.Error("encoding it again gives other octets")
	}
}

func TestASnapshotThatWasTamperedWithIsRefused(t *testing.T) {
	t.Parallel()
	s, err := shaped().Freeze(topic.Defaults(), day, "bundle")
	if err != nil {
		t.Fatal(err)
	}
	encoded := s.Encode()
	hash := HashOf(encoded)
	for i := range encoded {
		tampered := append([]byte(nil), encoded...)
		tampered[i] ^= 1
		if got, err := DecodeSnapshot(tampered, hash); !fault.Is(err, fault.Conflict) || got.Subject != "" {
			t.Fatalf("octet %d was changed: %v", i, err)
		}
	}
	for name, wrong := range map[string]string{"none": "", "in capitals": strings.ToUpper(hash), "shortened": hash[:32], "of nothing": HashOf(nil)} {
		if _, err := DecodeSnapshot(encoded, wrong); !fault.Is(err, fault.Conflict) {
			t.Errorf("hash %s: %v", name, err)
		}
	}
	if _, err := DecodeSnapshot([]byte("{"), HashOf([]byte("{"))); err == nil {
		t.Error("half a snapshot is taken")
	}
}

func TestEveryChangeAnEditorMakesChangesTheHash(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for name, change := range map[string]func(*Digest){
		"none":               func(*Digest) {},
		"the subject":        func(d *Digest) { d.Subject += "." },
		"the preheader":      func(d *Digest) { d.Preheader += "." },
		"the intro":          func(d *Digest) { d.Intro += "." },
		"a story less":       func(d *Digest) { d.LineUp.Places[0].Included = false },
		"a story more":       func(d *Digest) { d.LineUp.Places[2].Included = true },
		"the order":          func(d *Digest) { p := d.LineUp.Places; p[0], p[3] = p[3], p[0] },
		"a spotlight less":   func(d *Digest) { d.LineUp.Features[0].Included = false },
		"a story's title":    func(d *Digest) { d.LineUp.Places[0].Story.Title += "." },
		"a story's pictures": func(d *Digest) { d.LineUp.Places[0].Story.Picture = "" },
	} {
		d := shaped()
		change(&d)
		s, err := d.Freeze(topic.Defaults(), day, "bundle")
		if err != nil {
			t.Fatal(err)
		}
		hash := HashOf(s.Encode())
		if other, ok := seen[hash]; ok {
			t.Errorf("%s and %s have one hash", name, other)
		}
		seen[hash] = name
	}
}

func TestAProposedSubjectNamesWhatTheReaderGets(t *testing.T) {
	t.Parallel()
	d := Digest{ID: 1, LineUp: LineUp{Places: []Place{
		{Story: story.Story{ID: 1, Topic: 1, Title: "Bread"}, Included: true},
		{Story: story.Story{ID: 2, Topic: 2, Title: "Light"}, Included: true},
		{Story: story.Story{ID: 3, Topic: 2, Title: "Rights"}, Included: true},
	}}}
	d.Subject, d.Preheader = DefaultSubject(d.LineUp), DefaultPreheader(d.LineUp)
	s, err := d.Freeze(topic.Defaults(), time.Time{}, "bundle")
	if err != nil {
		t.Fatal(err)
	}
	if got := s.For(topic.Of(2)); got.Subject != "Light, and 1 more story" || got.Preheader != "Rights" {
		t.Errorf("to a reader of the second topic: %q, %q", got.Subject, got.Preheader)
	}
	d.Subject = "Bread for all"
	if s, err = d.Freeze(topic.Defaults(), time.Time{}, "bundle"); err != nil || s.For(topic.Of(2)).Subject != "Bread for all" {
		t.Errorf("an editor's own subject became %q, %v", s.For(topic.Of(2)).Subject, err)
	}
}
