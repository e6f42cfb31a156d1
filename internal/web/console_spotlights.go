package web

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/collabpulse/weekly/internal/spotlight"
	"github.com/collabpulse/weekly/internal/story"
)

// SpotlightList is the features on people in the community.
type SpotlightList interface {
	Spotlights(ctx context.Context, limit int) ([]spotlight.Spotlight, error) // newest first
	Spotlight(ctx context.Context, id int64) (spotlight.Spotlight, error)     // fault.NotFound
	// SaveSpotlight writes a new one when its ID is 0.
	SaveSpotlight(ctx context.Context, s spotlight.Spotlight) (int64, error)
	HideSpotlight(ctx context.Context, id int64, hidden bool) error
}

const spotlightsPage = "/console/spotlights"

// spotlightsShown is how many spotlights the page lists over all pillars.
const spotlightsShown = 200

// spotlightsView is the list by pillar, with the form to write one.
type spotlightsView struct {
	Done    string
	Form    entry
	Pillars []pillar
}

// Blank is the form for a new one.
func (v spotlightsView) Blank() spotlightView {
	return spotlightView{Form: v.Form, Pillars: spotlight.Pillars()}
}

// pillar is one kind of spotlight, those that wait before those that were carried.
type pillar struct {
	spotlight.Pillar
	Waiting, Carried []spotlight.Spotlight
}

func (c console) spotlights(ec echo.Context) error {
	return c.showSpotlights(ec, http.StatusOK, entry{})
}

func (c console) showSpotlights(ec echo.Context, status int, form entry) error {
	all, err := c.store.Spotlights(ec.Request().Context(), spotlightsShown)
	if err != nil {
		return err
	}
	return c.page(ec, status, "console/spotlights", spotlightsView{Done: said(ec), Form: form, Pillars: byPillar(all)})
}

func byPillar(all []spotlight.Spotlight) []pillar {
	var list []pillar
	for _, kind := range spotlight.Pillars() {
		p := pillar{Pillar: kind}
		for _, s := range all {
			switch {
			case s.Pillar != kind:
			case s.Carried != 0:
				p.Carried = append(p.Carried, s)
			default:
				p.Waiting = append(p.Waiting, s)
			}
		}
		list = append(list, p)
	}
	return list
}

// writeSpotlight takes a new one.
func (c console) writeSpotlight(ec echo.Context) error {
	form, err := readEntry(ec)
	if err != nil {
		return err
	}
	err = c.keepSpotlight(ec.Request().Context(), spotlight.Spotlight{Created: c.Now()}, form)
	if mendable(err) {
		return c.showSpotlights(ec, describe(err).Status, form.wrong(err))
	}
	if err != nil {
		return err
	}
	return done(ec, spotlightsPage, "spotlight-saved")
}

// spotlightView is the page to edit one.
type spotlightView struct {
	Form      entry
	Spotlight spotlight.Spotlight
	Pillars   []spotlight.Pillar
}

func (c console) editSpotlight(ec echo.Context) error {
	s, err := c.findSpotlight(ec)
	if err != nil {
		return err
	}
	return c.page(ec, http.StatusOK, "console/spotlight", spotlightView{Spotlight: s, Pillars: spotlight.Pillars()})
}

// saveSpotlight keeps what was changed.
func (c console) saveSpotlight(ec echo.Context) error {
	s, err := c.findSpotlight(ec)
	if err != nil {
		return err
	}
	form, err := readEntry(ec)
	if err != nil {
		return err
	}
	err = c.keepSpotlight(ec.Request().Context(), s, form)
	if mendable(err) {
		view := spotlightView{Form: form.wrong(err), Spotlight: s, Pillars: spotlight.Pillars()}
		return c.page(ec, describe(err).Status, "console/spotlight", view)
	}
	if err != nil {
		return err
	}
	return done(ec, spotlightsPage, "spotlight-saved")
}

func (c console) findSpotlight(ec echo.Context) (spotlight.Spotlight, error) {
	id, err := pathID(ec, "id")
	if err != nil {
		return spotlight.Spotlight{}, err
	}
	return c.store.Spotlight(ec.Request().Context(), id)
}

// keepSpotlight writes the form over a spotlight and saves it.
func (c console) keepSpotlight(ctx context.Context, s spotlight.Spotlight, form entry) (err error) {
	if s.Pillar, err = spotlight.ParsePillar(form.Value("pillar")); err != nil {
		return err
	}
	if s.Link, err = readLink(form); err != nil {
		return err
	}
	if s.Picture, err = readPicture(form); err != nil {
		return err
	}
	s.Name, s.Headline, s.Body = form.Value("name"), form.Value("headline"), form.Value("body")
	if err := s.Check(); err != nil {
		return err
	}
	_, err = c.store.SaveSpotlight(ctx, s)
	return err
}

// readLink is where a spotlight leads, which may be left out.
func readLink(form entry) (string, error) {
	typed := form.Value("link")
	if typed == "" {
		return "", nil
	}
	return story.Canonical(typed, nil)
}

func (c console) hideSpotlight(ec echo.Context) error { return c.showOrHide(ec, true) }

func (c console) showSpotlight(ec echo.Context) error { return c.showOrHide(ec, false) }

func (c console) showOrHide(ec echo.Context, hidden bool) error {
	id, err := pathID(ec, "id")
	if err != nil {
		return err
	}
	if err := c.store.HideSpotlight(ec.Request().Context(), id, hidden); err != nil {
		return err
	}
	if hidden {
		return done(ec, spotlightsPage, "spotlight-hidden")
	}
	return done(ec, spotlightsPage, "spotlight-shown")
}
