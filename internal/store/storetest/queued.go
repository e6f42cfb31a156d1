package storetest

import (
	"database/sql"
	"strings"
	"testing"
)

// wantQueuedRowsFound fails a test that leaves a queued row with a worker in the
// ledger: the claim finds what is queued by its having none, and would never see it.
func wantQueuedRowsFound(t testing.TB, databaseURL string) {
	driver, dsn := "pgx", databaseURL
	if path, ok := strings.CutPrefix(databaseURL, "sqlite:"); ok {
		driver, dsn = "sqlite", "file:"+path+"?mode=ro"
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Error(err)
		return
	}
	defer db.Close()
	var lost int
	if err := db.QueryRow("SELECT COUNT(*) FROM deliveries WHERE state = 0 AND worker <> 0").Scan(&lost); err == nil && lost > 0 {
		t.Errorf("%d queued rows have a worker and would never be claimed", lost)
	}
}
