package delivery

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

func TestNumbersKeepTheirWords(t *testing.T) {
	t.Parallel()
	for want, words := range map[string][]fmt.Stringer{
		"[queued claimed handing sent failed skipped unknown other]":                    {State(0), State(1), State(2), State(3), State(4), State(5), State(6), State(7)},
		"[ inactive suppressed erased cancelled expired refused broken obsolete other]": {Reason(0), Reason(1), Reason(2), Reason(3), Reason(4), Reason(5), Reason(6), Reason(7), Reason(8), Reason(9)},
		"[accepted refused deferred in doubt not tried other]":                          {Verdict(0), Verdict(1), Verdict(2), Verdict(3), Verdict(4), Verdict(5)},
	} {
		if got := fmt.Sprint(words); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestATallyIsReconciledWhenEveryRowHasOneEnd(t *testing.T) {
	t.Parallel()
	done := Tally{Planned: 10, Sent: 4, Failed: 3, Skipped: 2, Unknown: 1, Doubts: 2}
	if done.Settled() != 10 || !done.Reconciled() {
		t.Errorf("%+v", done)
	}
	for name, open := range map[string]Tally{
		"a row waits":            {Planned: 2, Sent: 1, Queued: 1, Deferred: 1},
		"a row is held":          {Planned: 2, Sent: 1, Claimed: 1},
		"a row is under way":     {Planned: 2, Sent: 1, Handing: 1},
		"a row is counted twice": {Planned: 1, Sent: 1, Unknown: 1},
	} {
		if open.Reconciled() {
			t.Errorf("%s: %+v is reconciled", name, open)
		}
	}
	if !(Tally{}).Reconciled() {
		t.Error("nothing planned and nothing sent do not agree")
	}
}

func TestAMessageIDIsTheSameAtEveryAttemptAndNobodyElses(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, salt := range []Salt{{}, {1}, {15: 1}} {
		for _, id := range []int64{-1, 0, 1, 2, 256, 1 << 40} {
			text := salt.MessageID(id)
			if text != salt.MessageID(id) {
				t.Errorf("%d differs from one time to the next", id)
			}
			if len(text) != 24 || seen[text] {
				t.Errorf("%q of %d", text, id)
			}
			seen[text] = true
			for _, c := range text { // RFC 5322 §3.2.3: it stands in a dot-atom
				if (c < 'a' || c > 'z') && (c < '2' || c > '7') {
					t.Errorf("%q of %d has a %q", text, id, c)
				}
			}
		}
	}
}

func TestBackingOffTakesTwiceAsLongEachTimeUpToFourHours(t *testing.T) {
	t.Parallel()
	for tries, want := range map[int]time.Duration{
		-1: time.Minute, 0: time.Minute, 1: time.Minute, 2: 2 * time.Minute, 3: 4 * time.Minute, 8: 128 * time.Minute,
		9: 4 * time.Hour, 12: 4 * time.Hour, 1 << 30: 4 * time.Hour,
	} {
		var waits []time.Duration
		for range 1000 {
			waits = append(waits, BackOff(tries))
		}
		least, most := slices.Min(waits), slices.Max(waits)
		if least < want*4/5 || most > want*6/5 {
			t.Errorf("after %d refusals between %v and %v, want %v give or take a fifth", tries, least, most, want)
		}
		if most-least < want/5 {
			t.Errorf("after %d refusals everybody comes back at once: between %v and %v", tries, least, most)
		}
	}
}

func TestMaxTriesIsReachedBeforePatienceEnds(t *testing.T) {
	t.Parallel()
	var longest time.Duration
	for tries := 1; tries < MaxTries; tries++ {
		longest += min(time.Minute<<(tries-1), 4*time.Hour) * 6 / 5
	}
	if longest > Patience {
		t.Errorf("the last try comes after %v, when the row has expired", longest)
	}
}
