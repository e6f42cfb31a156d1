package delivery

import (
	"strconv"
	"strings"
	"time"

	"github.com/collabpulse/weekly/internal/fault"
)

// WarmUp is a calendar of how many mails of digests may go out on each of the first
// days of a new sender: mailbox providers trust one that grows slowly. Before its
// first day and after its last one there is no limit.
type WarmUp struct {
	Begins  string // the first day, 2006-01-02
	Budgets []int  // mails on that day and on each day after it
	Zone    *time.Location
}

// Allowance is what a calendar allows on one day.
type Allowance struct {
	Date string // 2006-01-02 in the calendar's zone
	Day  int    // 1 for the first one
	Days int    // that the calendar has
	Most int    // mails that day
}

// Bounds of a calendar: a year of days, and more mails a day than anybody warms up to.
const (
	longestWarmUp = 366
	largestBudget = 100_000_000
)

// ParseWarmUp reads a calendar: the first day, a colon, and the budget of each day
// with spaces or commas between, as in "2026-12-01: 500 1000 2000 4000". The error is
// a fault.Invalid.
func ParseWarmUp(text string) (WarmUp, error) {
	begins, budgets, _ := strings.Cut(text, ":")
	w := WarmUp{Begins: strings.TrimSpace(begins), Zone: time.UTC}
	if _, err := time.Parse(time.DateOnly, w.Begins); err != nil {
		return WarmUp{}, badWarmUp()
	}
	for _, field := range strings.FieldsFunc(budgets, func(c rune) bool { return c == ' ' || c == ',' }) {
		n, err := strconv.Atoi(field)
		if err != nil || n < 1 || n > largestBudget {
			return WarmUp{}, badWarmUp()
		}
		w.Budgets = append(w.Budgets, n)
	}
	if len(w.Budgets) == 0 || len(w.Budgets) > longestWarmUp {
		return WarmUp{}, badWarmUp()
	}
	return w, nil
}

func badWarmUp() error {
	return fault.New(fault.Invalid, "a warm-up is its first day and how many mails each day from then on may have, 1 to 366 days: 2026-12-01: 500 1000 2000 4000.")
}

// String is the calendar as ParseWarmUp reads it.
func (w WarmUp) String() string {
	if len(w.Budgets) == 0 {
		return ""
	}
	text := w.Begins + ":"
	for _, n := range w.Budgets {
		text += " " + strconv.Itoa(n)
	}
	return text
}

// At is what the calendar allows on the day of a moment; false where it sets no limit.
func (w WarmUp) At(t time.Time) (Allowance, bool) {
	begins, err := time.Parse(time.DateOnly, w.Begins)
	if err != nil || len(w.Budgets) == 0 {
		return Allowance{}, false
	}
	local := t.In(w.Zone)
	today := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, time.UTC)
	day := int(today.Sub(begins) / (24 * time.Hour))
	if day < 0 || day >= len(w.Budgets) {
		return Allowance{}, false
	}
	return Allowance{Date: today.Format(time.DateOnly), Day: day + 1, Days: len(w.Budgets), Most: w.Budgets[day]}, true
}

// Tomorrow is the same time of day on the next day, for mail that must wait for it: so
// it still comes at its reader's hour.
func (w WarmUp) Tomorrow(t time.Time) time.Time {
	return t.In(w.Zone).AddDate(0, 0, 1)
}

// Words say how much of the allowance is used up.
func (a Allowance) Words(used int) string {
	return "day " + strconv.Itoa(a.Day) + " of " + strconv.Itoa(a.Days) + ": " + strconv.Itoa(used) + " of today's " + strconv.Itoa(a.Most) + " mails of digests are out"
}
