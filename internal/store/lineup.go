package store

import (
	"context"

	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/spotlight"
	"github.com/collabpulse/weekly/internal/story"
)

// lineUp reads the stories and spotlights of a digest in order. What was hidden
// since is offered, never included: hiding something is to keep it out of every
// mail not yet approved.
func lineUp(ctx context.Context, q querier, digestID int64) (l digest.LineUp, err error) {
	l.Places, err = list(ctx, q, scanPlace, "SELECT "+storyColumns+`, ds.position, ds.included
		FROM digest_stories ds JOIN stories st ON st.id = ds.story_id LEFT JOIN sources so ON so.id = st.source_id
		WHERE ds.digest_id = $1 ORDER BY ds.position, st.id`, digestID)
	if err != nil {
		return l, err
	}
	l.Features, err = list(ctx, q, scanFeature, "SELECT "+spotlightColumns+`, ds.included
		FROM digest_spotlights ds JOIN spotlights sp ON sp.id = ds.spotlight_id
		WHERE ds.digest_id = $1 ORDER BY sp.pillar, ds.position, sp.id`, digestID)
	return l, err
}

func scanPlace(row scanner) (p digest.Place, err error) {
	p.Story, err = scanStory(wider{row, []any{&p.Position, &p.Included}})
	p.Included = p.Included && !p.Story.Hidden
	return p, err
}

func scanFeature(row scanner) (f digest.Feature, err error) {
	f.Spotlight, err = scanSpotlight(wider{row, []any{&f.Included}})
	f.Included = f.Included && !f.Spotlight.Hidden
	return f, err
}

// spokenFor: what an approved digest includes, or one that was launched and not
// cancelled, is not offered to another.
const spokenFor = "ds.included AND d.state IN ({digest approved}, {digest sending}, {digest sent}, {digest paused})"

// freshStories are those that appeared in the window, are not spoken for, and were
// not offered by a digest that went out: what its editor did not choose does not
// come back by itself.
func (t *tx) freshStories(ctx context.Context, w digest.Window) ([]story.Story, error) {
	return list(ctx, t, scanStory, selectFresh, millis(w.From), millis(w.To))
}

var selectFresh = inNumbers(selectStory + ` WHERE st.appeared_at > $1 AND st.appeared_at <= $2 AND NOT st.hidden
	AND NOT EXISTS (SELECT 1 FROM digest_stories ds JOIN digests d ON d.id = ds.digest_id
		WHERE ds.story_id = st.id AND (` + spokenFor + ` OR d.launched_at > 0 AND d.state <> {digest cancelled}))`)

// waitingSpotlights are those that nobody has carried and that are not spoken for.
func (t *tx) waitingSpotlights(ctx context.Context) ([]spotlight.Spotlight, error) {
	return list(ctx, t, scanSpotlight, selectWaiting)
}

var selectWaiting = inNumbers(selectSpotlight + ` WHERE sp.carried_by IS NULL AND NOT sp.hidden
	AND NOT EXISTS (SELECT 1 FROM digest_spotlights ds JOIN digests d ON d.id = ds.digest_id
		WHERE ds.spotlight_id = sp.id AND ` + spokenFor + `)`)

func (t *tx) insertLineUp(ctx context.Context, digestID int64, l digest.LineUp) error {
	for _, p := range l.Places {
		if err := t.insertPlace(ctx, digestID, p.Story.ID, p.Position, p.Included); err != nil {
			return err
		}
	}
	for i, f := range l.Features {
		if err := t.insertFeature(ctx, digestID, f.Spotlight.ID, i+1); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) insertPlace(ctx context.Context, digestID, storyID int64, position int, included bool) error {
	_, err := t.ExecContext(ctx, "INSERT INTO digest_stories (digest_id, story_id, position, included) VALUES ($1, $2, $3, $4)",
		digestID, storyID, position, included)
	return err
}

func (t *tx) insertFeature(ctx context.Context, digestID, spotlightID int64, position int) error {
	_, err := t.ExecContext(ctx, "INSERT INTO digest_spotlights (digest_id, spotlight_id, position, included) VALUES ($1, $2, $3, TRUE)",
		digestID, spotlightID, position)
	return err
}
