package faults

import (
	"bufio"
	"net"
	"strings"
	"testing"
)

// converse sends all lines at once, as a sender that pipelines does, and gives the
// replies up to the end of the connection.
func converse(t *testing.T, r *Relay, lines ...string) string {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(r.URL(), "smtp://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.Write([]byte(strings.Join(lines, "\r\n") + "\r\n"))
	var all strings.Builder
	bufio.NewReader(conn).WriteTo(&all)
	return all.String()
}

func mailTo(to string) []string {
	return []string{"EHLO test", "MAIL FROM:<a@b.test>", "RCPT TO:<" + to + ">", "DATA",
		"List-Unsubscribe: <mailto:x@y>, <http://h/leave/1>", "", "Hello", ".", "QUIT"}
}

func startRelay(t *testing.T, weather Kind, thousandths uint64) *Relay {
	t.Helper()
	plan := Plan{}
	if thousandths > 0 {
		plan.Spells = []Spell{{From: 0, To: 100, Kind: weather}}
	}
	r, err := listenRelay(plan, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

// troubled is a reader whom the weather of seed 0 meets on the first visit.
func troubled(t *testing.T, p Plan, kind Kind) string {
	t.Helper()
	for a := 'a'; a <= 'z'; a++ {
		for b := 'a'; b <= 'z'; b++ {
			for c := 'a'; c <= 'z'; c++ {
				if who := string([]rune{a, b, c}) + "@r.test"; p.weather(0, who, 1) == kind {
					return who
				}
			}
		}
	}
	t.Fatalf("nobody meets %s", kind)
	return ""
}

func TestTheRelayRecordsWhatItTakes(t *testing.T) {
	t.Parallel()
	r := startRelay(t, "", 0)
	if said := converse(t, r, mailTo("ann@r.test")...); !strings.Contains(said, "250 2.0.0 Taken") || !strings.Contains(said, "221") {
		t.Errorf("the relay said %q", said)
	}
	if leave, has := r.Has("ann@r.test"); !has || leave != "http://h/leave/1" {
		t.Errorf("recorded %t with the link %q", has, leave)
	}
}

func TestTheRelayMisbehavesAsPlanned(t *testing.T) {
	t.Parallel()
	for kind, want := range map[Kind]struct {
		says  string
		took  bool
		count int
	}{
		Greylist:    {"451 4.7.1", false, 0},
		Throttle:    {"421 4.7.28", false, 0},
		TooLarge:    {"552 5.3.4", false, 0},
		ResetBefore: {"250 2.1.5", false, 0},
		ResetInside: {"", false, 1},
		ResetAfter:  {"", true, 1},
		Slow:        {"250 2.0.0 Taken", true, 0},
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			r := startRelay(t, kind, 1)
			who := troubled(t, r.plan, kind)
			said := converse(t, r, mailTo(who)...)
			if want.says != "" && !strings.Contains(said, want.says) && kind != ResetBefore {
				t.Errorf("the relay said %q, want %q", said, want.says)
			}
			if strings.Contains(said, "Taken") != (kind == Slow) {
				t.Errorf("the relay said %q", said)
			}
			r.mu.Lock()
			defer r.mu.Unlock()
			if took := r.got[who] > 0; took != want.took || r.breaks != want.count || r.observed[kind] != 1 {
				t.Errorf("took %t, %d breaks, met %v", took, r.breaks, r.observed)
			}
		})
	}
}
