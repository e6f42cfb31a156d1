package send

import (
	"context"
	"errors"
	"time"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/message"
)

// errStalled says that a connection took nothing at all of a group.
var errStalled = errors.New("send: the relay took nothing")

// group takes up to delivery.Group claimed rows over the wire: the intent first,
// then the act. The result is news, and recorded with the next group's intent or
// before the lane does anything else. After the intent every row of the group is
// accounted for on every path: recorded, handed back, or left in handing to be
// counted as a doubt, which happens only when the ledger cannot be reached for as
// long as our claim on the rows lasts.
func (l *lane) group(claims []delivery.Claim) error {
	intent, err := l.turn(items(claims))
	if err != nil { // whether it was committed or not, nothing is on the wire
		return errors.Join(err, l.record(), l.handBack(items(claims)))
	}
	b, err := l.compose(claims, intent.Go)
	if err != nil {
		return l.pause(intent.Go, err)
	}
	results, tried := l.deliver(b)
	l.news = append(b.broken, results...)
	groups := groupsOf(l.news, claims)
	l.Observe(l.scope, l.news, groups)
	ours := l.try(results, groups[len(b.broken):])
	if err := l.putOff(delivery.Return{Items: b.later, Due: l.Now().Add(soon)}); err != nil {
		return err
	}
	if ours == nil && len(results) > 0 && !tried {
		return errStalled
	}
	return ours
}

// try has brakes and jury hear what became of a group. When the jury finds the fault with us
// the digest is suspended first and the results are recorded afterwards, so that
// the ledger knows better than to give anybody up for them.
func (l *lane) try(results []delivery.Result, groups []string) error {
	if l.scope == delivery.Outbox {
		return nil
	}
	for i, r := range results {
		l.brakes.hear(groups[i], r.Outcome, l.Now())
	}
	c, guilty := l.jury.hear(l.scope.Digest, results, groups, l.Now())
	if !guilty {
		return nil
	}
	suspended := false
	err := l.settle("suspend", func(ctx context.Context) (err error) {
		suspended, err = l.backlog.SuspendDigest(ctx, l.scope.Digest, c.answer, c.reason(), c.since)
		return err
	})
	if err != nil {
		return err
	}
	if !suspended {
		l.jury.dismiss(l.scope.Digest, c.answer)
		return nil
	}
	l.jury.dismiss(l.scope.Digest, "")
	l.Log.ErrorContext(l.stop, "digest paused for what relays answer", "digest", l.scope.Digest, "answer", c.answer, "readers", c.count, "of", c.of)
	return fault.New(fault.Conflict, "%s", c.reason())
}

// groupsOf are the domain groups of the readers whose results these are.
func groupsOf(results []delivery.Result, claims []delivery.Claim) []string {
	byItem := make(map[delivery.Item]string, len(claims))
	for _, c := range claims {
		byItem[c.Item] = c.Group
	}
	groups := make([]string, len(results))
	for i, r := range results {
		groups[i] = byItem[r.Item]
	}
	return groups
}

// soon is when a row is tried again whose mail could not be made for a reason
// that will pass.
const soon = time.Minute

// batch is a composed group.
type batch struct {
	messages []message.Message
	to       []delivery.Item   // whose each message is
	broken   []delivery.Result // rows whose mail can never be made
	later    []delivery.Item   // rows whose mail cannot be made now
}

// compose makes the messages. It fails only for an edition that cannot be made.
func (l *lane) compose(claims []delivery.Claim, recipients []delivery.Recipient) (batch, error) {
	byItem := make(map[delivery.Item]delivery.Claim, len(claims))
	for _, c := range claims {
		byItem[c.Item] = c
	}
	var b batch
	for _, to := range recipients {
		m, err := l.composer.Compose(l.cut, l.scope, byItem[to.Item], to)
		if _, ours := errors.AsType[*Unprintable](err); ours {
			return batch{}, err
		}
		b.add(to.Item, m, err)
		if err != nil && l.stopped() == nil {
			l.Log.WarnContext(l.stop, "mail not made", "digest", l.scope.Digest, "row", to.ID, "error", err.Error())
		}
	}
	return b, nil
}

func (b *batch) add(item delivery.Item, m message.Message, err error) {
	if _, broken := errors.AsType[*Unmailable](err); broken {
		// A refusal without a relay's code is how the ledger knows that it was
		// never handed over: it settles as failed, for the reason delivery.Broken.
		b.broken = append(b.broken, delivery.Result{Item: item,
			Outcome: delivery.Outcome{Verdict: delivery.RefusedForGood, Enhanced: "5.6.0", Text: "the mail could not be made"}})
		return
	}
	if err != nil {
		b.later = append(b.later, item)
		return
	}
	b.messages, b.to = append(b.messages, m), append(b.to, item)
}

// deliver hands the messages over, and reports whether any of them was tried. An
// answer that is missing means that we do not know.
func (l *lane) deliver(b batch) (results []delivery.Result, tried bool) {
	if len(b.messages) == 0 {
		return nil, false
	}
	outcomes := l.conn.Deliver(l.cut, b.messages)
	for i, item := range b.to {
		outcome := delivery.Outcome{Verdict: delivery.InDoubt, Text: "no answer"}
		if i < len(outcomes) {
			outcome = outcomes[i]
		}
		tried = tried || outcome.Verdict != delivery.NotTried
		results = append(results, delivery.Result{Item: item, Outcome: outcome, Relay: l.conn.Relay()})
	}
	return results, tried
}

// pause stops a digest of which an edition cannot be made, and puts the group's
// rows back.
func (l *lane) pause(recipients []delivery.Recipient, cause error) error {
	back := make([]delivery.Item, len(recipients))
	for i, r := range recipients {
		back[i] = r.Item
	}
	l.Log.ErrorContext(l.stop, "edition not made", "digest", l.scope.Digest, "error", cause.Error())
	return errors.Join(unprintable(cause), l.handBack(back), l.settle("pause", func(ctx context.Context) error {
		return l.backlog.PauseDigest(ctx, l.scope.Digest, pauseReason)
	}))
}

func items(claims []delivery.Claim) []delivery.Item {
	all := make([]delivery.Item, len(claims))
	for i, c := range claims {
		all[i] = c.Item
	}
	return all
}
