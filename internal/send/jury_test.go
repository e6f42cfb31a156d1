package send_test

import (
	"strings"
	"testing"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/message"
)

var (
	noSuchUser = delivery.Outcome{Verdict: delivery.RefusedForGood, Stage: delivery.AtRcpt, Code: 550, Enhanced: "5.1.1"}
	blocked    = delivery.Outcome{Verdict: delivery.RefusedForGood, Stage: delivery.AtEnd, Code: 550, Enhanced: "5.7.1"}
)

// saysTo has the relay answer so to some readers, and take the mail of the others.
func (d *desk) saysTo(o delivery.Outcome, whom func(id int64) bool) {
	to := map[string]bool{}
	for id := range d.rows {
		to[addressOf(id).String()] = whom(id)
	}
	d.answer = func(m message.Message) delivery.Outcome {
		if to[m.To.String()] {
			return o
		}
		return delivery.Outcome{Verdict: delivery.Accepted, Code: 250}
	}
}

func everybody(int64) bool { return true }

func TestARelayThatRefusesEverybodyCostsNobodyTheirDigest(t *testing.T) {
	inBubble(t, 1000, func(t *testing.T, d *desk) {
		d.saysTo(noSuchUser, everybody)
		if err := d.sender.Drain(t.Context(), digestScope); !fault.Is(err, fault.Conflict) {
			t.Errorf("the lane ended with %v", err)
		}
		d.wantCount(t, map[delivery.State]int{delivery.Queued: 1000})
		if !strings.Contains(d.paused, "550 5.1.1 to 16 of the last 16 readers") {
			t.Errorf("paused because: %s", d.paused)
		}
		if d.total > delivery.Group {
			t.Errorf("%d mails were offered before it stopped", d.total)
		}
	})
}

func TestAnAnswerThatAnEditorToleratesIsTheReadersOwn(t *testing.T) {
	inBubble(t, 1000, func(t *testing.T, d *desk) {
		d.saysTo(noSuchUser, everybody)
		d.tolerated = noSuchUser.Charge()
		d.drain(t)
		d.wantCount(t, map[delivery.State]int{delivery.Failed: 1000})
	})
}

func TestTwoDeadAddressesInAHundredAreNoReasonToStop(t *testing.T) {
	inBubble(t, 1000, func(t *testing.T, d *desk) {
		d.saysTo(noSuchUser, func(id int64) bool { return id%50 == 0 })
		d.drain(t)
		d.wantCount(t, map[delivery.State]int{delivery.Failed: 20, delivery.Sent: 980})
	})
}

func TestOneReadersServerCannotStopADigest(t *testing.T) {
	inBubble(t, 300, func(t *testing.T, d *desk) {
		d.saysTo(blocked, func(id int64) bool { return id <= 9 })
		for id := range d.rows {
			d.rows[id].group = "one.example"
		}
		d.drain(t)
		d.wantCount(t, map[delivery.State]int{delivery.Failed: 9, delivery.Sent: 291})
	})
}

func TestThreeProvidersThatBlameTheSenderStopADigest(t *testing.T) {
	inBubble(t, 300, func(t *testing.T, d *desk) {
		groups := map[int64]string{5: "gmail", 6: "yahoo", 7: "outlook"}
		d.saysTo(blocked, func(id int64) bool { return groups[id] != "" })
		for id, group := range groups {
			d.rows[id].group = group
		}
		if err := d.sender.Drain(t.Context(), digestScope); !fault.Is(err, fault.Conflict) {
			t.Errorf("the lane ended with %v", err)
		}
		if d.paused == "" {
			t.Error("it was not paused")
		}
	})
}
