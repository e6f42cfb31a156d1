package bench

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// process is what the kernel says of one process (proc_pid_stat(5)).
type process struct {
	name     string
	parent   int
	own      time.Duration // user and system time
	children time.Duration // of children that ended and were waited for
}

// tick is the unit of processor times in /proc: USER_HZ, a hundredth of a second
// on every Linux there is.
const tick = 10 * time.Millisecond

// The places in /proc/PID/stat, counted from the state, which follows the name.
const (
	statParent   = 1
	statUser     = 11
	statSystem   = 12
	statChildren = 13 // user time; system time follows
)

// parseStat reads /proc/PID/stat. The name may hold blanks and brackets, so what
// follows begins after the last bracket.
func parseStat(text string) (p process, err error) {
	open, end := strings.IndexByte(text, '('), strings.LastIndexByte(text, ')')
	if open < 0 || end < open {
		return p, fmt.Errorf("bench: not the stat of a process: %q", text)
	}
	fields := strings.Fields(text[end+1:])
	if len(fields) <= statChildren+1 {
		return p, fmt.Errorf("bench: the stat of a process is short: %q", text)
	}
	number := func(place int) int {
		n, wrong := strconv.Atoi(fields[place])
		err = cmp.Or(err, wrong)
		return n
	}
	p.name, p.parent = text[open+1:end], number(statParent)
	p.own = tick * time.Duration(number(statUser)+number(statSystem))
	p.children = tick * time.Duration(number(statChildren)+number(statChildren+1))
	return p, err
}

func processOf(pid int) (process, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return process{}, err
	}
	return parseStat(string(text))
}

// cpuOf sums the processor time of processes.
func cpuOf(pids ...int) (sum time.Duration, err error) {
	for _, pid := range pids {
		p, err := processOf(pid)
		if err != nil {
			return 0, err
		}
		sum += p.own + p.children
	}
	return sum, nil
}

// cpuOfFamily is the processor time of a process and everything it started: those
// that live, and those that ended, whose time it inherited. One that ends in the
// middle of the count would be in neither, so the count is repeated until nothing
// was inherited meanwhile; a family that never rests is counted as it is.
func cpuOfFamily(parent int) (sum time.Duration, err error) {
	for range 10 {
		before, err := processOf(parent)
		if err != nil {
			return 0, err
		}
		sum = cpuOfChildren(parent)
		after, err := processOf(parent)
		if err != nil {
			return 0, err
		}
		sum += after.own + after.children
		if after.children == before.children {
			break
		}
	}
	return sum, nil
}

// cpuOfChildren is the processor time of a process's children that live.
func cpuOfChildren(parent int) (sum time.Duration) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat") // fails only for a malformed pattern
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it ended
		}
		if p, err := parseStat(string(text)); err == nil && p.parent == parent {
			sum += p.own + p.children
		}
	}
	return sum
}

// postmasterOf finds the server that started a backend. A number that belongs to
// something else here means that the server runs on another machine.
func postmasterOf(backend int) (int, error) {
	p, err := processOf(backend)
	if err != nil {
		return 0, err
	}
	if p.name != "postgres" {
		return 0, fmt.Errorf("bench: process %d is %s and no backend of PostgreSQL", backend, p.name)
	}
	return p.parent, nil
}

// parsePeak reads the largest resident size so far, in octets, out of
// /proc/PID/status.
func parsePeak(status string) (int64, error) {
	for line := range strings.Lines(status) {
		if rest, found := strings.CutPrefix(line, "VmHWM:"); found {
			kilo, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			return kilo << 10, err
		}
	}
	return 0, fmt.Errorf("bench: the status of a process has no VmHWM")
}

// peakOf is the largest that any one of the processes was.
func peakOf(pids []int) (peak int64, err error) {
	for _, pid := range pids {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			return 0, err
		}
		one, err := parsePeak(string(status))
		if err != nil {
			return 0, err
		}
		peak = max(peak, one)
	}
	return peak, nil
}
