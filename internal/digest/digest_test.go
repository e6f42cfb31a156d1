package digest

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/collabpulse/weekly/internal/fault"
)

func TestWhatMayBeDoneToADigest(t *testing.T) {
	t.Parallel()
	states := []State{Draft, Approved, Sending, Sent, Skipped, Held, Paused, Cancelled}
	may := map[Action][]State{
		Edit:    {Draft, Approved, Held},
		Approve: {Draft, Held},
		Launch:  {Approved, Held},
		Pause:   {Sending},
		Resume:  {Paused},
		Cancel:  {Draft, Approved, Sending, Held, Paused},
	}
	for action, in := range may {
		for _, state := range states {
			err := Check(state, action)
			if allowed := slices.Contains(in, state); allowed != (err == nil) {
				t.Errorf("%s a digest that is %s: %v", action, state, err)
			}
			if err != nil && (!fault.Is(err, fault.Conflict) || !strings.Contains(fault.Message(err), state.String()) || !strings.Contains(fault.Message(err), string(action))) {
				t.Errorf("%s a digest that is %s: the fault does not say so: %v", action, state, err)
			}
		}
	}
	if Check(Draft, "praise") == nil {
		t.Error("an action that is none is allowed")
	}
}

func TestStatesHaveTheirStoredNumbers(t *testing.T) {
	t.Parallel()
	for i, word := range []string{"draft", "approved", "sending", "sent", "skipped", "held", "paused", "cancelled", "unknown"} {
		if got := State(i).String(); got != word {
			t.Errorf("state %d is %q, want %q", i, got, word)
		}
	}
}

func TestTextsSayWhichOfThemIsWrong(t *testing.T) {
	t.Parallel()
	fine := Texts{Subject: strings.Repeat("ä", MaxSubject), Preheader: strings.Repeat("ä", MaxPreheader), Intro: strings.Repeat("ä", MaxIntro)}
	if err := fine.Check(); err != nil {
		t.Errorf("texts at their limits: %v", err)
	}
	for field, spoil := range map[string]func(*Texts){
		"subject":   func(t *Texts) { t.Subject += "x" },
		"preheader": func(t *Texts) { t.Preheader += "x" },
		"intro":     func(t *Texts) { t.Intro += "x" },
	} {
		texts := fine
		spoil(&texts)
		if f, ok := texts.Check().(*fault.Error); !ok || f.Kind != fault.Invalid || f.Field != field {
			t.Errorf("%s too long: %v", field, texts.Check())
		}
	}
	for _, subject := range []string{"", " \t\n"} {
		if f, ok := (Texts{Subject: subject}).Check().(*fault.Error); !ok || f.Field != "subject" {
			t.Errorf("subject %q is taken", subject)
		}
	}
}

func TestASlotByHandIsNone(t *testing.T) {
	t.Parallel()
	if !(Slot{}).IsZero() || (Slot{Schedule: "weekly"}).IsZero() {
		t.Error("only a slot without a schedule is none")
	}
}

func TestTheMastheadShowsTheDayOfSendingOrToday(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		digest Digest
		want   time.Time
	}{
		"not scheduled": {Digest{}, now},
		"scheduled":     {Digest{State: Approved, SendAt: now.Add(time.Hour)}, now.Add(time.Hour)},
		"overdue":       {Digest{State: Approved, SendAt: now.Add(-time.Hour)}, now},
		"held":          {Digest{State: Held, SendAt: now.Add(time.Hour)}, now},
	} {
		if got := c.digest.Day(now); !got.Equal(c.want) {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestEveryReasonForWhichReadersAreLeftOutIsNamed(t *testing.T) {
	t.Parallel()
	var e Excluded
	if len(e.Reasons()) != 0 {
		t.Errorf("nobody is left out: %v", e.Reasons())
	}
	fields := reflect.ValueOf(&e).Elem()
	for i := range fields.NumField() {
		fields.Field(i).SetInt(int64(i + 1))
	}
	seen, words := map[int]bool{}, map[string]bool{}
	for _, x := range e.Reasons() {
		seen[x.Count], words[x.Words] = true, true
	}
	if len(seen) != fields.NumField() || len(words) != fields.NumField() {
		t.Errorf("%d reasons of %d are named: %v", len(seen), fields.NumField(), e.Reasons())
	}
}
