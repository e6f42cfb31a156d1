package main

import (
	"database/sql"
	"fmt"
	"io"
	"log"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/collabpulse/weekly/internal/address"
	"github.com/collabpulse/weekly/internal/store"
	"github.com/collabpulse/weekly/internal/store/storetest"
)

// The size of the send that is killed, and what one kill may cost: each of the
// connections had at most one group on the wire.
const (
	killedReaders     = 1000
	killedConnections = 4
	perKill           = 16 * killedConnections
)

func TestAKilledSendReachesEverybodyAndHardlyAnybodyTwice(t *testing.T) {
	t.Parallel()
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		k := interrupt(t, "sqlite", storetest.SQLiteURL(t))
		k.launch()
		k.killAt(25)
		k.killAt(60)
		k.finish()
		k.reconcile(2)
	})
	// Here the dead process's rows wait for its lease to run out, and its tasks for
	// the queue to miss it, each more than a minute. So the test takes the rows back
	// as a sweep then does, and the next process begins with a queue that is empty,
	// as after a Redis that forgot everything.
	t.Run("postgres and redis", func(t *testing.T) {
		t.Parallel()
		k := interrupt(t, "pgx", storetest.PostgresURL(t), "PULSE_REDIS_URL="+redisURL(t))
		k.launch()
		k.killAt(40)
		k.sweep()
		k.finish()
		k.reconcile(1)
	})
}

// interrupted is an installation in the middle of a send.
type interrupted struct {
	*installation
	relay            *countingRelay
	driver, database string
	digest           string
}

// interrupt sets an installation up with its readers and stories.
func interrupt(t *testing.T, driver, database string, environ ...string) *interrupted {
	t.Helper()
	listen := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	relay := startCountingRelay(t)
	i := install(t, "http://"+listen, append([]string{"PULSE_DATABASE_URL=" + database, "PULSE_LISTEN=" + listen, "PULSE_REDIS_SPACE=" + ownSpace(),
		"PULSE_SMTP_URLS=" + relay.url, "PULSE_DNS=off", fmt.Sprintf("PULSE_SMTP_CONNECTIONS=%d", killedConnections),
		"PULSE_FROM=Pulse <weekly@pulse.test>", "PULSE_ALLOW_PRIVATE_SOURCES=true"}, environ...)...)
	i.importReaders(killedReaders)
	i.addFeeds()
	i.run("gather")
	return &interrupted{installation: i, relay: relay, driver: driver, database: database}
}

// launch has the next process that starts begin to send.
func (k *interrupted) launch() {
	k.digest = fmt.Sprint(row(k.t, k.run("digest", "compose", "--json"))["id"])
	k.run("digest", "approve", k.digest)
	k.run("digest", "send", k.digest, "--now")
}

// process starts one with a queue of its own.
func (k *interrupted) process() *process {
	return k.start([]string{"PULSE_REDIS_SPACE=" + ownSpace()}, "serve")
}

// killAt runs a process and kills it in the middle of things, once so many
// hundredths of the readers have their mail.
func (k *interrupted) killAt(percent int) {
	k.t.Helper()
	p := k.process()
	k.relay.await(k.t, killedReaders*percent/100)
	p.kill()
	if d := k.show(); d["state"] != "sending" || d["sent"] == float64(killedReaders) {
		k.t.Fatalf("the kill came too late: %v", d)
	}
}

// sweep takes back what the dead process held.
func (k *interrupted) sweep() {
	k.t.Helper()
	ledger, err := store.Open(k.t.Context(), k.database, store.Options{Now: time.Now, Hasher: address.NewHasher(nil)})
	must(k.t, err)
	defer ledger.Close()
	workers, err := ledger.Workers(k.t.Context())
	must(k.t, err)
	if len(workers) != 1 {
		k.t.Fatalf("after a kill the ledger knows %d workers", len(workers))
	}
	_, err = ledger.Reclaim(k.t.Context(), workers[0].ID)
	must(k.t, err)
}

// finish has the rest sent: first what nobody had begun, then the doubtful mails,
// which go out once more after a minute that the test does not wait for.
func (k *interrupted) finish() {
	k.t.Helper()
	p := k.process()
	eventually(k.t, "the rest to be sent", func() bool {
		d := k.show()
		return d["state"] == "sent" || d["claimed"] == 0.0 && d["handing"] == 0.0 && d["queued"].(float64) <= 2*perKill
	})
	p.stop(k.t)
	k.hurry()
	k.serve([]string{"PULSE_REDIS_SPACE=" + ownSpace()}, "serve")
	eventually(k.t, "the digest to be sent", func() bool { return k.show()["state"] == "sent" })
}

// hurry makes every row that waits due now.
func (k *interrupted) hurry() {
	k.t.Helper()
	db, err := sql.Open(k.driver, strings.TrimPrefix(k.database, "sqlite:"))
	must(k.t, err)
	defer db.Close()
	_, err = db.ExecContext(k.t.Context(), "UPDATE deliveries SET due_at = $1 WHERE state = 0", time.Now().UnixMilli())
	must(k.t, err)
}

func (k *interrupted) show() map[string]any {
	k.t.Helper()
	return row(k.t, k.run("digest", "show", k.digest, "--json"))
}

// reconcile holds the mails that arrived against what the ledger says of them.
func (k *interrupted) reconcile(kills int) {
	k.t.Helper()
	readers, repeats, extra := k.relay.readers()
	if readers != killedReaders {
		k.t.Errorf("%d readers got the digest, want %d", readers, killedReaders)
	}
	if repeats > perKill*kills {
		k.t.Errorf("%d readers got it more than once after %d kills, want at most %d", repeats, kills, perKill*kills)
	}
	d := k.show()
	number := func(name string) int { n, _ := d[name].(float64); return int(n) }
	if settled := number("sent") + number("failed") + number("skipped") + number("unknown"); number("planned") != killedReaders || settled != killedReaders {
		k.t.Errorf("the ledger does not add up: %v", d)
	}
	if _, counted := d["doubts"]; counted && extra > number("doubts") {
		k.t.Errorf("%d mails too many, but only %d doubts in the ledger", extra, number("doubts"))
	}
	k.t.Logf("%d kills: %d readers got it twice, %v doubts", kills, repeats, d["doubts"])
}

// relayTakes is how long a counting relay takes over a mail's answer.
const relayTakes = 5 * time.Millisecond

// countingRelay is a relay that counts what it took, and takes its time.
type countingRelay struct {
	url string

	mu    sync.Mutex
	took  map[string]int
	order []string // whom the mails were for, one by one
	mails int
	takes time.Duration // how long an answer to a mail takes
}

func startCountingRelay(t *testing.T) *countingRelay {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	r := &countingRelay{url: "smtp://" + listener.Addr().String(), took: map[string]int{}, takes: relayTakes}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &relaySession{relay: r}, nil }))
	server.Domain = "relay.test"
	server.ErrorLog = log.New(io.Discard, "", 0) // connections that are cut off are what the test is about
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	return r
}

// await returns once so many mails were taken. It looks often: a send that is to
// be killed does not last long.
func (r *countingRelay) await(t *testing.T, mails int) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		r.mu.Lock()
		enough := r.mails >= mails
		r.mu.Unlock()
		if enough {
			return
		}
	}
	t.Fatalf("waited in vain for %d mails", mails)
}

// readers counts who got a mail, who of them more than one, and the mails beyond
// each reader's first.
func (r *countingRelay) readers() (readers, repeats, extra int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, n := range r.took {
		extra += n - 1
		if n > 1 {
			repeats++
		}
	}
	return len(r.took), repeats, extra
}

// relaySession is one connection to the relay.
type relaySession struct {
	relay *countingRelay
	to    string
}

// Mail begins a transaction.
func (s *relaySession) Mail(string, *smtp.MailOptions) error { return nil }

// Rcpt notes for whom it is.
func (s *relaySession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = to
	return nil
}

// Data counts a mail that came in whole, and only then takes its time over the
// answer: whoever dies meanwhile cannot know that it was taken.
func (s *relaySession) Data(body io.Reader) error {
	if _, err := io.Copy(io.Discard, body); err != nil {
		return err
	}
	s.relay.mu.Lock()
	s.relay.took[s.to]++
	s.relay.order = append(s.relay.order, s.to)
	s.relay.mails++
	takes := s.relay.takes
	s.relay.mu.Unlock()
	time.Sleep(takes)
	return nil
}

// Reset gives a transaction up.
func (s *relaySession) Reset() { s.to = "" }

// Logout ends the session.
func (s *relaySession) Logout() error { return nil }
