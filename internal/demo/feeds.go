package demo

import (
	"encoding/json"
	"encoding/xml"
	"html/template"
	"strconv"
	"strings"
	"time"
)

// feed writes a blog in its own format: RSS 2.0, Atom (RFC 4287) or JSON Feed 1.1.
func feed(b Blog, origin string) (contentType string, body []byte, err error) {
	switch b.Format {
	case "atom":
		body, err = xml.MarshalIndent(atomFeed(b, origin), "", "  ")
		return "application/atom+xml; charset=utf-8", withProlog(body), err
	case "json":
		body, err = json.MarshalIndent(jsonFeed(b, origin), "", "  ")
		return "application/feed+json; charset=utf-8", body, err
	default:
		body, err = xml.MarshalIndent(rssFeed(b, origin), "", "  ")
		return "application/rss+xml; charset=utf-8", withProlog(body), err
	}
}

func withProlog(body []byte) []byte { return append([]byte(xml.Header), body...) }

func storyURL(origin string, s Story) string   { return origin + "/stories/" + s.Slug }
func pictureURL(origin string, s Story) string { return origin + "/pictures/" + s.Slug + ".png" }

func html(s Story) string {
	var b strings.Builder
	for _, p := range s.Body {
		b.WriteString("<p>" + template.HTMLEscapeString(p) + "</p>\n")
	}
	return b.String()
}

// category marks a spotlight the way gathering looks for it.
func category(s Story) []string {
	if s.Pillar == "" {
		return nil
	}
	return []string{"spotlight:" + s.Pillar}
}

type rss struct {
	XMLName xml.Name   `xml:"rss"`
	Version string     `xml:"version,attr"`
	DC      string     `xml:"xmlns:dc,attr"`
	Media   string     `xml:"xmlns:media,attr"`
	Slash   string     `xml:"xmlns:slash,attr"`
	Channel rssChannel `xml:"channel"`
}

type rssChannel struct {
	Title       string    `xml:"title"`
	Link        string    `xml:"link"`
	Description string    `xml:"description"`
	Language    string    `xml:"language"`
	Items       []rssItem `xml:"item"`
}

type rssItem struct {
	Title       string   `xml:"title"`
	Link        string   `xml:"link"`
	GUID        string   `xml:"guid"`
	Description string   `xml:"description"`
	Creator     string   `xml:"dc:creator"`
	Date        string   `xml:"pubDate"`
	Categories  []string `xml:"category"`
	Comments    string   `xml:"slash:comments,omitempty"`
	Picture     rssMedia `xml:"media:content"`
}

type rssMedia struct {
	URL    string `xml:"url,attr"`
	Medium string `xml:"medium,attr"`
}

func rssFeed(b Blog, origin string) rss {
	f := rss{Version: "2.0", DC: "http://purl.org/dc/elements/1.1/", Media: "http://search.yahoo.com/mrss/",
		Slash:   "http://purl.org/rss/1.0/modules/slash/",
		Channel: rssChannel{Title: b.Title, Link: origin + "/blogs/" + b.Slug, Description: b.About, Language: "en"}}
	for _, s := range b.Stories {
		item := rssItem{Title: s.Title, Link: storyURL(origin, s), GUID: storyURL(origin, s), Description: s.Summary,
			Creator: s.Author, Date: s.Published.UTC().Format(time.RFC1123Z), Categories: category(s),
			Picture: rssMedia{URL: pictureURL(origin, s), Medium: "image"}}
		if s.Comments > 0 {
			item.Comments = strconv.Itoa(s.Comments)
		}
		f.Channel.Items = append(f.Channel.Items, item)
	}
	return f
}

type atom struct {
	XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	Lang    string      `xml:"xml:lang,attr"`
	Title   string      `xml:"title"`
	ID      string      `xml:"id"`
	Updated string      `xml:"updated"`
	Links   []atomLink  `xml:"link"`
	Entries []atomEntry `xml:"entry"`
}

type atomLink struct {
	Rel  string `xml:"rel,attr"`
	Href string `xml:"href,attr"`
	Type string `xml:"type,attr,omitempty"`
}

type atomEntry struct {
	Title      string         `xml:"title"`
	ID         string         `xml:"id"`
	Links      []atomLink     `xml:"link"`
	Published  string         `xml:"published"`
	Updated    string         `xml:"updated"`
	Author     string         `xml:"author>name"`
	Summary    string         `xml:"summary"`
	Content    atomContent    `xml:"content"`
	Categories []atomCategory `xml:"category"`
}

type atomContent struct {
	Type string `xml:"type,attr"`
	Text string `xml:",chardata"`
}

type atomCategory struct {
	Term string `xml:"term,attr"`
}

func atomFeed(b Blog, origin string) atom {
	f := atom{Lang: "en", Title: b.Title, ID: origin + "/blogs/" + b.Slug,
		Links: []atomLink{{Rel: "alternate", Href: origin + "/blogs/" + b.Slug}, {Rel: "self", Href: origin + "/blogs/" + b.Slug + "/feed"}}}
	for _, s := range b.Stories {
		date := s.Published.UTC().Format(time.RFC3339)
		e := atomEntry{Title: s.Title, ID: storyURL(origin, s), Published: date, Updated: date, Author: s.Author, Summary: s.Summary,
			Links:   []atomLink{{Rel: "alternate", Href: storyURL(origin, s), Type: "text/html"}, {Rel: "enclosure", Href: pictureURL(origin, s), Type: "image/png"}},
			Content: atomContent{Type: "html", Text: html(s)}}
		for _, c := range category(s) {
			e.Categories = append(e.Categories, atomCategory{Term: c})
		}
		f.Entries = append(f.Entries, e)
		f.Updated = max(f.Updated, date)
	}
	return f
}

func jsonFeed(b Blog, origin string) map[string]any {
	items := make([]map[string]any, 0, len(b.Stories))
	for _, s := range b.Stories {
		items = append(items, map[string]any{
			"id": storyURL(origin, s), "url": storyURL(origin, s), "title": s.Title, "summary": s.Summary,
			"content_html": html(s), "image": pictureURL(origin, s), "tags": category(s),
			"date_published": s.Published.UTC().Format(time.RFC3339), "authors": []map[string]string{{"name": s.Author}},
		})
	}
	return map[string]any{
		"version": "https://jsonfeed.org/version/1.1", "title": b.Title, "home_page_url": origin + "/blogs/" + b.Slug,
		"feed_url": origin + "/blogs/" + b.Slug + "/feed", "description": b.About, "language": "en", "items": items,
	}
}
