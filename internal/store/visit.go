package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"

	"github.com/collabpulse/weekly/internal/source"
	"github.com/collabpulse/weekly/internal/spotlight"
	"github.com/collabpulse/weekly/internal/story"
)

// maxError is how much is kept of what went wrong with a feed, in characters.
const maxError = 500

// RecordVisit keeps what one look at a feed brought, all of it or nothing, and
// returns how many stories and spotlights were new. guids are the feed's own ids
// for the spotlights, in their order; its link, or else its words, stand in for
// one that is missing.
//
// A story is known by its canonical link or by the feed's id for it. Of a known
// one the feed it came from may bring the summary, likes and comments up to date;
// an editor's choices stay. A feed that was removed meanwhile is a
// fault.NotFound, and nothing is kept.
func (s *Store) RecordVisit(ctx context.Context, id int64, v source.Visit, stories []story.Story, spotlights []spotlight.Spotlight, guids []string) (added int, err error) {
	err = s.update(ctx, "record visit", func(t *tx) error {
		if err := t.visited(ctx, id, v); err != nil {
			return err
		}
		fresh, err := t.gatherStories(ctx, id, stories)
		if err != nil {
			return err
		}
		features, err := t.gatherSpotlights(ctx, id, spotlights, guids)
		added = fresh + features
		return err
	})
	if err != nil {
		return 0, err
	}
	return added, nil
}

// visited notes how the look went. An unchanged feed need not repeat its
// validators (RFC 9110 §15.4.5), so those it gave last stay.
func (t *tx) visited(ctx context.Context, id int64, v source.Visit) error {
	if v.Error != "" {
		return t.one(ctx, noSource, "UPDATE sources SET fetched_at = $1, due_at = $2, failures = failures + 1, error = $3 WHERE id = $4",
			millis(v.At), millis(v.Next), clipped(v.Error, maxError), id)
	}
	err := t.one(ctx, noSource, "UPDATE sources SET fetched_at = $1, succeeded_at = $1, due_at = $2, failures = 0, error = '' WHERE id = $3",
		millis(v.At), millis(v.Next), id)
	if err != nil || v.Unchanged {
		return err
	}
	return t.one(ctx, noSource, "UPDATE sources SET title = COALESCE(NULLIF($1, ''), title), etag = $2, last_modified = $3 WHERE id = $4",
		clipped(v.Title, story.MaxTitle), storable(v.Validators.ETag), storable(v.Validators.LastModified), id)
}

// gatherStories adds and refreshes stories, the oldest first, so that the newest
// has the highest id, and two feeds that carry the same stories at the same
// moment meet them in the same order and never wait for each other in a circle.
func (t *tx) gatherStories(ctx context.Context, from int64, stories []story.Story) (added int, err error) {
	inOrder := slices.SortedStableFunc(slices.Values(stories), func(a, b story.Story) int {
		return cmp.Or(a.Published.Compare(b.Published), cmp.Compare(a.Link, b.Link))
	})
	for _, st := range inOrder {
		st.Source = from
		known, err := t.refreshStory(ctx, st)
		if err != nil {
			return added, err
		}
		if known {
			continue
		}
		if _, err = t.insertStory(ctx, st); err == nil {
			added++
		} else if !errors.Is(err, sql.ErrNoRows) {
			return added, err
		}
	}
	return added, nil
}

// refreshStory reports whether a story is known, and brings it up to date.
func (t *tx) refreshStory(ctx context.Context, st story.Story) (known bool, err error) {
	var now story.Story
	err = t.QueryRowContext(ctx, `SELECT id, COALESCE(source_id, 0), summary, likes, comments FROM stories WHERE link = $1
		UNION ALL
		SELECT id, source_id, summary, likes, comments FROM stories WHERE source_id = $2 AND guid = $3 AND guid <> ''
		LIMIT 1`, storable(st.Link), st.Source, storable(st.GUID)).Scan(&now.ID, &now.Source, &now.Summary, &now.Likes, &now.Comments)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	summary := cmp.Or(storable(st.Summary), now.Summary)
	same := summary == now.Summary && st.Likes == now.Likes && st.Comments == now.Comments
	if err != nil || same || now.Source != st.Source {
		return err == nil, err
	}
	_, err = t.ExecContext(ctx, "UPDATE stories SET summary = $1, likes = $2, comments = $3 WHERE id = $4", summary, st.Likes, st.Comments, now.ID)
	return true, err
}

func (t *tx) gatherSpotlights(ctx context.Context, from int64, spotlights []spotlight.Spotlight, guids []string) (added int, err error) {
	for i, sp := range spotlights {
		sp.Source = from
		guid := cmp.Or(sp.Link, sp.Name+": "+sp.Headline)
		if i < len(guids) && guids[i] != "" {
			guid = guids[i]
		}
		if _, err = t.insertSpotlight(ctx, sp, guid); err == nil {
			added++
		} else if !errors.Is(err, sql.ErrNoRows) {
			return added, err
		}
	}
	return added, nil
}
