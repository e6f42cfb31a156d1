package send

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/collabpulse/weekly/internal/delivery"
)

// turn records the news and declares the intent for the next rows, in one
// transaction. After an error the news is still news.
func (l *lane) turn(next []delivery.Item) (delivery.Intent, error) {
	intent, err := l.ledger.Turn(l.cut, l.scope, l.place.id, l.news, next)
	if err == nil {
		l.recorded()
	}
	return intent, err
}

// record writes the news by itself. It is known by now what became of the group, and
// losing that would make doubts of mail that went out, so it does not give up easily.
func (l *lane) record() error {
	if len(l.news) == 0 {
		return nil
	}
	err := l.settle("record", func(ctx context.Context) error {
		_, err := l.ledger.Turn(ctx, l.scope, l.place.id, l.news, nil)
		return err
	})
	if err != nil {
		l.news = nil // doubts from now on
		return err
	}
	l.recorded()
	return nil
}

// recorded says what was news, and forgets it.
func (l *lane) recorded() {
	for _, r := range l.news {
		l.note(r)
	}
	l.news = nil
}

// note logs what a relay said when it did not take a mail: the first of each code
// in a drain, since a relay that refuses one often refuses a thousand in the same
// words. The text holds no address.
func (l *lane) note(r delivery.Result) {
	kind := delivery.Outcome{Verdict: r.Verdict, Code: r.Code}
	if r.Verdict == delivery.Accepted || r.Relay == "" || l.noted[kind] {
		return
	}
	l.noted[kind] = true
	level := slog.LevelInfo
	if r.Verdict == delivery.RefusedForGood || r.Verdict == delivery.InDoubt {
		level = slog.LevelWarn
	}
	l.Log.Log(l.stop, level, "mail not taken", "digest", l.scope.Digest, "relay", r.Relay, "verdict", r.Verdict.String(),
		"code", r.Code, "enhanced", r.Enhanced, "text", r.Text)
}

// handBack returns rows that did not reach the wire, due as they were.
func (l *lane) handBack(rows []delivery.Item) error { return l.putOff(delivery.Return{Items: rows}) }

// putOff returns rows that did not reach the wire, in one transaction.
func (l *lane) putOff(back ...delivery.Return) error {
	if !slices.ContainsFunc(back, func(r delivery.Return) bool { return len(r.Items) > 0 }) {
		return nil
	}
	return l.settle("hand back", func(ctx context.Context) error {
		return l.ledger.HandBack(ctx, l.scope, l.place.id, back...)
	})
}

// The waits between offers of the same news to the ledger.
const (
	firstOffer = 100 * time.Millisecond
	lastOffer  = 5 * time.Second
)

// settle offers a change until the ledger takes it, for delivery.StopAfter at
// most, and once we were told to stop for as long as stopping may take. A term that is
// merely over is no reason to hurry: another lane's claim failed, most likely in
// the same outage, and the worker beats on until the last lane has left. A change
// that is given up leaves rows that belong to nobody, so the term ends, and
// whatever it still holds is taken back with it.
func (l *lane) settle(what string, change func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(l.stop), delivery.StopAfter)
	defer cancel()
	defer context.AfterFunc(l.last, cancel)()
	for wait := firstOffer; ; wait = min(2*wait, lastOffer) {
		err := change(ctx)
		if err == nil {
			return nil
		}
		sleep(ctx, around(wait))
		if ctx.Err() != nil {
			l.place.end()
			l.Log.ErrorContext(l.stop, "the ledger did not take it", "what", what, "digest", l.scope.Digest, "error", err.Error())
			return err
		}
	}
}
