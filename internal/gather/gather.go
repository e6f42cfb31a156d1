// Package gather turns feeds into stories: it fetches a source politely, reads
// RSS, Atom or JSON Feed, cleans every text and resolves every link, and hands
// the store what it found.
//
// # One visit
//
// A visit fetches one source with a conditional request, parses the answer,
// makes of each entry a story (or a spotlight, when the entry asks to be one),
// leaves out what the same feed says twice, and records the outcome with the
// time of the next visit. A feed that is away, broken or hostile is not an error
// of the job: it is a sentence an editor reads beside the source, and a later
// next visit. Only the store's own errors, and being told to stop, are errors.
//
// # What comes from outside is hostile until cleaned
//
// The client refuses private addresses at the moment of dialling, so neither a
// redirect nor a name that changes its address reaches the inside. Sizes, times
// and redirects are bounded. A document is surveyed before gofeed parses it,
// because a few kilobytes are enough to keep that parser busy for hours (see
// survey.go for the cases and their figures). Out come plain text without
// markup, control characters or direction overrides, and absolute http(s)
// addresses; everything downstream relies on that.
//
// # What becomes of an entry
//
// The link is the first of these that is a usable address: the link before a
// feed proxy rewrote it, the entry's own link, its other links, its id when that
// is an address and not marked as none. An entry without one is passed over and
// counted. A title that is missing is the start of the summary; the summary is
// the description, else the beginning of the content. An entry in the category
// "spotlight:" and a pillar's slug becomes a Spotlight: its name is the entry's
// author (the title when there is none), its headline the title, its body the
// same text as a summary but longer, with its paragraphs; a link is welcome
// there and not required.
package gather

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"github.com/collabpulse/weekly/internal/source"
	"github.com/collabpulse/weekly/internal/spotlight"
	"github.com/collabpulse/weekly/internal/story"
)

// Store is what a visit needs to know and to tell.
type Store interface {
	// Source is the source with that id, or a fault.NotFound.
	Source(ctx context.Context, id int64) (source.Source, error)
	// RecordVisit keeps the outcome of a visit and what it found; guids are
	// parallel to spotlights. It returns how many stories and spotlights were new.
	RecordVisit(ctx context.Context, id int64, v source.Visit, stories []story.Story, spotlights []spotlight.Spotlight, guids []string) (added int, err error)
}

// Gatherer visits sources. It is safe for concurrent use.
type Gatherer struct {
	client *Client
	store  Store
	now    func() time.Time
	log    *slog.Logger
}

// New makes a gatherer that fetches with client and keeps what it finds in store.
func New(client *Client, store Store, now func() time.Time, log *slog.Logger) *Gatherer {
	return &Gatherer{client: client, store: store, now: now, log: log}
}

// Report says what one visit came to.
type Report struct {
	Source     int64
	Unchanged  bool   // the server said that nothing changed since the last visit
	Entries    int    // entries the feed holds
	Stories    int    // stories among them
	Spotlights int    // spotlights among them
	PassedOver int    // entries without a usable link
	Added      int    // stories and spotlights that were new to us
	Failure    string // why the feed could not be read, "" when it could
}

// Gather visits one source. A source that is not active is left alone. The error
// is the store's, or the context's when it ended: then nothing is recorded and
// the visit can simply be made again. Visiting twice adds nothing twice.
func (g *Gatherer) Gather(ctx context.Context, id int64) (Report, error) {
	src, err := g.store.Source(ctx, id)
	if err != nil {
		return Report{}, err
	}
	if !src.Active {
		return Report{Source: id}, nil
	}
	now := g.now()
	found, visit := g.look(ctx, src, now)
	if err := ctx.Err(); err != nil {
		return Report{}, err
	}
	found.stamp(src, now)
	added, err := g.store.RecordVisit(ctx, id, visit, found.stories, found.spotlights, found.guids)
	if err != nil {
		return Report{}, err
	}
	report := Report{
		Source: id, Unchanged: visit.Unchanged, Entries: found.entries, PassedOver: found.passedOver,
		Stories: len(found.stories), Spotlights: len(found.spotlights), Added: added, Failure: visit.Error,
	}
	g.tell(ctx, report)
	return report, nil
}

// look fetches and parses; a failure is told in the visit.
func (g *Gatherer) look(ctx context.Context, src source.Source, now time.Time) (harvest, source.Visit) {
	visit := source.Visit{At: now, Title: src.Title, Validators: src.Validators, Next: source.NextVisit(now, 0)}
	page, err := g.client.Fetch(ctx, src.URL, src.Validators)
	if err != nil {
		return harvest{}, failed(visit, src, err)
	}
	if page.Unchanged {
		visit.Unchanged, visit.Validators = true, page.Validators
		return harvest{}, visit
	}
	found, err := parse(page, g.client.private)
	if err != nil {
		return harvest{}, failed(visit, src, err)
	}
	visit.Title = cmp.Or(found.title, src.Title, page.URL.Hostname())
	visit.Validators = page.Validators
	return found, visit
}

// failed keeps the validators of the last good answer, so that a feed which is
// mended later is fetched whole.
func failed(visit source.Visit, src source.Source, err error) source.Visit {
	visit.Error = sentence(err)
	visit.Next = source.NextVisit(visit.At, src.Failures+1)
	if asked := visit.At.Add(retryAfter(err, visit.At)); asked.After(visit.Next) {
		visit.Next = asked
	}
	return visit
}

func (g *Gatherer) tell(ctx context.Context, r Report) {
	if r.Failure != "" {
		g.log.WarnContext(ctx, "source could not be read", "source", r.Source, "reason", r.Failure)
		return
	}
	g.log.InfoContext(ctx, "source visited", "source", r.Source, "unchanged", r.Unchanged,
		"entries", r.Entries, "passed_over", r.PassedOver, "added", r.Added)
}
