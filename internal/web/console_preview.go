package web

import (
	"context"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/edition"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/subscriber"
)

// previewHTML is the mail itself, for the frame. It is sandboxed by the policy
// of its route. The digest's page shows no frame for a digest that is not complete.
func (c console) previewHTML(ec echo.Context) error {
	html, _, err := c.preview(ec)
	if mendable(err) {
		return ec.String(http.StatusUnprocessableEntity, fault.Message(err)+"\n")
	}
	if err != nil {
		return err
	}
	return ec.HTML(http.StatusOK, linksOutside(html))
}

// linksOutside has a mail's links open in a window of their own: other sites do
// not let themselves be framed, nor does our policy let them.
func linksOutside(html string) string {
	const head, base = "<head>", `<base target="_blank">`
	if strings.Contains(html, head) {
		return strings.Replace(html, head, head+base, 1)
	}
	return base + html
}

// previewText is its plain text part.
func (c console) previewText(ec echo.Context) error {
	_, text, err := c.preview(ec)
	if mendable(err) {
		return ec.String(http.StatusUnprocessableEntity, fault.Message(err)+"\n")
	}
	if err != nil {
		return err
	}
	return ec.String(http.StatusOK, text)
}

// preview renders the digest as somebody who chose every topic will get it.
func (c console) preview(ec echo.Context) (html, text string, err error) {
	id, err := pathID(ec, "id")
	if err != nil {
		return "", "", err
	}
	s, hash, err := c.draftOf(ec.Request().Context(), id)
	if err != nil {
		return "", "", err
	}
	e, err := c.editions.Edition(s, hash, edition.Key{Topics: s.Topics(), Language: subscriber.DefaultLanguage})
	if err != nil {
		return "", "", err
	}
	html, text = e.Fill(edition.Values{Leave: c.Site.Home(), Preferences: c.Site.Home()})
	return html, text, nil
}

// draftOf is what would be sent: what was approved, or else the digest as it
// stands. One that nobody could read yet is a fault.Invalid.
func (c console) draftOf(ctx context.Context, id int64) (digest.Snapshot, string, error) {
	d, err := c.store.Digest(ctx, id)
	if err != nil {
		return digest.Snapshot{}, "", err
	}
	if d.Hash != "" {
		return c.store.Snapshot(ctx, id)
	}
	topics, err := c.store.Topics(ctx)
	if err != nil {
		return digest.Snapshot{}, "", err
	}
	s, err := d.Freeze(topics, d.Day(c.Now()), c.editions.Bundle())
	return s, digest.HashOf(s.Encode()), err
}
