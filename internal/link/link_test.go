package link_test

import (
	"encoding/base64"
	"math"
	"strings"
	"testing"

	"github.com/collabpulse/weekly/internal/link"
)

func TestATokenCarriesItsSubjectAndProof(t *testing.T) {
	t.Parallel()
	key := link.NewKey()
	for _, subject := range []int64{1, 127, 128, 1_000_000, 1 << 62} {
		token := key.Token(link.Leave, subject)
		got, tag, err := link.Parse(token)
		if err != nil || got != subject || tag != key.Tag(link.Leave) {
			t.Errorf("subject %d came back as %d, %v", subject, got, err)
		}
		if strings.Trim(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			t.Errorf("the token %q would be changed in a URL", token)
		}
	}
}

func TestATagProvesOneKeyAndOnePurpose(t *testing.T) {
	t.Parallel()
	key, other := link.NewKey(), link.NewKey()
	tag := key.Tag(link.Leave)
	stored := tag.Digest()
	if !tag.Matches(stored[:]) {
		t.Error("a tag does not match its own digest")
	}
	for name, wrong := range map[string]link.Tag{
		"another purpose": key.Tag(link.View), "another key": other.Tag(link.Leave), "nothing": {},
	} {
		if wrong.Matches(stored[:]) {
			t.Errorf("the tag of %s opens the link", name)
		}
	}
	if tag.Matches(nil) || tag.Matches(stored[:16]) {
		t.Error("a digest that is cut short matches")
	}
	if string(stored[:16]) == string(tag[:]) {
		t.Error("what is stored gives the tag away")
	}
}

func TestWhatWeDidNotWriteIsForged(t *testing.T) {
	t.Parallel()
	good := link.NewKey().Token(link.Leave, 300)
	raw, err := base64.RawURLEncoding.DecodeString(good)
	if err != nil {
		t.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	for name, token := range map[string]string{
		"empty":                 "",
		"cut short":             good[:len(good)-4],
		"with something added":  good + "AAAA",
		"padded":                base64.URLEncoding.EncodeToString(raw[:17]),
		"in the other alphabet": strings.Repeat("+/", 12),
		"with white space":      good[:8] + "\n" + good[8:],
		"not base64":            "%00" + good,
		"only a subject":        encode([]byte{7}),
		"only a tag":            encode(raw[2:]),
		"subject zero":          encode(append([]byte{0}, raw[2:]...)),
		"subject below zero":    link.Format(-1, link.Tag{}),
		"subject too large":     link.Format(math.MaxInt64, link.Tag{}),
		"a number too long":     encode(append([]byte(strings.Repeat("\xff", 11)), raw[2:]...)),
		"endless":               strings.Repeat("A", 1<<20),
	} {
		if subject, tag, err := link.Parse(token); err != link.ErrForged || subject != 0 || tag != (link.Tag{}) {
			t.Errorf("%s: %d, %v", name, subject, err)
		}
	}
}

// FuzzParse holds that whatever Parse accepts is a token that Format could have
// written: a positive subject and a tag, and both survive the way back.
func FuzzParse(f *testing.F) {
	f.Add(link.Format(1, link.Tag{}))
	f.Add(link.Format(1<<40, link.Tag{1, 2, 3}))
	f.Add("")
	f.Add("gICAgICAgICAAQ")
	f.Fuzz(func(t *testing.T, token string) {
		subject, tag, err := link.Parse(token)
		if err != nil {
			if err != link.ErrForged || subject != 0 || tag != (link.Tag{}) {
				t.Errorf("%q gives %d and %v", token, subject, err)
			}
			return
		}
		if subject <= 0 {
			t.Errorf("%q is about subject %d", token, subject)
		}
		again, sameTag, err := link.Parse(link.Format(subject, tag))
		if err != nil || again != subject || sameTag != tag {
			t.Errorf("%q does not survive: %d, %v", token, again, err)
		}
	})
}
