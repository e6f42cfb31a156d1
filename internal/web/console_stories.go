package web

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/story"
	"github.com/collabpulse/weekly/internal/topic"
)

// StoryPool is every story there is. Its actions answer a fault.NotFound for an
// unknown id.
type StoryPool interface {
	Stories(ctx context.Context, p story.Pool) ([]story.Story, error)
	// AddStory answers a fault.Conflict for a link that is in the pool already.
	AddStory(ctx context.Context, s story.Story) (int64, error)
	HideStory(ctx context.Context, id int64, hidden bool) error
	SetStoryTopic(ctx context.Context, id int64, t topic.ID) error
}

const storiesPage = "/console/stories"

// pageLength is how many stories or subscribers one page lists.
const pageLength = 30

// storiesView is one page of the pool.
type storiesView struct {
	Done    string
	Form    entry
	Filter  storyFilter
	Stories []pooled
	Topics  []topic.Topic
	Older   string         // the address of the next page, "" on the last
	Draft   *digest.Digest // a digest that still takes stories, nil for none
}

// Newest is the first page of the same list.
func (v storiesView) Newest() string {
	newest := v.Filter
	newest.Before = 0
	return newest.Path()
}

// MaxTitle is for the form to say.
func (storiesView) MaxTitle() int { return story.MaxTitle }

// MaxSummary is for the form to say.
func (storiesView) MaxSummary() int { return story.MaxSummary }

// pooled is a story in the list.
type pooled struct {
	story.Story
	TopicName string
	Appeared  string
}

// storyFilter is what the list is narrowed to. It travels in the address, and in
// each row's form so that an action leads back to the same list.
type storyFilter struct {
	Search string
	Topic  string // slug, "" for all
	Before int64
}

func readFilter(value func(string) string) storyFilter {
	before, _ := strconv.ParseInt(value("before"), 10, 64) // a malformed one starts at the top
	return storyFilter{Search: strings.TrimSpace(value("q")), Topic: value("in"), Before: max(before, 0)}
}

// Path is the address of the list so narrowed.
func (f storyFilter) Path() string {
	query := url.Values{}
	if f.Search != "" {
		query.Set("q", f.Search)
	}
	if f.Topic != "" {
		query.Set("in", f.Topic)
	}
	if f.Before > 0 {
		query.Set("before", strconv.FormatInt(f.Before, 10))
	}
	return strings.TrimSuffix(storiesPage+"?"+query.Encode(), "?")
}

// Any reports whether the list is narrowed at all.
func (f storyFilter) Any() bool { return f.Search != "" || f.Topic != "" }

func (c console) stories(ec echo.Context) error {
	return c.showStories(ec, http.StatusOK, readFilter(ec.QueryParam), entry{})
}

func (c console) showStories(ec echo.Context, status int, filter storyFilter, form entry) error {
	ctx := ec.Request().Context()
	topics, err := c.store.Topics(ctx)
	if err != nil {
		return err
	}
	found, err := c.findStories(ctx, topics, filter)
	if err != nil {
		return err
	}
	view := storiesView{Done: said(ec), Form: form, Filter: filter, Topics: topics}
	if len(found) > pageLength {
		found = found[:pageLength]
		older := filter
		older.Before = found[pageLength-1].ID
		view.Older = older.Path()
	}
	for _, s := range found {
		view.Stories = append(view.Stories, pooled{s, topicName(topics, s.Topic), ago(c.Now(), s.Appeared)})
	}
	if view.Draft, err = c.openDraft(ctx); err != nil {
		return err
	}
	return c.page(ec, status, "console/stories", view)
}

// findStories asks for one story more than a page holds, to know whether there
// is another page. A topic nobody knows narrows to nothing being wrong: all.
func (c console) findStories(ctx context.Context, topics []topic.Topic, f storyFilter) ([]story.Story, error) {
	pool := story.Pool{Search: f.Search, Before: f.Before, Limit: pageLength + 1}
	if about, err := topic.Find(topics, f.Topic); err == nil {
		pool.Topic = about.ID
	}
	return c.store.Stories(ctx, pool)
}

// openDraft is the newest digest that may still be changed, nil for none.
func (c console) openDraft(ctx context.Context) (*digest.Digest, error) {
	digests, err := c.store.Digests(ctx, recent)
	if err != nil {
		return nil, err
	}
	for _, d := range digests {
		if digest.Check(d.State, digest.Edit) == nil {
			return &d, nil
		}
	}
	return nil, nil
}

// addStory takes a story somebody writes in by hand.
func (c console) addStory(ec echo.Context) error {
	form, err := readEntry(ec)
	if err != nil {
		return err
	}
	s, err := c.storyFrom(ec.Request().Context(), form)
	if err == nil {
		_, err = c.store.AddStory(ec.Request().Context(), s)
	}
	if mendable(err) {
		if form = form.wrong(err); form.Field == "" {
			form.Field = "link" // a conflict is about the link
		}
		return c.showStories(ec, describe(err).Status, storyFilter{}, form)
	}
	if err != nil {
		return err
	}
	return done(ec, storiesPage, "story-added")
}

func (c console) storyFrom(ctx context.Context, form entry) (story.Story, error) {
	topics, err := c.store.Topics(ctx)
	if err != nil {
		return story.Story{}, err
	}
	about, err := topic.Find(topics, form.Value("topic"))
	if err != nil {
		return story.Story{}, err
	}
	link, err := story.Canonical(form.Value("link"), nil)
	if err != nil {
		return story.Story{}, err
	}
	picture, err := readPicture(form)
	if err != nil {
		return story.Story{}, err
	}
	now := c.Now()
	s := story.Story{
		Link: link, Title: form.Value("title"), Summary: form.Value("summary"), Topic: about.ID, Author: form.Value("author"),
		Picture: picture, Published: now, Appeared: now, Gathered: now,
	}
	return s, s.Check()
}

// readPicture is the address of a picture, which may be left out.
func readPicture(form entry) (string, error) {
	typed := form.Value("picture")
	if typed == "" {
		return "", nil
	}
	picture, err := story.Canonical(typed, nil)
	if err != nil {
		return "", fault.Field("picture", "A picture's address looks like https://example.com/picture.jpg.")
	}
	return picture, nil
}

func (c console) hideStory(ec echo.Context) error {
	return c.sort(ec, "story-hidden", func(ctx context.Context, id int64, _ entry) error {
		return c.store.HideStory(ctx, id, true)
	})
}

func (c console) showStory(ec echo.Context) error {
	return c.sort(ec, "story-shown", func(ctx context.Context, id int64, _ entry) error {
		return c.store.HideStory(ctx, id, false)
	})
}

func (c console) moveToTopic(ec echo.Context) error {
	return c.sort(ec, "story-moved", func(ctx context.Context, id int64, form entry) error {
		topics, err := c.store.Topics(ctx)
		if err != nil {
			return err
		}
		about, err := topic.Find(topics, form.Value("topic"))
		if err != nil {
			return err
		}
		return c.store.SetStoryTopic(ctx, id, about.ID)
	})
}

// sort does something to the story in the path and leads back to the same list.
func (c console) sort(ec echo.Context, deed string, verb func(context.Context, int64, entry) error) error {
	id, err := pathID(ec, "id")
	if err != nil {
		return err
	}
	form, err := readEntry(ec)
	if err != nil {
		return err
	}
	if err := verb(ec.Request().Context(), id, form); err != nil {
		return err
	}
	return done(ec, readFilter(form.Value).Path(), deed)
}
