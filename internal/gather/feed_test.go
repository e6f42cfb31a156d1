package gather

import (
	"bytes"
	"flag"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html/charset"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "rewrite the goldens in testdata")

// TestFeedsBecomeStories reads every feed of testdata/feeds and compares what it
// becomes. Each file begins with what the case proves.
func TestFeedsBecomeStories(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/feeds/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no feeds in testdata: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			h, err := parse(pageOf(t, archive), false)
			if err != nil {
				t.Fatalf("the feed cannot be read: %v", err)
			}
			got := show(h)
			if *update {
				setFile(archive, "want", got)
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(fileOf(archive, "want"), got); diff != "" {
				t.Errorf("what the feed becomes (-want +got):\n%s", diff)
			}
		})
	}
}

// pageOf reads the feed, and "about": lines of "url:" and "type:".
func pageOf(t *testing.T, a *txtar.Archive) Page {
	t.Helper()
	address, contentType := "https://feeds.example/rss.xml", "application/xml"
	for about := range strings.Lines(fileOf(a, "about")) {
		name, value, _ := strings.Cut(strings.TrimSpace(about), ": ")
		switch name {
		case "url":
			address = value
		case "type":
			contentType = value
		}
	}
	return page(t, address, contentType, fileOf(a, "feed"))
}

func page(t testing.TB, address, contentType, body string) Page {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return Page{URL: u, Type: contentType, Body: []byte(body)}
}

func fileOf(a *txtar.Archive, name string) string {
	for _, f := range a.Files {
		if f.Name == name {
			return string(f.Data)
		}
	}
	return ""
}

func setFile(a *txtar.Archive, name, text string) {
	for i := range a.Files {
		if a.Files[i].Name == name {
			a.Files[i].Data = []byte(text)
			return
		}
	}
	a.Files = append(a.Files, txtar.File{Name: name, Data: []byte(text)})
}

// show writes a harvest as lines of "field: value", without the empty ones.
func show(h harvest) string {
	var b strings.Builder
	fmt.Fprintf(&b, "title: %s\nentries: %d, passed over: %d\n", h.title, h.entries, h.passedOver)
	line := func(name string, value any) {
		if text := fmt.Sprint(value); text != "" && text != "0" {
			fmt.Fprintf(&b, "  %s: %s\n", name, strings.ReplaceAll(text, "\n", "\n    "))
		}
	}
	for _, s := range h.stories {
		fmt.Fprintf(&b, "\nstory %s\n", s.Link)
		line("guid", s.GUID)
		line("title", s.Title)
		line("summary", s.Summary)
		line("author", s.Author)
		line("picture", s.Picture)
		line("language", s.Language)
		if !s.Published.IsZero() {
			line("published", s.Published.Format(time.RFC3339))
		}
		line("likes", s.Likes)
		line("comments", s.Comments)
	}
	for i, s := range h.spotlights {
		fmt.Fprintf(&b, "\nspotlight %s\n", s.Pillar.Slug())
		line("guid", h.guids[i])
		line("name", s.Name)
		line("headline", s.Headline)
		line("body", s.Body)
		line("link", s.Link)
		line("picture", s.Picture)
	}
	return b.String()
}

// rssOf wraps items into a feed.
func rssOf(items string) string {
	return `<rss version="2.0" xmlns:x="urn:x"><channel><title>T</title><link>https://h.example/</link>` + items + `</channel></rss>`
}

func itemOf(title string) string {
	return `<item><title>` + title + `</title><link>https://h.example/` + url.PathEscape(title) + `</link></item>`
}

func TestFeedsAreReadInTheirEncoding(t *testing.T) {
	t.Parallel()
	const title = "Café “Größe” – 1€"
	doc := func(label, title string) string {
		return `<?xml version="1.0"` + label + `?>` + rssOf(itemOf(title))
	}
	encoded := func(name, text string) string {
		enc, _ := charset.Lookup(name)
		out, err := enc.NewEncoder().String(text)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	for _, c := range []struct{ name, contentType, body, want string }{
		{"declared", "text/xml", encoded("windows-1252", doc(` encoding="iso-8859-1"`, title)), title},
		{"by the server alone", "text/xml; charset=windows-1252", encoded("windows-1252", doc("", title)), title},
		{"by nobody", "text/xml", encoded("windows-1252", doc("", title)), title},
		{"wrongly declared UTF-8", "text/xml", encoded("windows-1252", doc(` encoding="utf-8"`, title)), title},
		{"UTF-8, wrongly declared", "text/xml; charset=iso-8859-1", doc(` encoding="utf-8"`, title), title},
		{"with a mark", "text/xml", "\xef\xbb\xbf" + doc("", title), title},
		{"UTF-16 with a mark", "text/xml", "\xff\xfe" + encoded("utf-16le", doc(` encoding="utf-16"`, title)), title},
		{"UTF-16 without", "text/xml", encoded("utf-16be", doc(` encoding="utf-16"`, title)), title},
		{"UTF-8 that says UTF-16", "text/xml", doc(` encoding="utf-16"`, title), title},
		{"an encoding nobody knows", "text/xml", doc(` encoding="x-unheard-of"`, title), title},
		{"Japanese", "text/xml", encoded("iso-2022-jp", doc(` encoding="iso-2022-jp"`, "織物の話")), "織物の話"},
		{"Cyrillic", "text/xml; charset=koi8-r", encoded("koi8-r", doc("", "Рассказ")), "Рассказ"},
		{"UTF-8 with an octet lost", "text/xml", doc("", "Größe caf\xc3 Größe"), "Größe caf Größe"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h, err := parse(page(t, "https://h.example/feed", c.contentType, c.body), false)
			if err != nil {
				t.Fatal(err)
			}
			if len(h.stories) != 1 || h.stories[0].Title != c.want {
				t.Errorf("got %+v, want one story called %q", h.stories, c.want)
			}
		})
	}
}

func TestWhatIsNoFeedIsNamed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, body string
		want       error
	}{
		{"nothing", "", errEmpty},
		{"white space", "\xef\xbb\xbf \n", errEmpty},
		{"a web page", "<!DOCTYPE html><html><head><title>Hi</title></head></html>", errPage},
		{"a web page that is no XML", "<!doctype html>\n<html><body class=a><p a&b <i", errPage},
		{"other XML", `<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>`, errNotFeed},
		{"words", "Service temporarily unavailable", errNotFeed},
		{"a picture", "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", errNotFeed},
		{"other JSON", `{"error": "not found"}`, errNotFeed},
		{"a list", `[{"version": "https://jsonfeed.org/version/1"}]`, errNotFeed},
		{"JSON that breaks off", `{"version": "https://jsonfeed.org/version/1", "items": [`, errMalformed},
		{"JSON with an entry that is null", `{"version": "https://jsonfeed.org/version/1", "items": [null]}`, errMalformed},
		{"XML that breaks off before an entry", `<rss version="2.0"><channel><title>T</ti`, errMalformed},
		{"entries without links", rssOf("<item><title>a</title></item><item/>"), errNoLinks},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h, err := parse(page(t, "https://h.example/feed", "", c.body), false)
			if err != c.want {
				t.Errorf("got %v and %+v, want %v", err, h, c.want)
			}
		})
	}
}

func TestAFeedWithoutEntriesIsFine(t *testing.T) {
	t.Parallel()
	h, err := parse(page(t, "https://h.example/feed", "", rssOf("")), false)
	if err != nil || h.title != "T" || h.entries != 0 {
		t.Errorf("got %+v and %v", h, err)
	}
}

func TestOnlyTheNewestEntriesAreKept(t *testing.T) {
	t.Parallel()
	var items strings.Builder
	first := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range maxKept + 200 {
		fmt.Fprintf(&items, "<item><link>https://h.example/%d</link><pubDate>%s</pubDate></item>", i, first.AddDate(0, 0, i).Format(time.RFC1123Z))
	}
	h, err := parse(page(t, "https://h.example/feed", "", rssOf(items.String())), false)
	if err != nil {
		t.Fatal(err)
	}
	if h.entries != maxKept+200 || len(h.stories) != maxKept {
		t.Fatalf("got %d stories of %d entries", len(h.stories), h.entries)
	}
	if got := h.stories[0].Link; got != fmt.Sprintf("https://h.example/%d", maxKept+199) {
		t.Errorf("the first story is %s, want the newest", got)
	}
}

func TestLongAndOddIDsCanBeStored(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", maxGUID+1)
	for _, raw := range []string{long, "a\x00b", "a\u202eb", "line\nbreak"} {
		got := guidOf(raw)
		if !strings.HasPrefix(got, "sha256:") || got != guidOf(raw) {
			t.Errorf("the id %.20q became %q", raw, got)
		}
	}
	if got := guidOf(" tag:h.example,2026:é "); got != "tag:h.example,2026:é" {
		t.Errorf("an ordinary id became %q", got)
	}
}

// TestHostileFeedsCostLittle runs documents that keep gofeed busy for seconds to
// hours, and asks for an answer in a time that only a refusal or a linear walk can
// meet on a slow machine.
func TestHostileFeedsCostLittle(t *testing.T) {
	const size = maxBody
	var prefixes strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&prefixes, ` xmlns:a%d="u"`, i)
	}
	var bold strings.Builder
	for i := range 400 {
		fmt.Fprintf(&bold, "<b a='%d'>", i)
	}
	nested := "<p>" + bold.String() + "</p>" + strings.Repeat("<p>x</p>", 100_000)
	atom := `<feed xmlns="http://www.w3.org/2005/Atom" xml:base="http://h.example/"><entry><link href="/a"/>%s</entry></feed>`
	for _, c := range []struct{ name, body string }{
		{"namespaces at every element", `<rss><channel` + prefixes.String() + ">" + strings.Repeat("<a/>", size/5)},
		{"text in pieces", rssOf("<x:a>" + strings.Repeat("y", size/2) + strings.Repeat("t<b/>", size/11) + "</x:a>")},
		{"empty entries", rssOf(strings.Repeat("<item/>", size/8))},
		{"endless nesting", rssOf(strings.Repeat("<x:a>", size/6))},
		{"a tag that never ends", "<rss " + strings.Repeat("b ", size/2)},
		{"attributes without end", rssOf(strings.Repeat(`<x:a b="" c="" d="" e=""/>`, size/30))},
		{"formatting left open", fmt.Sprintf(atom, `<content type="html"><![CDATA[`+nested+`]]></content>`)},
		{"formatting left open, as XHTML", fmt.Sprintf(atom, `<content type="application/XHTML+xml">`+nested+`</content>`)},
		{"a type hidden in references", fmt.Sprintf(atom, `<content type="&#104;tml">`+nested+`</content>`)},
		{"a type twice in one", fmt.Sprintf(atom, `<content type="xhtmlxhtml">`+nested+`</content>`)},
		{"a billion laughs", `<!DOCTYPE rss [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;"><!ENTITY c "&b;&b;&b;">]>` + rssOf(itemOf("&c;"))},
		{"objects without end", `{"version":"https://jsonfeed.org/version/1","items":[` + strings.Repeat("{},", size/4) + "{}]}"},
		{"values without end", `{"version":"https://jsonfeed.org/version/1","items":[{"url":"https://h.example/","tags":[` + strings.Repeat(`"",`, size/4) + `""]}]}`},
		{"lists within lists", `{"version":"https://jsonfeed.org/version/1","items":` + strings.Repeat("[", size/2)},
		{"dates that are none", rssOf(strings.Repeat(`<item><pubDate>`+strings.Repeat("Mon, ", 150)+`</pubDate></item>`, 9_000))},
		{"escapes in escapes", rssOf(itemOf("a") + "<item><link>https://h.example/b</link><description>" + strings.Repeat("&amp;amp;amp;amp;lt;", size/24) + "</description></item>")},
		{"zeros", strings.Repeat("\x00", size)},
	} {
		t.Run(c.name, func(t *testing.T) {
			start := time.Now()
			h, err := parse(page(t, "https://h.example/feed", "text/xml", c.body), false)
			if took := time.Since(start); took > 15*time.Second {
				t.Errorf("took %s", took)
			}
			if err == nil {
				promised(t, h)
			}
		})
	}
}

func TestTheDocumentFetchedIsLeftAsItCame(t *testing.T) {
	t.Parallel()
	body := []byte(`<feed xmlns="http://www.w3.org/2005/Atom" xml:base="en"><entry><link href="https://h.example/a"/><title type="html">x</title></entry></feed>`)
	before := bytes.Clone(body)
	if _, err := parse(Page{URL: &url.URL{Scheme: "https", Host: "h.example"}, Body: body}, false); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(before, body) {
		t.Errorf("the body became %s", body)
	}
}
