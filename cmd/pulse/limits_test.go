package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/collabpulse/weekly/internal/mx/mxtest"
	"github.com/collabpulse/weekly/internal/store/storetest"
)

func TestADomainGoesByTheRateOfTheProviderThatTakesItsMail(t *testing.T) {
	t.Parallel()
	dns := mxtest.Serve(t, mxtest.Zone{"workshop.example.": {"10 aspmx.l.google.com."}, "readers.test.": {"10 mail.readers.test."}})
	k := interrupt(t, "sqlite", storetest.SQLiteURL(t), "PULSE_DNS="+dns.Addr, "PULSE_DOMAIN_RATES=gmail=10")
	const theirs = 60
	var list strings.Builder
	list.WriteString("email\n")
	for n := range theirs {
		fmt.Fprintf(&list, "maker%02d@workshop.example\n", n)
	}
	file := filepath.Join(t.TempDir(), "makers.csv")
	must(t, os.WriteFile(file, []byte(list.String()), 0o600))
	k.run("subscriber", "import", file)
	k.serve(nil, "serve")
	eventually(t, "the mail servers to be looked up", func() bool { return strings.Contains(k.run("doctor"), "1 with gmail") })

	k.launch()
	k.relay.await(t, 1)
	began := time.Now()
	eventually(t, "the digest to be sent", func() bool { return k.show()["state"] == "sent" })
	if took := time.Since(began); took < 4*time.Second {
		t.Errorf("%d mails at 10 a second took %v", theirs, took)
	}
	if at := k.relay.others(theirs); at > theirs/2 {
		t.Errorf("%d of %d mails to the provider were out before the last of everybody else's", at, theirs)
	}
	if d := k.show(); d["sent"] != float64(killedReaders+theirs) {
		t.Errorf("the ledger says %v", d)
	}
}

// others is how many of the mails to the workshop came before the last one to anybody else.
func (r *countingRelay) others(theirs int) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	before, seen := 0, 0
	for _, to := range r.order {
		if strings.HasSuffix(to, "@workshop.example") {
			seen++
		} else {
			before = seen
		}
	}
	if seen != theirs {
		return seen
	}
	return before
}

func TestAWarmUpHoldsTheRestBackUntilTomorrow(t *testing.T) {
	t.Parallel()
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			const budget = 300
			today := time.Now().UTC()
			if today.Hour() == 23 && today.Minute() > 55 {
				t.Skip("the day is about to end")
			}
			environ := []string{fmt.Sprintf("PULSE_WARMUP=%s: %d 1000", today.Format(time.DateOnly), budget)}
			driver, database := "sqlite", ""
			if engine == "postgres" {
				driver, database = "pgx", storetest.PostgresURL(t)
				environ = append(environ, "PULSE_REDIS_URL="+redisURL(t))
			} else {
				database = storetest.SQLiteURL(t)
			}
			k := interrupt(t, driver, database, environ...)
			k.launch()
			k.serve(nil, "serve")
			eventually(t, "today's mails to be out", func() bool {
				d := k.show()
				return d["sent"] == float64(budget) && d["queued"] == float64(killedReaders-budget)
			})
			k.hurry() // as if it were tomorrow, to a calendar that says it is not
			time.Sleep(7 * time.Second)
			if n := k.relay.count(); n != budget {
				t.Errorf("%d mails are out, %d were allowed", n, budget)
			}
			if out := k.run("doctor"); !strings.Contains(out, fmt.Sprintf("day 1 of 2: %d of today's %d", budget, budget)) {
				t.Errorf("doctor says nothing of it:\n%s", out)
			}
		})
	}
}
