package web

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/collabpulse/weekly/internal/subscriber"
	"github.com/collabpulse/weekly/internal/topic"
)

// ReaderList finds subscribers. Only this page shows addresses, and only to
// somebody signed in.
type ReaderList interface {
	Subscribers(ctx context.Context, s subscriber.Search) ([]subscriber.Subscriber, error)
	CountSubscribers(ctx context.Context) (map[subscriber.State]int, error)
}

const subscribersPage = "/console/subscribers"

// subscribersView is one page of the list.
type subscribersView struct {
	Search  string
	State   string // the state's word, "" for all
	Counts  readerCounts
	Readers []reader
	Older   string // the address of the next page, "" on the last
}

// reader is a subscriber in the list.
type reader struct {
	subscriber.Subscriber
	Topics []string // names; nil for all of them
}

// readerCounts is how many subscribers there are in each state.
type readerCounts struct {
	Total  int
	States []stateCount
}

type stateCount struct {
	State subscriber.State
	Count int
}

// Active is how many get digests.
func (r readerCounts) Active() int {
	for _, s := range r.States {
		if s.State == subscriber.Active {
			return s.Count
		}
	}
	return 0
}

// countsOf puts the states in the order that concerns an editor most.
func countsOf(counts map[subscriber.State]int) readerCounts {
	order := []subscriber.State{
		subscriber.Active, subscriber.Pending, subscriber.Paused,
		subscriber.Unsubscribed, subscriber.Suppressed, subscriber.Erased,
	}
	var r readerCounts
	for _, state := range order {
		r.Total += counts[state]
		r.States = append(r.States, stateCount{state, counts[state]})
	}
	return r
}

func (c console) subscribers(ec echo.Context) error {
	ctx := ec.Request().Context()
	counts, err := c.store.CountSubscribers(ctx)
	if err != nil {
		return err
	}
	topics, err := c.store.Topics(ctx)
	if err != nil {
		return err
	}
	view := subscribersView{Search: strings.TrimSpace(ec.QueryParam("q")), Counts: countsOf(counts)}
	search := subscriber.Search{Text: view.Search, Limit: pageLength + 1}
	search.Before, _ = strconv.ParseInt(ec.QueryParam("before"), 10, 64) // a malformed one starts at the top
	if state, err := subscriber.ParseState(ec.QueryParam("state")); err == nil {
		search.State, view.State = &state, state.String()
	}
	found, err := c.store.Subscribers(ctx, search)
	if err != nil {
		return err
	}
	if len(found) > pageLength {
		found = found[:pageLength]
		view.Older = view.path(found[pageLength-1].ID)
	}
	for _, s := range found {
		view.Readers = append(view.Readers, reader{s, chosen(topics, s.Topics)})
	}
	return c.page(ec, http.StatusOK, "console/subscribers", view)
}

func (v subscribersView) path(before int64) string {
	query := url.Values{"before": {strconv.FormatInt(before, 10)}}
	if v.Search != "" {
		query.Set("q", v.Search)
	}
	if v.State != "" {
		query.Set("state", v.State)
	}
	return subscribersPage + "?" + query.Encode()
}

// chosen names the topics of a reader's choice; nil when it is all of them.
func chosen(topics []topic.Topic, set topic.Set) []string {
	if all := topic.All(topics); set&all == all {
		return nil
	}
	names := []string{}
	for _, t := range topics {
		if set.Has(t.ID) {
			names = append(names, t.Name)
		}
	}
	return names
}
