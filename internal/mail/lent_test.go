package mail

import (
	"bytes"
	"testing"
	"time"

	"github.com/collabpulse/weekly/internal/address"
	"github.com/collabpulse/weekly/internal/message"
)

// testWaits leave time enough on a busy machine.
var testWaits = Waits{Connect: 10 * time.Second, Command: 10 * time.Second, Body: 10 * time.Second, Final: 10 * time.Second, Aside: 20 * time.Millisecond}

func mailAddress(t testing.TB, raw string) address.Address {
	t.Helper()
	a, err := address.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// pool is a pool for the relay URLs; change adjusts its configuration.
func pool(t testing.TB, change func(*Config), urls ...string) *Pool {
	t.Helper()
	config := Config{
		From:   Named{"Collab Pulse Weekly", mailAddress(t, "weekly@pulse.example")},
		Bounce: mailAddress(t, "bounces@pulse.example"),
		Waits:  testWaits,
	}
	for _, url := range urls {
		r, err := ParseRelay(url)
		if err != nil {
			t.Fatal(err)
		}
		config.Relays = append(config.Relays, r)
	}
	if change != nil {
		change(&config)
	}
	p, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

// lent is a connection from the pool that is released when the test ends.
func lent(t testing.TB, p *Pool) *Conn {
	t.Helper()
	c, err := p.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Release)
	return c
}

var sentAt = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

func messageTo(t testing.TB, to string) message.Message {
	t.Helper()
	return message.Message{
		To: mailAddress(t, to), ID: "abc123", Subject: "Hello", Text: "Hello Mara.\n", Date: sentAt, Language: "en",
	}
}

// hugeMessage is more than the sockets can hold, and takes no time to build.
func hugeMessage(t testing.TB) message.Message {
	t.Helper()
	m := messageTo(t, "mara@example.com")
	m.Leave = leaveLinks[0]
	m.Print = &message.Print{Pieces: [][]byte{bytes.Repeat([]byte("All of it must reach the relay, or none.\r\n"), 200_000)}}
	return m
}
