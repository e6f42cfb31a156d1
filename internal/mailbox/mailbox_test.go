package mailbox

import (
	"context"
	"fmt"
	"net/smtp"
	"net/textproto"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/collabpulse/weekly/internal/fault"
)

// listen starts a mailbox that ends with the test.
func listen(t *testing.T) *Box {
	t.Helper()
	box, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := box.Close(t.Context()); err != nil && t.Context().Err() == nil {
			t.Errorf("close: %v", err)
		}
	})
	return box
}

// post hands one mail over by real SMTP.
func post(t *testing.T, box *Box, raw string, to ...string) {
	t.Helper()
	if err := smtp.SendMail(box.Addr(), nil, "bounces@pulse.example", to, []byte(raw)); err != nil {
		t.Fatal(err)
	}
}

func plain(subject string) string { return "Subject: " + subject + "\r\n\r\nHello.\r\n" }

const alternatives = "From: =?ISO-8859-1?Q?P=FCls?= <weekly@pulse.example>\r\n" +
	"To: mara@example.com\r\n" +
	"Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?=\r\n" +
	"Date: Tue, 24 Nov 2026 09:00:00 +0000\r\n" +
	"Content-Type: multipart/alternative; boundary=cut\r\n" +
	"\r\n" +
	"--cut\r\nContent-Type: text/plain; charset=windows-1252\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n10 =80=\r\n today\r\n" +
	"--cut\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\nPGI+MTAg4oKsPC9iPg==\r\n" +
	"--cut--\r\n"

func TestShowsAMessageAsAMailboxWould(t *testing.T) {
	t.Parallel()
	box := listen(t)
	before := time.Now()
	post(t, box, alternatives, "Mara@example.com")
	got, err := box.Message(1)
	if err != nil {
		t.Fatal(err)
	}
	want := Message{
		Summary: Summary{
			ID: 1, Sender: "bounces@pulse.example", Recipients: []string{"Mara@example.com"},
			From: "Püls <weekly@pulse.example>", To: "mara@example.com", Subject: "Grüße", Size: len(alternatives),
		},
		Date: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC),
		Text: "10 € today",
		HTML: "<b>10 €</b>",
		Headers: []Field{
			{"From", "Püls <weekly@pulse.example>"}, {"To", "mara@example.com"}, {"Subject", "Grüße"},
			{"Date", "Tue, 24 Nov 2026 09:00:00 +0000"}, {"Content-Type", "multipart/alternative; boundary=cut"},
		},
		Raw: []byte(alternatives),
	}
	if d := cmp.Diff(want, got, cmpopts.IgnoreFields(Summary{}, "Received"), cmpopts.EquateApproxTime(0)); d != "" {
		t.Error(d)
	}
	if got.Received.Before(before) || got.Received.After(time.Now()) {
		t.Errorf("received at %v", got.Received)
	}
	if d := cmp.Diff([]Summary{got.Summary}, box.Messages(10)); d != "" {
		t.Errorf("the list differs from the message: %s", d)
	}
}

func TestListsTheNewestFirst(t *testing.T) {
	t.Parallel()
	box := listen(t)
	for _, subject := range []string{"one", "two", "three"} {
		post(t, box, plain(subject), "mara@example.com")
	}
	if got := subjects(box.Messages(2)); !cmp.Equal(got, []string{"three", "two"}) {
		t.Errorf("got %q", got)
	}
	if got := subjects(box.Messages(99)); len(got) != 3 {
		t.Errorf("asked for more than there is: %q", got)
	}
	if got := box.Messages(-1); len(got) != 0 {
		t.Errorf("asked for less than nothing: %v", got)
	}
}

func subjects(list []Summary) []string {
	out := []string{}
	for _, s := range list {
		out = append(out, s.Subject)
	}
	return out
}

func TestForgetsTheOldestAndCountsThemAll(t *testing.T) {
	t.Parallel()
	box := listen(t)
	box.shelf.most = 2
	for _, subject := range []string{"one", "two", "three"} {
		post(t, box, plain(subject), "mara@example.com")
	}
	if got := subjects(box.Messages(10)); !cmp.Equal(got, []string{"three", "two"}) {
		t.Errorf("kept %q", got)
	}
	if box.Count() != 3 {
		t.Errorf("counted %d", box.Count())
	}
	if _, err := box.Message(1); !fault.Is(err, fault.NotFound) {
		t.Errorf("the forgotten one: %v", err)
	}
	for id, subject := range map[int64]string{2: "two", 3: "three"} {
		if m, err := box.Message(id); err != nil || m.Subject != subject {
			t.Errorf("message %d is %q, %v", id, m.Subject, err)
		}
	}
	for _, id := range []int64{-1, 0, 4, 1 << 62} {
		if _, err := box.Message(id); !fault.Is(err, fault.NotFound) {
			t.Errorf("message %d: %v", id, err)
		}
	}
}

func TestHoldsNoMoreOctetsThanItsBound(t *testing.T) {
	t.Parallel()
	s := shelf{most: 100, mostOctets: 10}
	for _, raw := range []string{"aaaa", "bbbb", "cccc"} {
		s.put(&item{raw: []byte(raw)})
	}
	if len(s.items) != 2 || s.octets != 8 {
		t.Errorf("kept %d messages of %d octets", len(s.items), s.octets)
	}
	s.put(&item{raw: []byte(strings.Repeat("d", 50))})
	if len(s.items) != 1 || s.octets != 50 {
		t.Errorf("a message over the bound: kept %d of %d octets; it alone should stay", len(s.items), s.octets)
	}
}

func TestFindsByEveryRecipientInAnyCase(t *testing.T) {
	t.Parallel()
	box := listen(t)
	post(t, box, plain("both"), "mara@example.com", "Noor@example.org")
	post(t, box, plain("hers"), "MARA@example.com")
	if got := subjects(box.Find("mara@EXAMPLE.com")); !cmp.Equal(got, []string{"hers", "both"}) {
		t.Errorf("mara got %q", got)
	}
	if got := subjects(box.Find("noor@example.org")); !cmp.Equal(got, []string{"both"}) {
		t.Errorf("noor got %q", got)
	}
	if got := box.Find("nobody@example.com"); len(got) != 0 {
		t.Errorf("nobody got %v", got)
	}
}

func TestListensOnThisMachineOnly(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{":0", "0.0.0.0:0", "[::]:0", "192.0.2.7:25", "mail.example.com:25", "127.0.0.1", ""} {
		box, err := Listen(addr)
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("listening on %q: %v", addr, err)
		}
		if box != nil {
			t.Errorf("%q is listened on", addr)
		}
	}
	box, err := Listen("localhost:0")
	if err != nil || !strings.HasPrefix(box.URL(), "smtp://127.0.0.1:") && !strings.HasPrefix(box.URL(), "smtp://[::1]:") {
		t.Fatalf("localhost: %v", err)
	}
	if _, err := Listen(box.Addr()); !fault.Is(err, fault.Unavailable) {
		t.Errorf("an address in use: %v", err)
	}
	if err := box.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestOffersWhatARelayWouldOffer(t *testing.T) {
	t.Parallel()
	box := listen(t)
	c, err := smtp.Dial(box.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, ext := range []string{"8BITMIME", "SMTPUTF8", "PIPELINING", "SIZE", "ENHANCEDSTATUSCODES"} {
		if ok, _ := c.Extension(ext); !ok {
			t.Errorf("%s is not offered", ext)
		}
	}
}

func TestTakesInternationalisedAddresses(t *testing.T) {
	t.Parallel()
	box := listen(t)
	post(t, box, plain("hello"), "мара@example.com")
	if got := box.Find("МАРА@example.com"); len(got) != 1 {
		t.Errorf("found %v", got)
	}
}

func TestRefusesAMessageThatIsTooLarge(t *testing.T) {
	t.Parallel()
	box := listen(t)
	box.server.MaxMessageBytes = 1000
	err := smtp.SendMail(box.Addr(), nil, "a@pulse.example", []string{"b@example.com"}, []byte(plain(strings.Repeat("x", 200)+"\r\n\r\n"+strings.Repeat("line\r\n", 400))))
	if reply, ok := err.(*textproto.Error); !ok || reply.Code != 552 {
		t.Errorf("got %v", err)
	}
	if box.Count() != 0 {
		t.Error("it was kept")
	}
}

func TestTakesMailFromManyAtOnce(t *testing.T) {
	t.Parallel()
	box := listen(t)
	var senders sync.WaitGroup
	for i := range 8 {
		senders.Go(func() {
			to := []string{fmt.Sprintf("reader%d@example.com", i)}
			for range 20 {
				if err := smtp.SendMail(box.Addr(), nil, "a@pulse.example", to, []byte(plain("x"))); err != nil {
					t.Error(err)
				}
				box.Messages(5)
				box.Find(to[0])
			}
		})
	}
	senders.Wait()
	if box.Count() != 160 || len(box.Find("reader3@example.com")) != 20 {
		t.Errorf("counted %d, reader3 has %d", box.Count(), len(box.Find("reader3@example.com")))
	}
}

func TestClosingCutsItsConnections(t *testing.T) {
	t.Parallel()
	box := listen(t)
	c, err := smtp.Dial(box.Addr())
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Hello("test"); err != nil {
		t.Fatal(err)
	}
	if err := box.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := c.Noop(); err == nil {
		t.Error("the connection still answers")
	}
	if _, err := smtp.Dial(box.Addr()); err == nil {
		t.Error("it still listens")
	}
	if err := box.Close(context.Background()); err != nil {
		t.Errorf("closing twice: %v", err)
	}
}
