package store

import (
	"context"

	"github.com/collabpulse/weekly/internal/spotlight"
)

const noSpotlight = "There is no such spotlight."

// Spotlights lists the newest, hidden and carried ones too.
func (s *Store) Spotlights(ctx context.Context, limit int) ([]spotlight.Spotlight, error) {
	all, err := list(ctx, s.read, scanSpotlight, selectSpotlight+" ORDER BY sp.created_at DESC, sp.id DESC LIMIT $1", pageOf(limit))
	return all, wrap("spotlights", err)
}

// Spotlight reads one; an unknown id is a fault.NotFound.
func (s *Store) Spotlight(ctx context.Context, id int64) (spotlight.Spotlight, error) {
	one, err := scanSpotlight(s.read.QueryRowContext(ctx, selectSpotlight+" WHERE sp.id = $1", id))
	return one, wrap("spotlight", noRows(err, noSpotlight))
}

// SaveSpotlight adds a spotlight, or when it has an id writes its pillar and texts
// anew. Texts that break a rule are a fault.Invalid on their field, an unknown id
// a fault.NotFound.
func (s *Store) SaveSpotlight(ctx context.Context, sp spotlight.Spotlight) (id int64, err error) {
	if err := sp.Check(); err != nil {
		return 0, err
	}
	err = s.update(ctx, "save spotlight", func(t *tx) error {
		if id = sp.ID; id == 0 {
			id, err = t.insertSpotlight(ctx, sp, "")
			return err
		}
		return t.one(ctx, noSpotlight, "UPDATE spotlights SET pillar = $1, name = $2, headline = $3, body = $4, link = $5, picture = $6 WHERE id = $7",
			int(sp.Pillar), storable(sp.Name), storable(sp.Headline), storable(sp.Body), storable(sp.Link), storable(sp.Picture), id)
	})
	if err != nil {
		return 0, err
	}
	return id, nil
}

// HideSpotlight keeps a spotlight from being offered, or offers it again. An
// unknown id is a fault.NotFound.
func (s *Store) HideSpotlight(ctx context.Context, id int64, hidden bool) error {
	return s.update(ctx, "hide spotlight", func(t *tx) error {
		return t.one(ctx, noSpotlight, "UPDATE spotlights SET hidden = $1 WHERE id = $2", hidden, id)
	})
}

// selectSpotlight reads what scanSpotlight scans; spotlights are "sp".
const selectSpotlight = "SELECT " + spotlightColumns + " FROM spotlights sp"

const spotlightColumns = `sp.id, sp.pillar, sp.name, sp.headline, sp.body, sp.link, sp.picture,
	COALESCE(sp.source_id, 0), sp.created_at, COALESCE(sp.carried_by, 0), sp.hidden`

func scanSpotlight(row scanner) (spotlight.Spotlight, error) {
	var sp spotlight.Spotlight
	var created int64
	err := row.Scan(&sp.ID, &sp.Pillar, &sp.Name, &sp.Headline, &sp.Body, &sp.Link, &sp.Picture, &sp.Source, &created, &sp.Carried, &sp.Hidden)
	sp.Created = instant(created)
	return sp, err
}

// insertSpotlight adds a spotlight unless its source has given it already: then it
// returns sql.ErrNoRows.
func (t *tx) insertSpotlight(ctx context.Context, sp spotlight.Spotlight, guid string) (id int64, err error) {
	err = t.QueryRowContext(ctx, `INSERT INTO spotlights (pillar, name, headline, body, link, picture, source_id, guid, hidden, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING RETURNING id`,
		int(sp.Pillar), storable(sp.Name), storable(sp.Headline), storable(sp.Body), storable(sp.Link), storable(sp.Picture),
		nullable(sp.Source), storable(guid), sp.Hidden, t.orNow(sp.Created)).Scan(&id)
	return id, err
}
