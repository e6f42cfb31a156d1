package send_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/link"
	"github.com/collabpulse/weekly/internal/message"
	"github.com/collabpulse/weekly/internal/outbox"
	"github.com/collabpulse/weekly/internal/send"
	"github.com/collabpulse/weekly/internal/story"
	"github.com/collabpulse/weekly/internal/subscriber"
	"github.com/collabpulse/weekly/internal/topic"
)

// office is where a letter finds everything it speaks of.
type office struct {
	letter  outbox.Letter
	digest  digest.Digest
	latest  error
	failing error // what Digest fails with
	wrote   outbox.Facts
	tested  digest.Snapshot
	writing error
}

func (o *office) Letter(_ context.Context, id int64) (outbox.Letter, delivery.Salt, error) {
	if id != o.letter.ID {
		return outbox.Letter{}, delivery.Salt{}, fault.New(fault.NotFound, "There is no such letter.")
	}
	return o.letter, theSalt, nil
}

func (o *office) Subscriber(_ context.Context, id int64) (subscriber.Subscriber, error) {
	if id != 42 {
		return subscriber.Subscriber{}, fault.New(fault.NotFound, "There is no such reader.")
	}
	return subscriber.Subscriber{ID: id, Key: theKey, Language: "fr"}, nil
}

func (o *office) Digest(context.Context, int64) (digest.Digest, error) { return o.digest, o.failing }

func (o *office) LatestDigest(context.Context) (digest.Digest, error) {
	return digest.Digest{ID: 6}, o.latest
}

func (o *office) Tally(context.Context, int64) (delivery.Tally, error) {
	return delivery.Tally{Planned: 3, Sent: 3}, nil
}

func (o *office) Snapshot(_ context.Context, id int64) (digest.Snapshot, string, error) {
	return digest.Snapshot{Digest: id, Subject: "As approved"}, "hash", nil
}

func (o *office) Topics(context.Context) ([]topic.Topic, error) { return topic.Defaults(), nil }

func (o *office) Bundle() string { return "bundle" }

// pen is the office's writer.
type pen struct{ *office }

func (p pen) Letter(kind outbox.Kind, f outbox.Facts) (outbox.Words, error) {
	p.wrote = f
	return outbox.Words{Subject: kind.String(), Text: f.Link, HTML: "<p>"}, p.writing
}

func (p pen) Test(s digest.Snapshot) (outbox.Words, error) {
	p.tested = s
	return outbox.Words{Subject: "[Test] " + s.Subject, Text: "words"}, p.writing
}

var signer = link.NewSigner([][]byte{[]byte("a secret for tests only")})

func stationery(now func() time.Time) send.Stationery {
	return send.Stationery{Signer: signer, Site: site(), Now: now}
}

func (o *office) compose(t *testing.T, to delivery.Recipient) (message.Message, error) {
	t.Helper()
	c := send.NewLetterComposer(o, o, o, pen{o}, send.LetterOptions{
		Stationery: stationery(func() time.Time { return sendingAt }),
		Next:       func(after time.Time) digest.Slot { return digest.Slot{At: after.Add(7 * 24 * time.Hour)} },
	})
	return c.Compose(t.Context(), delivery.Outbox, delivery.Claim{Item: to.Item}, to)
}

var addressee = delivery.Recipient{Item: delivery.Item{ID: 5, Attempt: 1}, Address: addressOf(42), Language: "en"}

// write composes a letter of the kind and returns it with its facts.
func write(t *testing.T, l outbox.Letter) (message.Message, outbox.Facts) {
	t.Helper()
	l.ID = addressee.ID
	o := &office{letter: l, digest: digest.Digest{ID: 7, Subject: "This week", Reason: "It was found late.", SendAt: sendingAt, Excluded: digest.Excluded{Paused: 2}}}
	m, err := o.compose(t, addressee)
	if err != nil {
		t.Fatal(err)
	}
	return m, o.wrote
}

func TestAConfirmationLinkIsTiedToItsSignUpAndExpires(t *testing.T) {
	t.Parallel()
	created := sendingAt.Add(-time.Hour)
	m, f := write(t, outbox.Letter{Kind: outbox.Confirm, Subscriber: 42, Stamp: 1234, Created: created})
	token, ok := strings.CutPrefix(f.Link, "https://pulse.example/confirm/")
	if !ok {
		t.Fatalf("the link is %q", f.Link)
	}
	got, err := signer.Verify(link.Confirm, token, sendingAt)
	want := link.Claim{Subject: 42, Stamp: 1234, Expires: created.Add(link.ConfirmFor)}
	if err != nil || got != want {
		t.Errorf("the link says %+v, %v; want %+v", got, err, want)
	}
	if m.Leave != "" || m.Subject != "confirm" || m.Language != "fr" || m.ID != theSalt.MessageID(5) || m.Return == "" {
		t.Errorf("the mail is %+v", m)
	}
}

func TestASignInLinkLivesAsLongAsItsLetter(t *testing.T) {
	t.Parallel()
	m, f := write(t, outbox.Letter{Kind: outbox.SignIn, Editor: 1, SignIn: 9, Expires: sendingAt.Add(link.SignInFor)})
	token, ok := strings.CutPrefix(f.Link, "https://pulse.example/console/sign-in/")
	if !ok {
		t.Fatalf("the link is %q", f.Link)
	}
	got, err := signer.Verify(link.SignIn, token, sendingAt)
	if err != nil || got.Subject != 9 || !got.Expires.Equal(sendingAt.Add(link.SignInFor)) {
		t.Errorf("the link says %+v, %v", got, err)
	}
	if m.Return != "" {
		t.Error("an editor's mail has a reader's return token")
	}
}

func TestLettersToReadersCarryTheirOwnLinkToLeave(t *testing.T) {
	t.Parallel()
	for _, kind := range []outbox.Kind{outbox.Welcome, outbox.Already, outbox.LeaveByMail, outbox.PreferencesByMail} {
		_, got := write(t, outbox.Letter{Kind: kind, Subscriber: 42})
		want := outbox.Facts{
			Link:   "https://pulse.example/leave/" + theKey.Token(link.Leave, 42),
			First:  sendingAt.Add(7 * 24 * time.Hour),
			Latest: "https://pulse.example/digests/6",

			Preferences: ownPreferences(0),
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%v: %s", kind, diff)
		}
	}
}

func TestBeforeTheFirstDigestAWelcomeLinksNone(t *testing.T) {
	t.Parallel()
	o := &office{letter: outbox.Letter{ID: 5, Kind: outbox.Welcome, Subscriber: 42}, latest: fault.New(fault.NotFound, "None yet.")}
	if _, err := o.compose(t, addressee); err != nil || o.wrote.Latest != "" {
		t.Errorf("links %q, %v", o.wrote.Latest, err)
	}
}

func TestEditorsAreToldWhatADigestNeedsOrDid(t *testing.T) {
	t.Parallel()
	for _, kind := range []outbox.Kind{outbox.Review, outbox.Held, outbox.Finished} {
		_, got := write(t, outbox.Letter{Kind: kind, Editor: 1, Digest: 7})
		want := outbox.Facts{
			Digest: "This week", Reason: "It was found late.", SendAt: sendingAt, Excluded: digest.Excluded{Paused: 2},
			Tally: delivery.Tally{Planned: 3, Sent: 3}, Console: "https://pulse.example/console/digests/7",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%v: %s", kind, diff)
		}
	}
}

func TestATestLetterShowsTheDraftAsAnApprovalWouldFreezeIt(t *testing.T) {
	t.Parallel()
	d := digest.Digest{ID: 7, Subject: "Draft", LineUp: digest.LineUp{Places: []digest.Place{
		{Story: story.Story{ID: 1, Title: "In", Topic: 1}, Position: 1, Included: true},
		{Story: story.Story{ID: 2, Title: "Out", Topic: 1}, Position: 2},
	}}}
	o := &office{letter: outbox.Letter{ID: 5, Kind: outbox.Test, Editor: 1, Digest: 7}, digest: d}
	m, err := o.compose(t, addressee)
	if err != nil {
		t.Fatal(err)
	}
	if m.Subject != "[Test] Draft" || len(o.tested.Sections) != 1 || len(o.tested.Sections[0].Stories) != 1 {
		t.Errorf("the test is %+v of %+v", m, o.tested)
	}
	if !o.tested.Date.Equal(sendingAt) || o.tested.Bundle != "bundle" {
		t.Errorf("dated %v, bundle %q", o.tested.Date, o.tested.Bundle)
	}
}

func TestATestOfAnApprovedDigestIsMadeFromItsSnapshot(t *testing.T) {
	t.Parallel()
	o := &office{letter: outbox.Letter{ID: 5, Kind: outbox.Test, Digest: 7}, digest: digest.Digest{ID: 7, Hash: "hash"}}
	if m, err := o.compose(t, addressee); err != nil || m.Subject != "[Test] As approved" {
		t.Errorf("got %q, %v", m.Subject, err)
	}
}

func TestALetterAboutNothingIsSettledAndOneInAnOutageWaits(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		office  office
		forEver bool
	}{
		{"the letter is gone", office{}, true},
		{"the reader is gone", office{letter: outbox.Letter{ID: 5, Kind: outbox.Confirm, Subscriber: 1}}, true},
		{"nothing is in the digest", office{letter: outbox.Letter{ID: 5, Kind: outbox.Test}, digest: digest.Digest{Subject: "Empty"}}, true},
		{"it cannot be written", office{letter: outbox.Letter{ID: 5, Kind: outbox.Review}, writing: errors.New("no template")}, true},
		{"no greeting for want of a database", office{letter: outbox.Letter{ID: 5, Kind: outbox.Welcome, Subscriber: 42}, latest: errAway}, false},
		{"no report for want of a database", office{letter: outbox.Letter{ID: 5, Kind: outbox.Review}, failing: errAway}, false},
		{"no test for want of a database", office{letter: outbox.Letter{ID: 5, Kind: outbox.Test}, failing: errAway}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := tt.office.compose(t, addressee)
			if _, forEver := errors.AsType[*send.Unmailable](err); err == nil || forEver != tt.forEver {
				t.Errorf("got %v, for ever %v; want %v", err, forEver, tt.forEver)
			}
		})
	}
}
