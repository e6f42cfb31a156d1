package web

import (
	"context"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/subscriber"
)

// digestView is the page on which a digest is shaped, released and watched.
type digestView struct {
	listed
	Done      string
	Form      entry
	Sections  []section
	Niches    []niche
	Active    int // subscribers who might get it
	Zone      string
	At        string // the proposed time, as a datetime-local field holds it
	Progress  course
	Causes    []cause
	Unsettled int    // copies in doubt that may be sent once more
	Lacking   string // why there is nothing to preview yet, "" when there is
}

// Limits of the texts, for the form to say.
func (digestView) MaxSubject() int   { return digest.MaxSubject }
func (digestView) MaxPreheader() int { return digest.MaxPreheader }
func (digestView) MaxIntro() int     { return digest.MaxIntro }

// May reports whether the digest's state allows an action; the forms for others
// are not shown.
func (v digestView) May(action string) bool {
	return digest.Check(v.State, digest.Action(action)) == nil
}

// Ready reports whether it can be sent as it stands.
func (v digestView) Ready() bool { return v.May("send") && v.Hash != "" }

// Stale reports whether it was paused for so long that resuming asks again.
func (v digestView) Stale() bool { return v.Digest.Stale(v.now) }

// PausedAgo says since when it is paused.
func (v digestView) PausedAgo() string { return ago(v.now, v.Paused) }

// Moved reports whether what is saved differs from what the editor typed into a
// form that could not be saved.
func (v digestView) Moved(name string) string {
	saved := map[string]string{"subject": v.Subject, "preheader": v.Preheader, "intro": v.Intro}[name]
	if v.Form.Problem() == "" || v.Form.Or(name, saved) == saved {
		return ""
	}
	return saved
}

func (c console) digestPage(ec echo.Context) error {
	id, err := pathID(ec, "id")
	if err != nil {
		return err
	}
	return c.showDigest(ec, http.StatusOK, id, entry{})
}

// showDigest shows the digest as it is now, and what somebody typed when that
// could not be kept.
func (c console) showDigest(ec echo.Context, status int, id int64, form entry) error {
	ctx := ec.Request().Context()
	d, err := c.store.Digest(ctx, id)
	if err != nil {
		return err
	}
	row, err := c.listed(ctx, d)
	if err != nil {
		return err
	}
	v := digestView{listed: row, Done: said(ec), Form: form, Zone: c.Schedule.Zone.String()}
	if v.Progress, err = c.courseOf(ctx, row); err != nil {
		return err
	}
	if v.Causes, err = c.causes(ctx, row); err != nil {
		return err
	}
	v.At = c.proposedTime(d)
	topics, err := c.store.Topics(ctx)
	if err != nil {
		return err
	}
	v.Sections = v.sections(topics)
	if _, err := d.Freeze(topics, c.Now(), ""); err != nil && d.Hash == "" {
		v.Lacking = fault.Message(err)
	}
	if v.Unsettled, err = c.unsettled(ctx, row); err != nil {
		return err
	}
	if err := c.surroundings(ctx, &v); err != nil {
		return err
	}
	return c.page(ec, status, "console/digest", v)
}

// surroundings are what the page shows from outside the digest.
func (c console) surroundings(ctx context.Context, v *digestView) error {
	waiting, err := c.store.Spotlights(ctx, spotlightsShown)
	if err != nil {
		return err
	}
	v.Niches = v.niches(waiting)
	counts, err := c.store.CountSubscribers(ctx)
	v.Active = counts[subscriber.Active]
	return err
}

// localTime is how a datetime-local field writes a time (HTML §2.4.5).
const localTime = "2006-01-02T15:04"

// proposedTime is what the schedule form starts with: the time set, or the next slot.
func (c console) proposedTime(d digest.Digest) string {
	at := d.SendAt
	if at.IsZero() {
		at = c.nextSlot(c.Now()).At
	}
	if at.IsZero() {
		return ""
	}
	return at.In(c.Schedule.Zone).Format(localTime)
}

// change does something to the digest in the path and shows its page again: anew
// when it worked, and with what was typed and what is wrong when somebody can
// mend it.
func (c console) change(ec echo.Context, deed, anchor string, verb func(context.Context, int64, entry) error) error {
	return c.decide(ec, func(ctx context.Context, id int64, form entry) (string, string, error) {
		return deed, anchor, verb(ctx, id, form)
	})
}

// decide is change for a verb that says itself what it did.
func (c console) decide(ec echo.Context, verb func(context.Context, int64, entry) (deed, anchor string, err error)) error {
	id, err := pathID(ec, "id")
	if err != nil {
		return err
	}
	form, err := readEntry(ec)
	if err != nil {
		return err
	}
	deed, anchor, err := verb(ec.Request().Context(), id, form)
	if mendable(err) {
		return c.showDigest(ec, describe(err).Status, id, form.wrong(err))
	}
	if err != nil {
		return err
	}
	page := listed{Digest: digest.Digest{ID: id}}.Path()
	if anchor != "" {
		page += "#" + anchor
	}
	return done(ec, page, deed)
}

// version is the edit that a form was made from. One that is no number is no
// version at all, and not 0, which stands for whatever there is.
func (e entry) version() int {
	n, err := strconv.Atoi(e.values.Get("version"))
	if err != nil || n < 1 {
		return -1
	}
	return n
}
