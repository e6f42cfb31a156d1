package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRunsTakeTurnsOnBothEngines(t *testing.T) {
	t.Parallel()
	plans := (&Command{Runs: 4, Seed: 9, Engine: "both", Quick: true}).plans()
	for n, p := range plans {
		if want := []string{SQLite, Postgres}[n%2]; p.Engine != want || p.Seed != 9+uint64(n) {
			t.Errorf("run %d is seed %d on %s", n, p.Seed, p.Engine)
		}
	}
}

func TestTheControlAlwaysKills(t *testing.T) {
	t.Parallel()
	for _, p := range (&Command{Runs: 20, Seed: 1, Engine: "both", Control: true}).plans() {
		if !p.has(KillAll) {
			t.Errorf("seed %d kills nothing: %s", p.Seed, p)
		}
	}
}

func TestARunSaysHowToRepeatIt(t *testing.T) {
	t.Parallel()
	l := &lab{readers: 500, command: Command{Quick: true, Control: true}}
	want := "go run ./cmd/pulselab faults --runs 1 --seed 7 --engine postgres --readers 500 --quick --control"
	if got := l.repeat(Plan{Seed: 7, Engine: Postgres}); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestARunThatCannotBePlayedFailsAndKeepsItsFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	nothing := filepath.Join(dir, "no-such-pulse")
	run := (&lab{dir: dir, pulse: nothing, readers: 10}).play(context.Background(), Plan{Seed: 1, Engine: SQLite})
	if run.Passed || len(run.Findings) == 0 || !strings.Contains(run.Findings[0], "no-such-pulse") {
		t.Errorf("a run without a program: passed %t, %q", run.Passed, run.Findings)
	}
	if _, err := os.Stat(run.Kept); err != nil {
		t.Errorf("its folder is gone: %v", err)
	}
}

func TestTheReportAddsUpAndNamesTheFailedSeeds(t *testing.T) {
	t.Parallel()
	r := newReport()
	r.add(Run{Plan: Plan{Seed: 1}, Passed: true, Faults: map[Kind]int{Term: 1}, Sum: Sum{Mails: 10, Doubts: 2, Duplicates: 1}})
	r.add(Run{Plan: Plan{Seed: 2}, Faults: map[Kind]int{Term: 1, Slow: 3}, Sum: Sum{Mails: 9, Missing: 1}, Findings: []string{"one is missing"}, Kept: "folder"})
	var text, line bytes.Buffer
	r.print(&text, false)
	r.print(&line, true)
	for _, want := range []string{"2 runs: 1 passed, 1 failed. 19 mails, 2 doubts, 1 duplicates, 1 missing", "2 × SIGTERM", "3 × relay slow"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the text lacks %q:\n%s", want, &text)
		}
	}
	var back Report
	if err := json.Unmarshal(line.Bytes(), &back); err != nil || len(back.Seeds) != 1 || back.Seeds[0] != 2 || back.Faults[Term] != 2 {
		t.Errorf("read back %+v: %v", back, err)
	}
}

func TestAProcessSaysUnderWhichNumbersItWorks(t *testing.T) {
	t.Parallel()
	log := filepath.Join(t.TempDir(), "log")
	text := "time=x level=INFO msg=\"worker registered\" worker=3\ntime=x level=INFO msg=serving\ntime=x level=INFO msg=\"worker registered\" worker=12\n"
	if err := os.WriteFile(log, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := (&process{log: log}).workers(); len(got) != 2 || got[0] != 3 || got[1] != 12 {
		t.Errorf("numbers %v, want 3 and 12", got)
	}
}
