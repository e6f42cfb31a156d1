package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/collabpulse/weekly/internal/progress"
)

// screen shows how far a digest is: on a terminal one line that is drawn anew, and
// elsewhere, as in a log, a line each ten seconds in which something changed.
type screen struct {
	out   io.Writer
	width func() int // columns; 0 when it is no terminal
	zone  *time.Location
	now   func() time.Time
	said  string    // the last plain line
	spoke time.Time // and when
	drawn bool      // a line stands there without an end
}

// plainEvery is how often a plain line may come.
const plainEvery = 10 * time.Second

func (sh *shell) screen(zone *time.Location) *screen {
	return &screen{out: sh.err, zone: zone, now: time.Now, width: func() int {
		if !sh.watched() {
			return 0
		}
		columns, _, err := term.GetSize(int(sh.err.(*os.File).Fd()))
		if err != nil || columns < 1 {
			return 80
		}
		return columns
	}}
}

// show puts a look on the screen.
func (s *screen) show(l progress.Look) {
	if columns := s.width(); columns > 0 {
		// The carriage return goes to the line's beginning and "erase in line" (ECMA-48
		// §8.3.41) clears what a longer line has left. The last column stays free, where
		// some terminals would begin a new line.
		fmt.Fprintf(s.out, "\r%s\x1b[K", s.line(l, columns-1))
		s.drawn = true
		return
	}
	line := s.line(l, 1000)
	if line == s.said || !s.spoke.IsZero() && s.now().Sub(s.spoke) < plainEvery && !l.Tally.Reconciled() {
		return
	}
	s.said, s.spoke = line, s.now()
	fmt.Fprintln(s.out, line)
}

func (s *screen) close() {
	if s.drawn {
		fmt.Fprintln(s.out)
	}
}

// The bar's length, in columns.
const (
	shortestBar = 8
	longestBar  = 32
)

// line is a look in so many columns at most. What matters less stands further right
// and is left out first; the bar takes what is left over.
func (s *screen) line(l progress.Look, columns int) string {
	parts := s.parts(l)
	line := parts[0]
	room := columns - shortestBar - 1
	for _, part := range parts[1:] {
		if utf8.RuneCountInString(line)+2+utf8.RuneCountInString(part) > room {
			break
		}
		line += "  " + part
	}
	bar := min(columns-utf8.RuneCountInString(line)-1, longestBar)
	if bar < 1 {
		return clipColumns(line, columns)
	}
	return barOf(l, bar) + " " + line
}

func clipColumns(text string, columns int) string {
	if r := []rune(text); len(r) > columns {
		return string(r[:max(columns, 0)])
	}
	return text
}

// barOf is a bar of so many columns; it is full only when nobody is left.
func barOf(l progress.Look, columns int) string {
	full := 0
	if planned := l.Tally.Planned; planned > 0 {
		full = l.Tally.Settled() * columns / planned
	}
	return strings.Repeat("█", full) + strings.Repeat("░", columns-full)
}

// parts are the pieces of a line, the most telling first.
func (s *screen) parts(l progress.Look) []string {
	parts := []string{fmt.Sprintf("%d%%", l.Percent()), fmt.Sprintf("%d of %d", l.Tally.Settled(), l.Tally.Planned)}
	add := func(n int, format string, args ...any) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	add(l.PerMinute(), "%d/min", l.PerMinute())
	if left, known := l.Remaining(); known {
		parts = append(parts, shortly(left)+" left")
	}
	add(l.Tally.Doubts, "in doubt %d", l.Tally.Doubts)
	if len(l.Deferrals) > 0 {
		add(l.Tally.Deferred, "put off %d (%s)", l.Tally.Deferred, orWords(l.Deferrals[0]))
	}
	add(l.Tally.Failed, "failed %d", l.Tally.Failed)
	add(l.InHand(), "in hand %d", l.InHand())
	if l.WarmUp.UsedUp() {
		add(l.Held, "%d wait for tomorrow (warm-up day %d of %d)", l.Held, l.WarmUp.Day, l.WarmUp.Days)
	} else {
		add(l.Held, "resting %d", l.Held)
	}
	add(l.Later, "%d wait until %s", l.Later, l.LastLater.In(s.zone).Format("Mon 15:04"))
	return parts
}

// orWords is what was said, in codes, or in words when there were none.
func orWords(d progress.Deferral) string {
	if codes := d.Codes(); codes != "" {
		return codes
	}
	return d.Words()
}
