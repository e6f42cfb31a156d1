package gather

import (
	"bytes"
	"cmp"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mmcdole/gofeed"

	"github.com/collabpulse/weekly/internal/source"
	"github.com/collabpulse/weekly/internal/spotlight"
	"github.com/collabpulse/weekly/internal/story"
)

// maxKept is how many entries of one feed are looked at, the newest.
const maxKept = 500

// harvest is what one feed holds, cleaned.
type harvest struct {
	title      string
	stories    []story.Story // newest first
	spotlights []spotlight.Spotlight
	guids      []string // parallel to spotlights, none empty
	entries    int
	passedOver int
}

// parse reads a page as a feed. It never panics and its work is bounded,
// whatever the page holds; an error is a trouble. With private unset, links and
// pictures that only work inside somebody's network count as missing.
func parse(page Page, private bool) (harvest, error) {
	feed, err := read(page.Body, page.Type)
	if err != nil {
		return harvest{}, err
	}
	c := newCleaner(feed, page.URL, private)
	h := harvest{title: clip(c.title, story.MaxTitle), entries: len(feed.Items)}
	seen := map[string]bool{}
	for _, e := range newest(entries(feed)) {
		h.add(c, e, seen)
	}
	if h.entries > 0 && h.passedOver == min(h.entries, maxKept) {
		return harvest{}, errNoLinks
	}
	return h, nil
}

// read hands a surveyed document to gofeed.
func read(body []byte, contentType string) (feed *gofeed.Feed, err error) {
	// gofeed follows a null in a JSON Feed's items or authors into a nil pointer.
	defer func() {
		if recover() != nil {
			feed, err = nil, errMalformed
		}
	}()
	doc := bytes.TrimSpace(toUTF8(body, contentType))
	switch {
	case len(doc) == 0:
		return nil, errEmpty
	case doc[0] == '{':
		err = surveyJSON(doc)
	default:
		doc, err = surveyXML(legal(doc))
	}
	if err != nil {
		return nil, err
	}
	parser := gofeed.NewParser()
	parser.RSSTranslator = &gofeed.DefaultRSSTranslator{DisableContentImageScan: true}
	parser.KeepOriginalFeed = true // for what the universal form leaves out
	feed, err = parser.Parse(bytes.NewReader(doc))
	if err != nil {
		return nil, errMalformed
	}
	if feed.FeedType == "json" && !strings.Contains(feed.FeedVersion, "jsonfeed.org/version/") {
		return nil, errNotFeed
	}
	return feed, nil
}

// notFeed tells a web page from anything else that is no feed.
func notFeed(doc []byte) error {
	if strings.HasPrefix(http.DetectContentType(doc), "text/html") {
		return errPage
	}
	return errNotFeed
}

// legal removes what XML 1.0 §2.2 forbids and generators write all the same:
// control characters, raw or as references. The decoder would stop at the first.
// The declaration goes too, with what stands before it, now that the text is
// UTF-8: its version 1.1 would be refused, and its encoding decoded again.
func legal(doc []byte) []byte {
	if at := declaration.FindIndex(start(doc)); at != nil {
		doc = doc[at[1]:]
	}
	doc = bytes.Map(func(r rune) rune {
		if legalXML(r) {
			return r
		}
		return -1
	}, doc)
	return reference.ReplaceAllFunc(doc, func(ref []byte) []byte {
		number, base := string(ref[2:len(ref)-1]), 10
		if number[0] == 'x' {
			number, base = number[1:], 16
		}
		if n, err := strconv.ParseInt(number, base, 32); err == nil && legalXML(rune(n)) {
			return ref
		}
		return nil
	})
}

var reference = regexp.MustCompile(`&#(?:[0-9]+|x[0-9A-Fa-f]+);`)

func legalXML(r rune) bool {
	return r >= ' ' && r != 0xfffe && r != 0xffff && utf8.ValidRune(r) || r == '\t' || r == '\n' || r == '\r'
}

// newest orders entries by date, those without one last, and keeps as many as
// are looked at. Feeds are not always in order, and one that holds the whole
// past of a site may begin with its oldest entry.
func newest(all []entry) []entry {
	slices.SortStableFunc(all, func(a, b entry) int { return b.published().Compare(a.published()) })
	return all[:min(len(all), maxKept)]
}

// add makes a story or spotlight of an entry, unless the feed has held it
// already: the same id twice is an older version of an entry (RFC 4287 §4.1.2),
// the same link twice is the same story.
func (h *harvest) add(c *cleaner, e entry, seen map[string]bool) {
	link, guid := c.link(e), guidOf(e.GUID)
	if guid != "" && seen["guid "+guid] || link != "" && seen["link "+link] {
		return
	}
	pillar, lit := e.pillar()
	if link == "" && !lit {
		h.passedOver++
		return
	}
	seen["guid "+guid], seen["link "+link] = true, true
	if lit {
		s := c.spotlight(e, pillar, link)
		if s.Check() != nil {
			h.passedOver++
			return
		}
		h.spotlights = append(h.spotlights, s)
		h.guids = append(h.guids, cmp.Or(guid, link, s.Headline))
		return
	}
	h.stories = append(h.stories, c.story(e, guid, link))
}

// stamp says where and when the harvest came in. On the first look at a source
// its whole past turns up at once.
func (h *harvest) stamp(src source.Source, now time.Time) {
	firstLook := src.Succeeded.IsZero()
	for i := range h.stories {
		s := &h.stories[i]
		s.Source, s.Topic, s.Gathered = src.ID, src.Topic, now
		s.Appeared = story.Appeared(s.Published, now, firstLook)
	}
	for i := range h.spotlights {
		h.spotlights[i].Source, h.spotlights[i].Created = src.ID, now
	}
}

// homeOf is what relative links are relative to: the feed's own home page when it
// names one in full, else where the feed was found.
func homeOf(feed *gofeed.Feed, found *url.URL) *url.URL {
	if home, err := url.Parse(strings.TrimSpace(feed.Link)); err == nil && absolute(home) {
		return home
	}
	return found
}

func absolute(u *url.URL) bool {
	return (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}
