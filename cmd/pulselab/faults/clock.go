package faults

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// ClockSet sets the wall clock of the whole installation.
const ClockSet Kind = "wall clock set"

// withClock lets the wall clock of a pulse be set without touching the machine's:
// the time that its standard library tells is as far off as the file says that
// PULSELAB_CLOCK names. What is measured between two moments stays right, as it does
// where a clock is really set.
var withClock = []edit{
	{"GOROOT/src/time/time.go", "	sec, nsec, mono := runtimeNow()\n", "	sec, nsec, mono := runtimeNow()\n	sec += LabSeconds\n"},
	{"GOROOT/src/time/time.go", "func Now() Time {", "var LabSeconds int64\n\nfunc Now() Time {"},
	{"cmd/pulse/lab_clock.go", "", `package main

import (
	"fmt"
	"os"
	"time"
)

func init() {
	read := func() {
		if text, err := os.ReadFile(os.Getenv("PULSELAB_CLOCK")); err == nil {
			fmt.Sscan(string(text), &time.LabSeconds)
		}
	}
	read()
	go func() {
		for {
			time.Sleep(20 * time.Millisecond)
			read()
		}
	}()
}
`},
}

// clockFile is where a run says how many seconds its clock is off.
func (r *run) clockFile() string { return filepath.Join(r.dir, "clock") }

// setClock sets the clock far off, and half of the time right again a little later,
// as somebody does who notices.
func (r *run) setClock(ctx context.Context) error {
	if !r.lab.clock {
		r.struck[ClockSet]--
		r.note("this pulse was not built here, so its clock was not set")
		return nil
	}
	by := []time.Duration{100 * time.Hour, 3 * time.Hour, -30 * time.Hour, -2 * time.Hour}[r.random.IntN(4)]
	if err := r.clock(by); err != nil || r.random.IntN(2) == 0 {
		return err
	}
	sleep(ctx, 2*time.Second)
	return r.clock(0)
}

// now is the time that the installation believes it is.
func (r *run) now() time.Time { return time.Now().Add(r.off) }

func (r *run) clock(off time.Duration) error {
	r.off = off
	return os.WriteFile(r.clockFile(), fmt.Appendf(nil, "%.0f\n", off.Seconds()), 0o600)
}
