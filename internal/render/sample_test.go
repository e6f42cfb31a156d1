package render_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/edition"
	"github.com/collabpulse/weekly/internal/link"
	"github.com/collabpulse/weekly/internal/render"
	"github.com/collabpulse/weekly/internal/spotlight"
	"github.com/collabpulse/weekly/internal/topic"
)

// brand is the speaker of every mail in these tests.
func brand(t testing.TB) render.Brand {
	t.Helper()
	base, err := url.Parse("https://weekly.collabpulse.example")
	if err != nil {
		t.Fatal(err)
	}
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	return render.Brand{
		Name:   "Collab Pulse Weekly",
		Site:   link.NewSite(base),
		Postal: "Collab Pulse e. V.\nTorstraße 140\n10119 Berlin, Germany",
		Zone:   zone,
	}
}

func renderer(t testing.TB) *render.Renderer {
	t.Helper()
	r, err := render.New(brand(t))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// whole is the key of a reader who chose every topic.
func whole() edition.Key {
	return edition.Key{Topics: topic.All(topic.Defaults()), Language: "en"}
}

func published(day, hour int) time.Time {
	return time.Date(2026, 11, day, hour, 12, 0, 0, time.UTC)
}

// week is a digest as an ordinary week brings it.
func week() digest.Snapshot {
	return digest.Snapshot{
		Digest:    7,
		Date:      time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC),
		Subject:   "The handshake that sold out 400 loaves, and 10 more stories",
		Preheader: "A baker and a potter share one shelf · What a fair usage clause says · Short video grows up",
		Intro: "Nobody in this week’s lead story had a budget. What they had was a wall between two shops, " +
			"a Saturday with nothing to lose, and the sense to write down who pays for the flour.\n\n" +
			"Further down: a clause worth stealing, three charts about the slow end of short video, and a choir " +
			"that paid for a roof. Reply to this mail if you have one to tell; a person reads it.",
		Sections:   sections(),
		Spotlights: portraits(),
	}
}

func sections() []digest.Section {
	t := topic.Defaults()
	return []digest.Section{
		{Topic: t[0].ID, Name: t[0].Name, Stories: []digest.Item{
			item(101, 22, "A baker, a potter and the wall between them: how one shelf sold out 400 loaves", "Mirela Dragomir", 1204, 86, true,
				"Two shops in Cluj had shared a wall for nine years and never a customer. Then the potter’s seconds became the baker’s bread bowls. They split the takings by the hour, not by the piece, and that, they say, is why they are still friends."),
			item(102, 21, "We turned down the biggest brand we ever met. Here is the e-mail", "Jonas & Pell", 640, 41, true,
				"Eight thousand a month, exclusive, in perpetuity. The word that ended it was the last one. What they answered, line by line, and the smaller deal that came of it in spring."),
			item(103, 20, "Three launches, two flops: the numbers nobody screenshots", "Ada Okonkwo", 87, 12, false,
				"Opening a studio’s books for a year of collaborations: what each cost in days, what came back, and the one line in the contract that made the third launch pay for the other two."),
		}},
		{Topic: t[1].ID, Name: t[1].Name, Stories: []digest.Item{
			item(201, 22, "The usage clause, rewritten in words your client will sign", "Priya Raghunathan", 932, 117, true,
				"Where, how long, how often, and what happens on the day after. Four sentences replace a page and a half, with a version for agencies and one for friends."),
			item(202, 19, "A brief is a promise: a one-page form that both sides can keep", "Lena Fuchs", 311, 8, true,
				"Goals on the left, limits on the right, money in the middle. Twelve creators tested it for a quarter; nine still use it, and the other three say why they stopped."),
			item(203, 18, "Good light in a bad kitchen", "Tomasz Wilk", 58, 0, true,
				"One window, two baking sheets and a shower curtain."),
		}},
		{Topic: t[2].ID, Name: t[2].Name, Stories: []digest.Item{
			item(301, 23, "Short video grows up: watch time falls, replies rise, and brands notice late", "Pulse Research", 415, 29, true,
				"A panel of 2,300 accounts over eighteen months. The posts that earned most were not the ones most seen, and the gap has doubled since January."),
			item(302, 20, "كيف غيّرت ثلاث صانعات محتوى سوق العطور في عمّان", "ليان الخطيب", 203, 17, true,
				"بدأ الأمر بقارورة واحدة وحساب واحد، ثم صار اتفاقًا مع عشرين متجرًا صغيرًا. القصة كاملة بالأرقام."),
			item(303, 17, "小さな窯元と旅する料理人、十二か月の共同制作ノート", "佐伯 美帆", 0, 0, false,
				"月に一度、器がひとつ、料理がひとつ。売上よりも先に決めたのは、やめ方だった。"),
		}},
		{Topic: t[3].ID, Name: t[3].Name, Stories: []digest.Item{
			item(401, 21, "A choir, a streamer and a roof for the night shelter", "Hannah Lindqvist", 1877, 240, true,
				"Forty voices sang for eleven hours on somebody else’s channel. The roof cost 38,000 kronor; what came in paid for the windows as well."),
			item(402, 16, "Giving five per cent, out loud", "Marco Bellini", 76, 5, true,
				"A shoemaker prints the sum on the receipt. Customers began to round up."),
		}},
	}
}

func item(id int64, day int, title, author string, likes, comments int, picture bool, summary string) digest.Item {
	n := time.Duration(id).String()
	slug := strings.TrimSuffix(n, "ns")
	i := digest.Item{ID: id, Title: title, Summary: summary, Author: author, Published: published(day, 9), Likes: likes, Comments: comments,
		Link: "https://stories.collabpulse.example/2026/11/story-" + slug}
	if picture {
		i.Picture = "https://pictures.collabpulse.example/story-" + slug + ".jpg"
	}
	return i
}

func portraits() []digest.Portrait {
	return []digest.Portrait{
		{ID: 1, Pillar: spotlight.Partnership, Name: "Amara Diallo × Northwind Tea", Headline: "Forty cups, one honest label",
			Body:    "Amara drank her way through the whole catalogue on camera, and said which nine she would not buy. Northwind dropped seven of them.\n\nThe contract has a sentence that both sides quote: “She may dislike it.”",
			Link:    "https://stories.collabpulse.example/spotlights/amara-diallo",
			Picture: "https://pictures.collabpulse.example/face-1.jpg"},
		{ID: 2, Pillar: spotlight.Storytelling, Name: "Kestrel & Daughters", Headline: "Every Friday at four, the saddle maker reads one letter aloud",
			Body:    "No product in sight, eleven minutes, two million listeners by the hundredth letter. What began as a way to answer the post became the company’s calendar.",
			Link:    "https://stories.collabpulse.example/spotlights/kestrel",
			Picture: "https://pictures.collabpulse.example/face-2.jpg"},
		{ID: 3, Pillar: spotlight.BoldWin, Name: "Sofía Quintero", Headline: "She asked for equity instead of a fee, and got the night shift with it",
			Body:    "A recipe channel, a frozen food start-up and a term sheet on a napkin. Four years on, Sofía runs product; the napkin hangs framed in the canteen.",
			Link:    "https://stories.collabpulse.example/spotlights/sofia-quintero",
			Picture: "https://pictures.collabpulse.example/face-3.jpg"},
	}
}
