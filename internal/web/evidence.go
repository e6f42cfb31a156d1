package web

import (
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"
	"golang.org/x/text/language"

	"github.com/collabpulse/weekly/internal/consent"
	"github.com/collabpulse/weekly/internal/subscriber"
)

// maxUserAgent is how much of a browser's own description is kept, in characters.
const maxUserAgent = 200

// evidence is what is kept of the circumstances of a reader's action.
func (s *Server) evidence(c echo.Context, page string) subscriber.Evidence {
	return subscriber.Evidence{
		Network:   c.RealIP(),
		UserAgent: clip(strings.ToValidUTF8(c.Request().UserAgent(), "?"), maxUserAgent),
		Page:      page,
		Wording:   consent.Wording,
	}
}

// formPage says where a sign-up form stood: "embed" when it says so itself or
// the browser says that another site's page sent it, otherwise "form".
func (s *Server) formPage(c echo.Context) string {
	if c.Request().PostFormValue("page") == "embed" || s.foreign(c) {
		return "embed"
	}
	return "form"
}

func (s *Server) foreign(c echo.Context) bool {
	h := c.Request().Header
	switch h.Get("Sec-Fetch-Site") {
	case "cross-site", "same-site":
		return true
	case "same-origin", "none":
		return false
	}
	origin, err := url.Parse(h.Get(echo.HeaderOrigin))
	return err == nil && origin.Host != "" && origin.Host != s.base.Host && origin.Host != c.Request().Host
}

// frameLanguage is the language a reader's digest speaks: what the form says,
// else what the browser prefers. Regions are dropped, because each language is an
// edition of its own to render.
func frameLanguage(c echo.Context) string {
	if tag, err := language.Parse(c.Request().PostFormValue("language")); err == nil {
		return baseOf(tag)
	}
	tags, _, err := language.ParseAcceptLanguage(c.Request().Header.Get("Accept-Language"))
	if err != nil || len(tags) == 0 {
		return subscriber.DefaultLanguage
	}
	return baseOf(tags[0])
}

func baseOf(tag language.Tag) string {
	base, confidence := tag.Base()
	if confidence == language.No || tag.IsRoot() || base.String() == "mul" { // "*" is read as "many languages"
		return subscriber.DefaultLanguage
	}
	return base.String()
}

// frameTimezone is the zone the form's script filled in. A reader cannot see or
// mend it, so one that makes no sense counts as none.
func frameTimezone(c echo.Context) string {
	zone, err := subscriber.ParseTimezone(c.Request().PostFormValue("timezone"))
	if err != nil {
		return ""
	}
	return zone
}

func clip(text string, limit int) string {
	if r := []rune(text); len(r) > limit {
		return string(r[:limit])
	}
	return text
}
