package gather

import (
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"

	ext "github.com/mmcdole/gofeed/extensions"
	nethtml "golang.org/x/net/html"
)

// picture is the address of the entry's picture, "" if it has none: what the
// feed declares, else the first in the text that is more than an ornament.
// Addresses inside the text are relative to the page it was written for.
func (c *cleaner) picture(e entry, link string) string {
	for _, raw := range declaredPictures(e) {
		if picture, ok := c.pictureAt(raw, c.home); ok {
			return picture
		}
	}
	page := c.home
	if u, err := url.Parse(link); err == nil && link != "" {
		page = u
	}
	for _, markup := range []string{e.Content, e.Description} {
		for _, raw := range pictures(upTo(markup, maxMarkup)) {
			if picture, ok := c.pictureAt(raw, page); ok {
				return picture
			}
		}
	}
	return ""
}

func (c *cleaner) pictureAt(raw string, base *url.URL) (string, bool) {
	picture, ok := c.resolve(raw, base)
	return picture, ok && !tracker(picture)
}

// tracker knows the counting pixels and smileys that feeds carry without saying
// their size.
func tracker(picture string) bool {
	for _, mark := range []string{"://feeds.feedburner.com/~r/", "://pixel.", "://stats.wordpress.com/", "/b.gif?", "doubleclick.net/", "/roverimp/"} {
		if strings.Contains(picture, mark) {
			return true
		}
	}
	return smiley.MatchString(picture)
}

var smiley = regexp.MustCompile(`(?i)\b(?:emoji|emoticon|smiley|smilies)`)

// declaredPictures lists what the entry's own elements name, best first.
func declaredPictures(e entry) []string {
	found := mediaPictures(e.Extensions["media"])
	for _, group := range e.Extensions["media"]["group"] {
		found = append(found, mediaPictures(group.Children)...)
	}
	if e.Image != nil {
		found = append(found, e.Image.URL)
	}
	for _, enclosure := range e.Enclosures {
		if enclosure != nil && isPicture(enclosure.Type, enclosure.URL) {
			found = append(found, enclosure.URL)
		}
	}
	if e.ITunesExt != nil {
		found = append(found, e.ITunesExt.Image)
	}
	return found
}

// mediaPictures lists Media RSS's content elements that are pictures, then the
// thumbnails.
func mediaPictures(media map[string][]ext.Extension) []string {
	var found, thumbnails []string
	for _, m := range media["content"] {
		if m.Attrs["medium"] == "image" || m.Attrs["medium"] == "" && isPicture(m.Attrs["type"], m.Attrs["url"]) {
			found = append(found, m.Attrs["url"])
		}
		thumbnails = append(thumbnails, urls(m.Children["thumbnail"])...)
	}
	return append(append(found, urls(media["thumbnail"])...), thumbnails...)
}

func urls(elements []ext.Extension) []string {
	var found []string
	for _, e := range elements {
		found = append(found, e.Attrs["url"])
	}
	return found
}

// isPicture goes by the media type, and by the name's ending when none is given.
func isPicture(mediaType, address string) bool {
	if mediaType == "" {
		u, err := url.Parse(address)
		if err != nil {
			return false
		}
		switch strings.ToLower(path.Ext(u.Path)) {
		case ".jpg", ".jpeg", ".png", ".gif", ".webp", ".avif", ".svg":
			return true
		}
	}
	return strings.HasPrefix(strings.ToLower(mediaType), "image/")
}

// pictures lists the addresses of a text's pictures. One that is loaded late
// hides its address in another attribute behind a placeholder.
func pictures(markup string) []string {
	var found []string
	tokens := nethtml.NewTokenizer(strings.NewReader(markup))
	for {
		switch tokens.Next() {
		case nethtml.ErrorToken:
			return found
		case nethtml.StartTagToken, nethtml.SelfClosingTagToken:
			if name, more := tokens.TagName(); string(name) == "img" && more {
				found = append(found, sources(attributes(tokens))...)
			}
		}
	}
}

func attributes(tokens *nethtml.Tokenizer) map[string]string {
	attrs := map[string]string{}
	for {
		key, value, more := tokens.TagAttr()
		if _, twice := attrs[string(key)]; !twice {
			attrs[string(key)] = string(value)
		}
		if !more {
			return attrs
		}
	}
}

// ornament is the size, in pixels, below which a picture is none: counting
// pixels, smileys, icons.
const ornament = 48

func sources(img map[string]string) []string {
	for _, size := range []string{img["width"], img["height"]} {
		if n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(size), "px")); err == nil && n < ornament {
			return nil
		}
	}
	if smiley.MatchString(img["class"]) {
		return nil
	}
	srcset, _, _ := strings.Cut(strings.TrimSpace(img["srcset"]), " ")
	return []string{img["data-src"], img["data-lazy-src"], img["src"], srcset}
}
