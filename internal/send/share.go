package send

import (
	"context"
	"time"
)

// Notices carry what one worker hears of domain groups that throttle us to all others.
// Their errors mean that nobody can be told or heard for now.
type Notices interface {
	// Post says that a group is held back until a time; the zero time that it is not
	// any more.
	Post(ctx context.Context, group string, until time.Time) error
	// Read lists the groups that anybody holds back. Of one that has rested it says
	// whether it is this process's turn to send to it: one process at a time may, or
	// each of them would begin with a connection of its own.
	Read(ctx context.Context) ([]Notice, error)
}

// Notice is one domain group that somebody holds back.
type Notice struct {
	Group string
	Until time.Time
	Turn  bool
}

// The times of sharing: how often a worker tells and hears, and how long nobody must
// be heard before it sends to groups that have rested as if it were alone.
const (
	shareEvery = time.Second
	aloneAfter = 30 * time.Second
)

// Share has this sender's brakes act in all processes that have the same notices,
// until the context ends. On most days no group is held back, and one look a second
// at an empty list is all it costs; no mail ever waits for it.
func (s *Sender) Share(ctx context.Context, n Notices) {
	s.brakes.share()
	heard := s.Now()
	for ; ctx.Err() == nil; sleep(ctx, shareEvery) {
		err := s.brakes.exchange(ctx, n)
		switch {
		case err == nil:
			heard = s.Now()
		case s.Now().Sub(heard) > aloneAfter:
			s.brakes.alone()
		}
	}
}

// share has groups that have rested wait for this process's turn.
func (b *brakes) share() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.shared = true
}

// alone gives this process the turn everywhere.
func (b *brakes) alone() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, at := range b.groups {
		at.turn = true
	}
}

// exchange tells the news and takes in what others told. News that could not be told
// stays news.
func (b *brakes) exchange(ctx context.Context, n Notices) error {
	for group, until := range b.takeNews() {
		if err := n.Post(ctx, group, until); err != nil {
			b.keepNews(group, until)
			return err
		}
	}
	all, err := n.Read(ctx)
	if err == nil {
		b.heard(all)
	}
	return err
}

func (b *brakes) takeNews() map[string]time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	news := b.news
	b.news = map[string]time.Time{}
	return news
}

// keepNews puts news back, unless there are newer ones of the group.
func (b *brakes) keepNews(group string, until time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, newer := b.news[group]; !newer {
		b.news[group] = until
	}
}

// heard brings the brakes in line with what all have told. What this process has not
// told yet holds meanwhile.
func (b *brakes) heard(all []Notice) {
	b.mu.Lock()
	defer b.mu.Unlock()
	told := map[string]bool{}
	for _, n := range all {
		told[n.Group] = true
		_, untold := b.news[n.Group]
		at := b.groups[n.Group]
		switch {
		case untold:
		case at == nil || at.until.Before(n.Until.Add(-time.Millisecond)):
			b.groups[n.Group] = &brake{until: n.Until, width: 1, turn: n.Turn, lanes: map[*lane]bool{}}
		default:
			at.turn = n.Turn
		}
	}
	for group := range b.groups {
		if _, untold := b.news[group]; !told[group] && !untold {
			delete(b.groups, group)
		}
	}
}
