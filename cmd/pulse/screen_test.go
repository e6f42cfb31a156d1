package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/progress"
)

var nine = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

// halfWay is a digest of which half has gone out.
func halfWay(more ...progress.Cell) progress.Look {
	return progress.Sum(progress.Count{At: nine, State: digest.Sending, Launched: nine.Add(-time.Hour), Frozen: nine.Add(-time.Hour),
		Cells: append(more,
			progress.Cell{State: delivery.Sent, Ago: 1, Count: 300}, progress.Cell{State: delivery.Sent, Count: 200},
			progress.Cell{Wait: progress.Due, Count: 386}, progress.Cell{State: delivery.Claimed, Count: 64},
			progress.Cell{Wait: progress.Deferred, Code: 421, Enhanced: "4.7.28", Count: 39},
			progress.Cell{State: delivery.Unknown, Doubtful: true, Count: 1},
			progress.Cell{Wait: progress.Later, LastDue: nine.Add(23 * time.Hour), Count: 10})}, nil)
}

func newScreen(columns int) (*screen, *bytes.Buffer) {
	var out bytes.Buffer
	now := nine
	return &screen{out: &out, zone: time.UTC, width: func() int { return columns }, now: func() time.Time { return now }}, &out
}

func TestATerminalShowsABarWithWhatMattersMost(t *testing.T) {
	t.Parallel()
	for columns, want := range map[int]string{
		20:  "███████░░░░░░░░ 50%",
		60:  "████░░░░░ 50%  501 of 1000  300/min  2 min left  in doubt 1",
		200: "████████████████░░░░░░░░░░░░░░░░ 50%  501 of 1000  300/min  2 min left  in doubt 1  put off 39 (421 4.7.28)  in hand 64  10 wait until Wed 08:00",
		3:   "50",
	} {
		s, out := newScreen(columns)
		s.show(halfWay())
		line := strings.TrimSuffix(strings.TrimPrefix(out.String(), "\r"), "\x1b[K")
		if line != want {
			t.Errorf("in %d columns:\n%q\nwant\n%q", columns, line, want)
		}
		if utf8.RuneCountInString(line) >= columns {
			t.Errorf("%d columns are too few for %q", columns, line)
		}
		if s.close(); !strings.HasSuffix(out.String(), "\n") {
			t.Error("the next line begins behind the bar")
		}
	}
}

func TestALogGetsALineEachTenSecondsInWhichSomethingChanged(t *testing.T) {
	t.Parallel()
	s, out := newScreen(0)
	now := nine
	s.now = func() time.Time { return now }
	lines := func(want int, when string) {
		t.Helper()
		if got := strings.Count(out.String(), "\n"); got != want || strings.ContainsAny(out.String(), "\r\x1b") {
			t.Errorf("%s: %d lines, want %d:\n%q", when, got, want, out)
		}
	}
	s.show(halfWay())
	lines(1, "at the first look")
	now = now.Add(9 * time.Second)
	s.show(halfWay(progress.Cell{State: delivery.Sent, Count: 1}))
	lines(1, "nine seconds later")
	now = now.Add(time.Second)
	s.show(halfWay())
	lines(1, "with nothing new")
	s.show(halfWay(progress.Cell{State: delivery.Sent, Count: 1}))
	lines(2, "ten seconds later")
	s.show(progress.Sum(progress.Count{At: nine, Cells: []progress.Cell{{State: delivery.Sent, Count: 9}}}, nil))
	lines(3, "at the end")
	s.close()
	lines(3, "closed")
}

func TestABarIsFullOnlyWhenNobodyIsLeft(t *testing.T) {
	t.Parallel()
	almost := progress.Look{Tally: delivery.Tally{Planned: 100000, Sent: 99999, Queued: 1}}
	if bar := barOf(almost, 32); !strings.HasSuffix(bar, "░") || almost.Percent() != 99 {
		t.Errorf("%s, %d%%", bar, almost.Percent())
	}
	if bar := barOf(progress.Look{Tally: delivery.Tally{Planned: 3, Sent: 3}}, 8); bar != "████████" {
		t.Error(bar)
	}
	if bar := barOf(progress.Look{}, 8); bar != "░░░░░░░░" {
		t.Error(bar)
	}
}

func TestASpanIsShortInALine(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0: "0 s", 45 * time.Second: "45 s", 12*time.Minute + 20*time.Second: "12 min", 200 * time.Minute: "3 h 20 min",
	} {
		if got := shortly(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}
