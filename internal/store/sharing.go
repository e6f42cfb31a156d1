package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/fault"
)

// approveAlone holds every digest that could be approved until the transaction
// ends: of two approvals at once the second sees what the first one took.
func (t *tx) approveAlone(ctx context.Context) error {
	_, err := list(ctx, t, scanID, "SELECT id FROM digests WHERE state IN ($1, $2) ORDER BY id"+t.store.dialect.forUpdate,
		int(digest.Draft), int(digest.Held))
	return err
}

// sharesNothing makes sure that no other digest that is approved or out includes
// what this one does, but for those of its own line of corrections; otherwise it is a fault.Conflict that names the first story
// or spotlight and the other digest.
func (t *tx) sharesNothing(ctx context.Context, id int64) error {
	var title string
	var other int64
	var state digest.State
	err := t.QueryRowContext(ctx, selectShared, id).Scan(&title, &other, &state)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	from := "this one"
	if state == digest.Approved {
		from = "one of them"
	}
	return fault.New(fault.Conflict, "“%s” is already in digest %d, which is %s; take it out of %s.", title, other, state, from)
}

// selectShared takes: $1 the digest.
var selectShared = inNumbers(`SELECT title, other, state FROM (
		SELECT 1 AS part, mine.position, st.title, d.id AS other, d.state
			FROM digest_stories mine JOIN stories st ON st.id = mine.story_id AND NOT st.hidden
			JOIN digest_stories ds ON ds.story_id = mine.story_id AND ds.digest_id <> mine.digest_id JOIN digests d ON d.id = ds.digest_id
			WHERE mine.digest_id = $1 AND mine.included AND ` + spokenFor + ` AND NOT ` + kin + `
		UNION ALL SELECT 2, mine.position, sp.headline, d.id, d.state
			FROM digest_spotlights mine JOIN spotlights sp ON sp.id = mine.spotlight_id AND NOT sp.hidden
			JOIN digest_spotlights ds ON ds.spotlight_id = mine.spotlight_id AND ds.digest_id <> mine.digest_id JOIN digests d ON d.id = ds.digest_id
			WHERE mine.digest_id = $1 AND mine.included AND ` + spokenFor + ` AND NOT ` + kin + `
	) AS shared ORDER BY part, position, other LIMIT 1`)
