package faults

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
)

// Report are the figures of all runs.
type Report struct {
	Runs       int          `json:"runs"`
	Passed     int          `json:"passed"`
	Failed     int          `json:"failed"`
	Faults     map[Kind]int `json:"faults"`
	Mails      int          `json:"mails"`
	Doubts     int          `json:"doubts"`
	Duplicates int          `json:"duplicates"`
	Missing    int          `json:"missing"`
	Late       int          `json:"late"`
	Seconds    float64      `json:"longest_seconds"`
	Seeds      []uint64     `json:"failed_seeds,omitempty"`
}

func newReport() *Report { return &Report{Faults: map[Kind]int{}} }

func (r *Report) add(run Run) {
	r.Runs++
	if run.Passed {
		r.Passed++
	} else {
		r.Failed++
		r.Seeds = append(r.Seeds, run.Plan.Seed)
	}
	for kind, n := range run.Faults {
		r.Faults[kind] += n
	}
	r.Mails += run.Sum.Mails
	r.Doubts += run.Sum.Doubts
	r.Duplicates += run.Sum.Duplicates
	r.Missing += run.Sum.Missing
	r.Late += run.Sum.Late
	r.Seconds = max(r.Seconds, run.Seconds)
}

func (r *Report) print(out io.Writer, asJSON bool) {
	if asJSON {
		json.NewEncoder(out).Encode(r)
		return
	}
	fmt.Fprintf(out, "\n%d runs: %d passed, %d failed. %d mails, %d doubts, %d duplicates, %d missing, %d late.\n",
		r.Runs, r.Passed, r.Failed, r.Mails, r.Doubts, r.Duplicates, r.Missing, r.Late)
	for _, kind := range slices.Sorted(maps.Keys(r.Faults)) {
		fmt.Fprintf(out, "  %6d × %s\n", r.Faults[kind], kind)
	}
}

func (r Run) print(out io.Writer, asJSON bool) {
	if asJSON {
		json.NewEncoder(out).Encode(r)
		return
	}
	word := "ok    "
	if !r.Passed {
		word = "FAILED"
	}
	fmt.Fprintf(out, "%s seed %d on %s, %.0f s: %d mails, %d doubts of at most %d, %d duplicates, %d missing, %d late\n       %s\n",
		word, r.Plan.Seed, r.Plan.Engine, r.Seconds, r.Sum.Mails, r.Sum.Doubts, r.Sum.AtStake, r.Sum.Duplicates, r.Sum.Missing, r.Sum.Late, r.Plan)
	for _, n := range r.Notes {
		fmt.Fprintln(out, "       note:", n)
	}
	for _, f := range r.Findings {
		fmt.Fprintln(out, "       found:", f)
	}
	if !r.Passed {
		fmt.Fprintf(out, "       again: %s\n       logs:  %s\n", r.Repeat, r.Kept)
	}
}
