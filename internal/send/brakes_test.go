package send_test

import (
	"sync"
	"testing"
	"time"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/message"
	"github.com/collabpulse/weekly/internal/send"
)

var tooMuch = delivery.Outcome{Verdict: delivery.Deferred, Stage: delivery.AtRcpt, Code: 421, Enhanced: "4.7.28"}

// halfWithGmail puts half of the readers into Gmail's domain group, and names them.
func (d *desk) halfWithGmail() map[string]bool {
	gmail := map[string]bool{}
	for id, r := range d.rows {
		r.group = "other"
		if id%2 == 0 {
			r.group = "gmail"
			gmail[addressOf(id).String()] = true
		}
	}
	return gmail
}

// throttled is a desk of which half of the readers are with Gmail, which takes
// mail again after the time given.
func (d *desk) throttled(again time.Duration) {
	begun := time.Now()
	gmail := d.halfWithGmail()
	d.answer = func(m message.Message) delivery.Outcome {
		if gmail[m.To.String()] && time.Since(begun) < again {
			return tooMuch
		}
		return delivery.Outcome{Verdict: delivery.Accepted, Code: 250}
	}
}

func TestAGroupThatThrottlesStopsAndTheOthersGoOn(t *testing.T) {
	inBubble(t, 1000, func(t *testing.T, d *desk) {
		d.throttled(time.Hour)
		d.drain(t)
		d.wantCount(t, map[delivery.State]int{delivery.Sent: 500, delivery.Queued: 500})
		if asked := d.total - 500; asked > delivery.Group {
			t.Errorf("Gmail was asked %d times after it had said stop", asked)
		}
		if held := d.sender.Groups(); len(held) != 1 || held[0].Name != "gmail" || !held[0].Until.After(time.Now()) || held[0].Width != 1 {
			t.Errorf("held back: %+v", held)
		}
		d.drain(t)
		if asked := d.total - 500; asked > delivery.Group {
			t.Errorf("Gmail was asked again within ten minutes")
		}
	})
}

func TestAGroupThatStoppedIsSentToAfterTenMinutes(t *testing.T) {
	inBubble(t, 400, func(t *testing.T, d *desk) {
		d.throttled(time.Minute)
		d.drain(t)
		time.Sleep(11 * time.Minute)
		d.drain(t)
		d.wantCount(t, map[delivery.State]int{delivery.Sent: 400})
		if d.total > 400+delivery.Group {
			t.Errorf("%d mails were offered to 400 readers", d.total)
		}
	})
}

func TestALaneStaysWhileAGroupRestsForAShortTime(t *testing.T) {
	inBubbleWith(t, 400, send.Options{Rest: 20 * time.Second}, func(t *testing.T, d *desk) {
		d.throttled(10 * time.Second)
		began := time.Now()
		var lanes sync.WaitGroup
		for range 4 {
			lanes.Go(func() { d.drain(t) })
		}
		lanes.Wait() // nobody wakes one again
		if sent := d.count()[delivery.Sent]; sent < 400-4*delivery.Group {
			t.Errorf("%d readers have it after %s", sent, time.Since(began))
		}
	})
}
