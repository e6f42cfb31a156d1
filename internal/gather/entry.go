package gather

import (
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/mmcdole/gofeed"
	"github.com/mmcdole/gofeed/atom"
	ext "github.com/mmcdole/gofeed/extensions"
	"github.com/mmcdole/gofeed/json"
	"github.com/mmcdole/gofeed/rss"
	"golang.org/x/text/language"

	"github.com/collabpulse/weekly/internal/spotlight"
	"github.com/collabpulse/weekly/internal/story"
)

// entry is one entry as gofeed reads it, with what its universal form loses.
type entry struct {
	*gofeed.Item
	terms    []string // categories by their terms, where labels hide them
	byline   string   // the author as written, where the name could not be told from the rest
	noLink   bool     // the id says of itself that it is no link
	language string
}

// entries pairs each item with what the original feed says beside it.
func entries(feed *gofeed.Feed) []entry {
	all := make([]entry, len(feed.Items))
	for i, item := range feed.Items {
		all[i] = entry{Item: item, language: feed.Language}
		switch original := feed.OriginalFeed().(type) {
		case *rss.Feed:
			it := original.Items[i]
			all[i].byline = it.Author
			all[i].noLink = it.GUID != nil && strings.EqualFold(it.GUID.IsPermalink, "false")
		case *atom.Feed:
			for _, c := range original.Entries[i].Categories {
				all[i].terms = append(all[i].terms, c.Term)
			}
		case *json.Feed:
			if own := original.Items[i].Language; own != "" {
				all[i].language = own
			}
		}
	}
	return all
}

// earliest is when dates begin to mean something: generators write the year 1 or
// 1970 for an entry without one.
var earliest = time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC)

// published is when the entry says it was published, else updated; zero for never.
func (e entry) published() time.Time {
	for _, t := range []*time.Time{e.PublishedParsed, e.UpdatedParsed} {
		if t != nil && t.After(earliest) && t.Year() < 10_000 {
			return t.UTC()
		}
	}
	return time.Time{}
}

func (e entry) pillar() (spotlight.Pillar, bool) {
	for _, list := range [][]string{e.Categories, e.terms} {
		for _, category := range list {
			if p, ok := spotlight.Category(category); ok {
				return p, true
			}
		}
	}
	return 0, false
}

// extension is the text of the first such extension, "" if there is none.
func (e entry) extension(prefix, name string) string {
	if found := e.Extensions[prefix][name]; len(found) > 0 {
		return found[0].Value
	}
	return ""
}

// comments is what RSS's slash module or Atom's threading (RFC 4685 §5) counts.
func (e entry) comments() int {
	return max(count(e.extension("slash", "comments")), count(e.extension("thr", "total")))
}

// likes is what Media RSS's community element counts, or a plain likes element
// as community sites write it.
func (e entry) likes() int {
	most := count(e.Custom["likes"])
	groups := append([]ext.Extension{{Children: e.Extensions["media"]}}, e.Extensions["media"]["group"]...)
	for _, group := range groups {
		for _, community := range group.Children["community"] {
			for _, s := range community.Children["statistics"] {
				most = max(most, count(s.Attrs["favorites"]))
			}
			for _, s := range community.Children["starRating"] {
				most = max(most, count(s.Attrs["count"]))
			}
		}
	}
	return most
}

const maxCount = 1_000_000_000

func count(text string) int {
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil {
		return 0
	}
	return max(0, min(n, maxCount))
}

// maxGUID is the longest id kept as it is, in octets.
const maxGUID = 300

// guidOf is a feed's id for an entry in a form that can be stored: the same text,
// or its hash when it is long or odd.
func guidOf(raw string) string {
	guid := strings.TrimSpace(raw)
	if len(guid) > maxGUID || strings.ContainsFunc(guid, dropped) {
		sum := sha256.Sum256([]byte(guid))
		return "sha256:" + hex.EncodeToString(sum[:])
	}
	return guid
}

// cleaner makes stories and spotlights of one feed's entries.
type cleaner struct {
	title   string   // of the feed
	home    *url.URL // what links are relative to
	private bool     // private addresses count as links
	authors []string // of the whole feed
}

// newCleaner knows the authors of a feed as a whole, which count for each entry
// in Atom (RFC 4287 §4.2.1), in JSON Feed and in podcasts. RSS only has an
// editor and a webmaster, who need not have written anything.
func newCleaner(feed *gofeed.Feed, found *url.URL, private bool) *cleaner {
	c := &cleaner{title: text(feed.Title), home: homeOf(feed, found), private: private}
	if feed.FeedType != "rss" {
		c.authors = names(feed.Authors)
	} else if feed.ITunesExt != nil {
		c.authors = named(person(feed.ITunesExt.Author))
	}
	return c
}

// link is the entry's canonical link, "" if it has none that can be used.
func (c *cleaner) link(e entry) string {
	candidates := []string{e.extension("feedburner", "origLink"), e.Link}
	candidates = append(candidates, e.Links...)
	if u, err := url.Parse(strings.TrimSpace(e.GUID)); err == nil && absolute(u) && !e.noLink {
		candidates = append(candidates, e.GUID)
	}
	for _, raw := range candidates {
		if link, ok := c.resolve(raw, c.home); ok {
			return link
		}
	}
	return ""
}

// resolve makes raw canonical, unless readers could not open it.
func (c *cleaner) resolve(raw string, base *url.URL) (string, bool) {
	if strings.TrimSpace(raw) == "" {
		return "", false
	}
	link, err := story.Canonical(raw, base)
	if err != nil {
		return "", false
	}
	u, err := url.Parse(link)
	return link, err == nil && (c.private || !inside(u.Hostname()))
}

// inside reports whether a host is one that only works where the feed was made:
// static copies of a site often carry the addresses of the machine they were
// made on.
func inside(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") || strings.HasSuffix(host, ".local") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && (ip.IsLoopback() || ip.IsPrivate() || ip.IsUnspecified() || ip.IsLinkLocalUnicast())
}

func (c *cleaner) story(e entry, guid, link string) story.Story {
	title := text(e.Title)
	summary := line(c.summary(e, title))
	if title == "" {
		title = clip(summary, maxMadeTitle)
	}
	if title == "" {
		title = hostOf(link)
	}
	return story.Story{
		GUID: guid, Link: link, Title: clip(title, story.MaxTitle), Summary: clip(summary, story.MaxSummary),
		Author: c.author(e), Picture: c.picture(e, link), Language: languageOf(e.language),
		Published: e.published(), Likes: e.likes(), Comments: e.comments(),
	}
}

// maxMadeTitle is how much of a summary stands in for a title, in characters.
const maxMadeTitle = 80

func (c *cleaner) spotlight(e entry, p spotlight.Pillar, link string) spotlight.Spotlight {
	title := text(e.Title)
	body := c.summary(e, title)
	if title == "" {
		title = clip(line(body), maxMadeTitle)
	}
	name := c.author(e)
	if name == "" {
		name = title
	}
	return spotlight.Spotlight{
		Pillar: p, Link: link, Picture: c.picture(e, link), Name: clip(name, spotlight.MaxName),
		Headline: clip(title, spotlight.MaxHeadline), Body: clip(body, spotlight.MaxBody),
	}
}

// summary is the description, else the beginning of the content.
func (c *cleaner) summary(e entry, title string) string {
	texts := []string{e.Description, e.Content}
	if e.ITunesExt != nil {
		texts = append(texts, e.ITunesExt.Subtitle)
	}
	for _, markup := range texts {
		if s := lead(markup, title, c.title); s != "" {
			return s
		}
	}
	return ""
}

// author names who wrote the entry, else who writes the feed. A mail address is
// nobody's name, and not ours to publish.
func (c *cleaner) author(e entry) string {
	found := names(e.Authors)
	if len(found) == 0 {
		found = named(person(e.byline))
	}
	if dc := e.DublinCoreExt; dc != nil && len(found) < len(dc.Creator) {
		found = found[:0]
		for _, creator := range dc.Creator {
			found = append(found, named(person(creator))...)
		}
	}
	if len(found) == 0 {
		found = c.authors
	}
	return clip(strings.Join(found, ", "), story.MaxAuthor)
}

func names(people []*gofeed.Person) []string {
	var found []string
	for _, p := range people {
		if p != nil {
			found = append(found, named(person(p.Name))...)
		}
	}
	return found
}

func named(name string) []string {
	if name == "" {
		return nil
	}
	return []string{name}
}

var (
	mailThenName = regexp.MustCompile(`^\S+@\S+\s+\((.+)\)$`)
	nameThenMail = regexp.MustCompile(`^(.+?)\s*[(<]\S+@\S+[)>]$`)
	mailAddress  = regexp.MustCompile(`\S@\S+\.\S`)
)

// person is the name in "Name", "Name <mail>" or "mail (Name)".
func person(raw string) string {
	name := strings.TrimSpace(raw)
	if len(name) > maxByline {
		return ""
	}
	for _, pattern := range []*regexp.Regexp{mailThenName, nameThenMail} {
		if m := pattern.FindStringSubmatch(name); m != nil {
			name = m[1]
		}
	}
	if name = text(name); mailAddress.MatchString(name) {
		return ""
	}
	return name
}

const maxByline = 2000 // octets

// languageOf is a well-formed BCP 47 tag, or "".
func languageOf(raw string) string {
	tag, err := language.Parse(strings.TrimSpace(raw))
	if err != nil || tag == language.Und || len(tag.String()) > 35 {
		return ""
	}
	return tag.String()
}

func hostOf(link string) string {
	u, err := url.Parse(link)
	if err != nil {
		return link
	}
	return strings.TrimPrefix(u.Hostname(), "www.")
}
