package demo

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/collabpulse/weekly/internal/address"
	"github.com/collabpulse/weekly/internal/consent"
	"github.com/collabpulse/weekly/internal/mailbox"
	"github.com/collabpulse/weekly/internal/subscriber"
	"github.com/collabpulse/weekly/internal/topic"
)

// readers is how many people read the demo's digest.
const readers = 50

// zones are where they live.
var zones = []string{"Europe/Berlin", "America/New_York", "Asia/Tokyo", "Africa/Lagos", "America/Sao_Paulo", "Asia/Kolkata", "Australia/Sydney", "Europe/Lisbon"}

// names are theirs; with a number they make addresses.
var names = []string{"mara", "jonas", "adaeze", "yuki", "rafael", "freya", "priya", "lior", "noor", "caleb"}

func reader(i int) string { return fmt.Sprintf("%s.%02d@readers.example", names[i%len(names)], i+1) }

// leaver is the reader who signs up by the form and later leaves.
const leaver = 0

// subscribe brings forty-nine readers along and signs one up the way anybody does.
func (w *Walk) subscribe(ctx context.Context) error {
	var profiles []subscriber.Profile
	for i := 1; i < readers; i++ {
		a, err := address.Parse(reader(i))
		if err != nil {
			return err
		}
		profiles = append(profiles, subscriber.Profile{Address: a, Topics: choice(i), Language: "en", Timezone: zones[i%len(zones)], State: subscriber.Active})
	}
	if _, err := w.Store.ImportSubscribers(ctx, profiles, subscriber.Evidence{Page: "import", Wording: consent.Wording}); err != nil {
		return err
	}
	if err := w.signUp(ctx, reader(leaver)); err != nil {
		return err
	}
	counts, err := w.Store.CountSubscribers(ctx)
	w.report.Subscribers = counts[subscriber.Active]
	w.say("Subscribed  %d readers: %d imported, one through the form, confirmed by mail.", counts[subscriber.Active], len(profiles))
	return err
}

// choice is the topics of the i-th reader: one, several or all of the four.
func choice(i int) topic.Set {
	var s topic.Set
	for bit, t := range topic.Defaults() {
		if (1+i%15)&(1<<bit) != 0 {
			s |= topic.Of(t.ID)
		}
	}
	return s
}

// confirmLink finds the address behind the button of a confirmation mail.
var confirmLink = regexp.MustCompile(`https?://\S+/confirm/[A-Za-z0-9_-]+`)

// signUp fills in the form, waits for the mail, and presses the button behind its link.
func (w *Walk) signUp(ctx context.Context, who string) error {
	if err := post(ctx, w.Site.Base()+"/subscribe", url.Values{"email": {who}}); err != nil {
		return err
	}
	m, err := w.newest(ctx, who, "confirmation mail", func(m mailbox.Message) bool { return confirmLink.MatchString(m.Text) })
	if err != nil {
		return err
	}
	return post(ctx, confirmLink.FindString(m.Text), nil)
}

// newest waits for a mail to somebody that is the one meant.
func (w *Walk) newest(ctx context.Context, who, what string, meant func(mailbox.Message) bool) (found mailbox.Message, err error) {
	err = until(ctx, "the "+what, func() (bool, error) {
		for _, summary := range w.Mailbox.Find(who) {
			m, err := w.Mailbox.Message(summary.ID)
			if err != nil {
				return false, err
			}
			if meant(m) {
				found = m
				return true, nil
			}
		}
		return false, nil
	})
	return found, err
}

func post(ctx context.Context, to string, form url.Values) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, to, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	io.Copy(io.Discard, answer.Body)
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("demo: a form was answered %s", answer.Status)
	}
	return nil
}
