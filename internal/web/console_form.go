package web

import (
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/collabpulse/weekly/internal/fault"
)

// entry is a form as somebody filled it in, with what is wrong with it. The zero
// value is a form nobody has touched. It is what keeps typed words alive when an
// action fails.
type entry struct {
	values  url.Values
	Field   string // the field that is wrong, "" when it is not about one
	Message string // what is wrong, "" when nothing is
}

// readEntry reads the body of the request.
func readEntry(ec echo.Context) (entry, error) {
	if err := readForm(ec); err != nil {
		return entry{}, err
	}
	return entry{values: ec.Request().PostForm}, nil
}

// Value is what was typed into a field, without space around it.
func (e entry) Value(name string) string {
	return strings.TrimSpace(e.Or(name, ""))
}

// Or is what was typed into a field, or what it holds when nobody has typed.
// Forms end lines with CR LF, whatever was typed (HTML §4.10.22.4).
func (e entry) Or(name, saved string) string {
	if e.values.Has(name) {
		return strings.ReplaceAll(e.values.Get(name), "\r\n", "\n")
	}
	return saved
}

// Length is how many characters a field holds.
func (e entry) Length(name, saved string) int { return utf8.RuneCountInString(e.Or(name, saved)) }

// Error is what is wrong with a field.
func (e entry) Error(name string) string {
	if e.Field != name {
		return ""
	}
	return e.Message
}

// Problem is what is wrong with the form as a whole.
func (e entry) Problem() string {
	if e.Field == "" {
		return e.Message
	}
	return ""
}

// wrong is the form with what a fault says about it.
func (e entry) wrong(err error) entry {
	e.Field, e.Message = describe(err).Field, fault.Message(err)
	return e
}

// mendable reports whether whoever sent a form can do something about the error,
// so that they should see the form again and not an error page.
func mendable(err error) bool {
	return fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) || fault.Is(err, fault.Limited)
}

// done sends the browser to a page of the console that says what has just been
// done. A word of deeds travels in the address, so nothing has to be remembered
// between the two requests.
func done(ec echo.Context, page, deed string) error {
	u, err := url.Parse(page)
	if err != nil {
		return err
	}
	query := u.Query()
	query.Set("did", deed)
	u.RawQuery = query.Encode()
	return ec.Redirect(http.StatusSeeOther, u.String())
}

// said is the sentence for the deed in the page's address, "" for none.
func said(ec echo.Context) string { return deeds[ec.QueryParam("did")] }

var deeds = map[string]string{
	"source-added":       "Added. It is being looked at now.",
	"source-removed":     "Removed. Its stories stay in the pool.",
	"source-paused":      "Paused. It is not looked at until you resume it.",
	"source-resumed":     "Resumed. It is being looked at now.",
	"source-looking":     "It is being looked at now; load the page again in a moment.",
	"story-added":        "Added to the pool.",
	"story-hidden":       "Hidden. It will not be offered to a digest.",
	"story-shown":        "Shown again.",
	"story-moved":        "Moved to its new topic.",
	"spotlight-saved":    "Saved.",
	"spotlight-hidden":   "Hidden. It will not be offered to a digest.",
	"spotlight-shown":    "Shown again.",
	"digest-composed":    "Composed from what is new. Shape it, then approve it.",
	"texts-saved":        "Saved.",
	"story-included":     "The story is in.",
	"story-excluded":     "The story is out.",
	"story-up":           "Moved up.",
	"story-down":         "Moved down.",
	"spotlight-included": "The spotlight is in.",
	"spotlight-excluded": "The spotlight is out.",
	"test-sent":          "A test is on its way to your own mailbox.",
	"approved":           "Approved. What you see is what will be sent.",
	"scheduled":          "Scheduled.",
	"scheduled-draft":    "The time is set. It goes out then once it is approved.",
	"scheduled-later":    "Scheduled. The clocks skip the time you chose, so it goes out as soon as they show a time again.",
	"unscheduled":        "Taken off the schedule. It goes out when you send it.",
	"launched":           "It is on its way.",
	"brake-pulled":       "Everything stands still. Messages already handed over cannot be called back.",
	"brake-released":     "Released. What was going out goes on; what you paused yourself stays paused.",
	"paused":             "Paused. Messages already handed over cannot be called back.",
	"resumed":            "Resumed.",
	"cancelled":          "Cancelled.",
	"correction-made":    "This draft corrects it. Mend it, then approve it.",
	"doubts-resend":      "From now on a message in doubt is sent once more.",
	"doubts-leave":       "From now on a message in doubt is left alone.",
	"unknown-resent":     "They are on their way once more.",
	"unknown-accepted":   "They count as sent now.",
}
