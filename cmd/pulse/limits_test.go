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

// workshopReaders are those of a domain whose mail goes to Gmail, beside everybody else.
const workshopReaders = 60

func TestADomainGoesByTheRateOfTheProviderThatTakesItsMail(t *testing.T) {
	t.Parallel()
	k := interruptWithWorkshop(t, "PULSE_DOMAIN_RATES=gmail=10")
	k.launch()
	k.relay.await(t, 1)
	began := time.Now()
	eventually(t, "the digest to be sent", func() bool { return k.show()["state"] == "sent" })
	if took := time.Since(began); took < 4*time.Second {
		t.Errorf("%d mails at 10 a second took %v", workshopReaders, took)
	}
	if d := k.show(); d["sent"] != float64(killedReaders+workshopReaders) {
		t.Errorf("the ledger says %v", d)
	}
}

func TestNobodyElseWaitsForADomainWithARate(t *testing.T) {
	t.Parallel()
	k := interruptWithWorkshop(t, "PULSE_DOMAIN_RATES=gmail=0.1") // ten minutes for all of them
	k.launch()
	eventually(t, "everybody else's mails to be out", func() bool { return k.relay.count()-k.relay.workshop() == killedReaders })
	if n := k.relay.workshop(); n > workshopReaders/2 {
		t.Errorf("%d of %d mails to the provider are out", n, workshopReaders)
	}
}

// interruptWithWorkshop has a digest ready for the workshop's readers, too, and a
// service running that knows who takes their mail.
func interruptWithWorkshop(t *testing.T, environ ...string) *interrupted {
	t.Helper()
	dns := mxtest.Serve(t, mxtest.Zone{"workshop.example.": {"10 aspmx.l.google.com."}, "readers.test.": {"10 mail.readers.test."}})
	k := interrupt(t, "sqlite", storetest.SQLiteURL(t), append(environ, "PULSE_DNS="+dns.Addr)...)
	var list strings.Builder
	list.WriteString("email\n")
	for n := range workshopReaders {
		fmt.Fprintf(&list, "maker%02d@workshop.example\n", n)
	}
	file := filepath.Join(t.TempDir(), "makers.csv")
	must(t, os.WriteFile(file, []byte(list.String()), 0o600))
	k.run("subscriber", "import", file)
	k.serve(nil, "serve")
	eventually(t, "the mail servers to be looked up", func() bool { return strings.Contains(k.run("doctor"), "1 with gmail") })
	return k
}

// workshop is how many mails to the workshop's readers were taken.
func (r *countingRelay) workshop() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, to := range r.order {
		if strings.HasSuffix(to, "@workshop.example") {
			n++
		}
	}
	return n
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
