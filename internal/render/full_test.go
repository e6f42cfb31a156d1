package render_test

import (
	"strings"
	"testing"

	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/render"
	"github.com/collabpulse/weekly/internal/spotlight"
	"github.com/collabpulse/weekly/internal/story"
	"github.com/collabpulse/weekly/internal/topic"
)

// kilobytes is what the bar allows an HTML part.
const kilobytes = 90_000

// exactly repeats a text to so many characters.
func exactly(text string, characters int) string {
	return string([]rune(strings.Repeat(text, characters))[:characters])
}

// full is the fullest digest: so many stories in each of four topics, a spotlight
// in each pillar, and every text as long as it may be.
func full(text string, perTopic, linkLength int) digest.Snapshot {
	address := exactly("https://stories.collabpulse.example/a-rather-long-path/", linkLength)
	s := digest.Snapshot{
		Digest: 7, Date: week().Date, Subject: exactly(text, digest.MaxSubject),
		Preheader: exactly(text, digest.MaxPreheader), Intro: exactly(text, digest.MaxIntro),
	}
	for _, t := range topic.Defaults() {
		section := digest.Section{Topic: t.ID, Name: t.Name}
		for range perTopic {
			section.Stories = append(section.Stories, digest.Item{
				Title: exactly(text, story.MaxTitle), Summary: exactly(text, story.MaxSummary), Author: exactly(text, story.MaxAuthor),
				Link: address, Picture: address, Published: published(20, 9), Likes: 1234567, Comments: 7654321,
			})
		}
		s.Sections = append(s.Sections, section)
	}
	for _, p := range spotlight.Pillars() {
		s.Spotlights = append(s.Spotlights, digest.Portrait{
			Pillar: p, Name: exactly(text, spotlight.MaxName), Headline: exactly(text, spotlight.MaxHeadline),
			Body: exactly(text, spotlight.MaxBody), Link: address, Picture: address,
		})
	}
	return s
}

const prose = "Two shops had shared a wall for nine years and never a customer, until Saturday. "

func TestAFullDigestIsSentWholeUnder90KB(t *testing.T) {
	t.Parallel()
	s := full(prose, digest.DefaultLimits.PerTopic, 120)
	e, err := renderer(t).Edition(s, snapshotHash, whole())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes of HTML, %d of text", len(e.HTML), len(e.Text))
	if len(e.HTML) >= kilobytes {
		t.Errorf("the HTML part weighs %d bytes", len(e.HTML))
	}
	if strings.Contains(e.HTML, "…<") || strings.Count(e.HTML, "<img") != 23 {
		t.Error("a text was shortened or a picture left out")
	}
}

func TestNoDigestIsSoBigThatMailboxesClipIt(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]digest.Snapshot{
		"Latin":                    full(prose, 5, 120),
		"links as long as allowed": full(prose, 5, 2000),
		"ideographs":               full("小さな窯元と旅する料理人、", 5, 120),
		"emoji":                    full("👩🏽‍🍳🏺", 5, 120),
		"quotation marks":          full(`"'&<>`, 5, 120),
		"no blanks":                full("pneumonoultramicroscopicsilicovolcanoconiosis", 5, 120),
		"an editor includes all":   full(prose, 20, 120),
		"all of the worst":         full(`"'&<>`, 20, 2000),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, err := renderer(t).Edition(s, snapshotHash, whole())
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%d bytes", len(e.HTML))
			if len(e.HTML) > render.MaxHTML {
				t.Errorf("the HTML part weighs %d bytes", len(e.HTML))
			}
			if strings.Count(e.HTML, e.Slots.Leave) != 1 || !strings.HasSuffix(strings.TrimSpace(e.HTML), "</html>") {
				t.Error("the mail has lost its link to leave or its end")
			}
		})
	}
}
