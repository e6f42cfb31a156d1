package send

import (
	"sync/atomic"

	"github.com/collabpulse/weekly/internal/delivery"
)

// warmUp is the calendar of a sender that is still getting known.
type warmUp struct {
	calendar delivery.WarmUp
	spent    atomic.Value // the date of which nothing is left, a string
}

// overBudget reports whether it is known that no mail of a digest may go out any more
// today. Letters are no part of the calendar: they are few, and somebody waits for each.
func (l *lane) overBudget() bool {
	if l.scope == delivery.Outbox {
		return false
	}
	a, limited := l.warmUp.calendar.At(l.Now())
	return limited && l.warmUp.spent.Load() == a.Date
}

// allot takes leave for up to n mails out of today's allowance: 0 when it is used up.
// A mail that then does not go out, because its reader has just left, has used it all
// the same.
func (l *lane) allot(n int) (int, error) {
	a, limited := l.warmUp.calendar.At(l.Now())
	if !limited || l.scope == delivery.Outbox {
		return n, nil
	}
	given, err := l.backlog.Allot(l.cut, a, n)
	if err == nil && given == 0 && l.warmUp.spent.Swap(a.Date) != a.Date {
		l.Log.InfoContext(l.stop, "warm-up: today's mails are out, the rest go tomorrow", "digest", l.scope.Digest, "day", a.Day, "of", a.Days, "mails", a.Most)
	}
	return given, err
}

// untilTomorrow lets go of rows for which nothing is left today.
func (l *lane) untilTomorrow(claims []delivery.Claim) error {
	return l.putOff(delivery.Return{Items: items(claims), Due: l.warmUp.calendar.Tomorrow(l.Now())})
}
