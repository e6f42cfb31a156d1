package send_test

import (
	"sync"
	"testing"
	"time"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/message"
	"github.com/collabpulse/weekly/internal/send"
)

// timed is a desk of which half of the readers are with Gmail, and notes when mail
// came to them and to the others.
func (d *desk) timed() (gmail, others *[]time.Duration) {
	gmail, others = new([]time.Duration), new([]time.Duration)
	begun := time.Now()
	var mu sync.Mutex // lanes hand over side by side
	theirs := d.halfWithGmail()
	d.answer = func(m message.Message) delivery.Outcome {
		mu.Lock()
		defer mu.Unlock()
		if theirs[m.To.String()] {
			*gmail = append(*gmail, time.Since(begun))
		} else {
			*others = append(*others, time.Since(begun))
		}
		return delivery.Outcome{Verdict: delivery.Accepted, Code: 250}
	}
	return gmail, others
}

// mostWithin is the most of sorted times in any span of that length.
func mostWithin(times []time.Duration, span time.Duration) (most int) {
	for i, first := range times {
		n := 0
		for _, at := range times[i:] {
			if at-first < span {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}

func TestAGroupWithARateGetsSoManyASecondAndTheOthersGoOn(t *testing.T) {
	inBubbleWith(t, 1200, send.Options{Rates: map[string]delivery.Rate{"gmail": 20}}, func(t *testing.T, d *desk) {
		gmail, others := d.timed()
		var lanes sync.WaitGroup
		for range 4 {
			lanes.Go(func() { d.drain(t) })
		}
		lanes.Wait()
		d.wantOnce(t, 1200)
		if last := (*others)[599]; last > time.Second {
			t.Errorf("the others had to wait %s for a group with a rate", last)
		}
		if most := mostWithin(*gmail, 10*time.Second); most > 10*20+20 {
			t.Errorf("Gmail got %d mails within ten seconds, at 20 a second", most)
		}
		if last := (*gmail)[599]; last < 28*time.Second || last > 40*time.Second {
			t.Errorf("600 mails at 20 a second took %s", last)
		}
		if d.claims > 400 {
			t.Errorf("%d claims: rows without leave are claimed again and again", d.claims)
		}
	})
}

func TestSeveralProcessesShareARate(t *testing.T) {
	inBubbleWith(t, 400, send.Options{Rates: map[string]delivery.Rate{"gmail": 20}}, func(t *testing.T, d *desk) {
		d.sender.ShareAmong(4)
		gmail, _ := d.timed()
		d.drain(t)
		if last := (*gmail)[199]; last < 36*time.Second {
			t.Errorf("a process that is one of four sent 200 mails in %s, at 20 a second for all", last)
		}
	})
}

func TestASlowRateIsKeptThoughRowsComeInHandfuls(t *testing.T) {
	inBubbleWith(t, 80, send.Options{Rates: map[string]delivery.Rate{"gmail": 0.5}}, func(t *testing.T, d *desk) {
		gmail, _ := d.timed()
		d.drain(t)
		if last := (*gmail)[39]; last < 45*time.Second || last > 90*time.Second {
			t.Errorf("40 mails at one in two seconds took %s", last)
		}
	})
}

func TestALaneThatWaitsForARateEndsWithItsDigest(t *testing.T) {
	inBubbleWith(t, 400, send.Options{Rates: map[string]delivery.Rate{"gmail": 1}}, func(t *testing.T, d *desk) {
		d.timed()
		_, ended := d.start(t)
		time.Sleep(10 * time.Second)
		d.with(func() { d.paused = "by an editor" })
		paused := time.Now()
		if err := ended(); err != nil || time.Since(paused) > 6*time.Second {
			t.Errorf("it ended after %s: %v", time.Since(paused), err)
		}
	})
}

func TestStoppingDoesNotWaitForARate(t *testing.T) {
	inBubbleWith(t, 400, send.Options{Rates: map[string]delivery.Rate{"gmail": 1}}, func(t *testing.T, d *desk) {
		d.timed()
		stop, ended := d.start(t)
		time.Sleep(10 * time.Second)
		stop()
		stopped := time.Now()
		if ended(); time.Since(stopped) > time.Second {
			t.Errorf("it ended after %s", time.Since(stopped))
		}
	})
}

func TestAWarmUpSendsEachDayItsBudgetAndTheRestTomorrowAtTheSameHour(t *testing.T) {
	begun := "2000-01-01" // when time begins in a bubble
	calendar, err := delivery.ParseWarmUp(begun + ": 50 100 200")
	if err != nil {
		t.Fatal(err)
	}
	inBubbleWith(t, 1000, send.Options{WarmUp: calendar}, func(t *testing.T, d *desk) {
		time.Sleep(9 * time.Hour)
		for _, day := range []struct{ sent, claims int }{{50, 20}, {150, 20}, {350, 20}, {1000, 30}} {
			d.with(func() { d.claims = 0 })
			var lanes sync.WaitGroup
			for range 4 {
				lanes.Go(func() { d.drain(t) })
			}
			lanes.Wait()
			d.wantCount(t, map[delivery.State]int{delivery.Sent: day.sent, delivery.Queued: 1000 - day.sent})
			for _, r := range d.rows {
				if r.state == delivery.Queued && r.due.Hour() != 9 {
					t.Fatalf("put off until %s", r.due)
				}
			}
			time.Sleep(24 * time.Hour)
		}
		d.wantOnce(t, 1000)
	})
}
