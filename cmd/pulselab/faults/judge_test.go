package faults

import (
	"strings"
	"testing"
	"time"

	"github.com/collabpulse/weekly/internal/delivery"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// honest is a run in which all went well: ann got hers, bob got his twice after a
// doubt, cid was refused for good and dan left before his turn.
func honest() Evidence {
	return Evidence{
		Readers: []string{"ann", "bob", "cid", "dan"},
		Mails:   []Mail{{To: "ann", Begun: noon}, {To: "bob", Begun: noon}, {To: "bob", Begun: noon.Add(time.Minute)}},
		Refused: map[string]int{"cid": 1},
		Left:    map[string]Absence{"dan": {Acknowledged: noon, Connections: 1}},
		State:   "sent", Planned: 4, AtStake: 16,
		Counts: map[delivery.State]int{delivery.Sent: 2, delivery.Failed: 1, delivery.Skipped: 1},
		Rows: map[string]Row{"ann": {State: delivery.Sent}, "bob": {State: delivery.Sent, Doubts: 1},
			"cid": {State: delivery.Failed, Reason: delivery.Refused}, "dan": {State: delivery.Skipped, Reason: delivery.Inactive}},
	}
}

func TestAnHonestRunIsInOrder(t *testing.T) {
	t.Parallel()
	sum, findings := Judge(honest())
	if len(findings) != 0 {
		t.Errorf("found %q", findings)
	}
	if want := (Sum{Mails: 3, Doubts: 1, Duplicates: 1, Refused: 1, Left: 1, AtStake: 16}); sum != want {
		t.Errorf("figures %+v, want %+v", sum, want)
	}
}

func TestEveryBrokenPromiseIsFound(t *testing.T) {
	t.Parallel()
	many := func(e *Evidence, to string, n int, at time.Time) {
		for range n {
			e.Mails = append(e.Mails, Mail{To: to, Begun: at})
		}
	}
	lies := map[string]struct {
		tell func(*Evidence)
		says string
	}{
		"sent, and nothing came":      {func(e *Evidence) { e.Mails = e.Mails[1:] }, "ann got nothing and the ledger says sent"},
		"a copy without a doubt":      {func(e *Evidence) { many(e, "ann", 1, noon) }, "ann got 2 mails with 0 doubts"},
		"more copies than doubts":     {func(e *Evidence) { many(e, "bob", 1, noon) }, "bob got 3 mails with 1 doubts"},
		"failed without a refusal":    {func(e *Evidence) { e.Refused = nil }, "cid got nothing and the ledger says failed"},
		"skipped without leaving":     {func(e *Evidence) { e.Left = nil }, "dan got nothing and the ledger says skipped"},
		"unknown after one doubt":     {func(e *Evidence) { e.Mails = e.Mails[1:]; e.Rows["ann"] = Row{State: delivery.Unknown, Doubts: 1} }, "ann got nothing and the ledger says unknown"},
		"a row too few":               {func(e *Evidence) { delete(e.Rows, "bob") }, "does not add up"},
		"a row of nobody":             {func(e *Evidence) { e.Strays = 1 }, "does not add up"},
		"a row still queued":          {func(e *Evidence) { e.Rows["ann"] = Row{State: delivery.Queued} }, "does not add up"},
		"a tally that is not so":      {func(e *Evidence) { e.Counts[delivery.Sent] = 3 }, "the product tells of 3 sent"},
		"a digest that never ends":    {func(e *Evidence) { e.State = "sending" }, "the digest is sending"},
		"doubts out of nothing":       {func(e *Evidence) { e.AtStake = 0 }, "1 doubts, and at most 0"},
		"a stranger":                  {func(e *Evidence) { many(e, "eve", 1, noon) }, "eve was mailed"},
		"mailed on after leaving":     {func(e *Evidence) { many(e, "dan", 17, noon.Add(time.Second)) }, "17 mails were begun after"},
		"mailed on during a pause":    {func(e *Evidence) { e.Pauses = []Break{{From: noon.Add(-time.Second), To: noon.Add(time.Second)}} }, "while the digest was paused"},
		"mailed although never asked": {func(e *Evidence) { e.Readers = e.Readers[1:] }, "ann was mailed and is no reader"},
	}
	for name, lie := range lies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := honest()
			lie.tell(&e)
			if _, findings := Judge(e); !strings.Contains(strings.Join(findings, "\n"), lie.says) {
				t.Errorf("found %q, want %q", findings, lie.says)
			}
		})
	}
}

func TestWhatWasInHandIsForgiven(t *testing.T) {
	t.Parallel()
	e := honest()
	e.Left["dan"] = Absence{Acknowledged: noon, Connections: 1}
	e.Mails = append(e.Mails, Mail{To: "dan", Begun: noon.Add(time.Millisecond)})
	e.Rows["dan"] = Row{State: delivery.Sent}
	e.Counts = map[delivery.State]int{delivery.Sent: 3, delivery.Failed: 1}
	if sum, findings := Judge(e); len(findings) != 0 || sum.Late != 1 {
		t.Errorf("%d late, found %q", sum.Late, findings)
	}
}

func TestAReaderWhoseSecondDoubtIsOpenIsNotMissing(t *testing.T) {
	t.Parallel()
	e := honest()
	e.Mails = e.Mails[1:]
	e.Rows["ann"] = Row{State: delivery.Unknown, Doubts: 2}
	e.Counts = map[delivery.State]int{delivery.Sent: 1, delivery.Failed: 1, delivery.Skipped: 1, delivery.Unknown: 1}
	if sum, findings := Judge(e); len(findings) != 0 || sum.Missing != 0 {
		t.Errorf("%d missing, found %q", sum.Missing, findings)
	}
}
