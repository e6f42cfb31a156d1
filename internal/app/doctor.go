package app

import (
	"context"
	"fmt"
	"strings"

	"github.com/collabpulse/weekly/internal/config"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/jobs"
	"github.com/collabpulse/weekly/internal/store"
)

// Finding is what examining one part came to.
type Finding struct {
	Part string `json:"part"`
	OK   bool   `json:"ok"`
	Text string `json:"text"`
}

// Examine tries every part of the service with the settings: may it be served,
// does the database answer and have the right schema and address key, is the
// queue there, does each relay greet us. It goes on after a failure.
func Examine(ctx context.Context, s config.Settings) []Finding {
	found := []Finding{serving(s)}
	s, err := s.WithKeys()
	if err != nil {
		return append(found, Finding{Part: "keys", Text: reason(err)})
	}
	found = append(found, database(ctx, s)...)
	return append(found, queue(ctx, s), relay(ctx, s), signing(s))
}

// reason is what the operator may read about a failure: all of it.
func reason(err error) string {
	if fault.KindOf(err) == fault.Internal {
		return err.Error()
	}
	return fault.Message(err)
}

func serving(s config.Settings) Finding {
	if refusals := s.Refusals(); len(refusals) > 0 {
		return Finding{Part: "serving", Text: strings.Join(refusals, " ")}
	}
	if s.BaseURL.Local() {
		return Finding{Part: "serving", OK: true, Text: "for this machine alone: PULSE_BASE_URL is " + s.BaseURL.String()}
	}
	return Finding{Part: "serving", OK: true, Text: "readers at " + s.BaseURL.String()}
}

func database(ctx context.Context, s config.Settings) []Finding {
	db, err := ConnectStore(ctx, s)
	if err != nil {
		return []Finding{{Part: "database", Text: reason(err)}}
	}
	defer db.Close()
	has, wants, err := db.SchemaVersion(ctx)
	switch {
	case err != nil:
		return []Finding{{Part: "database", Text: reason(err)}}
	case has == 0:
		return []Finding{{Part: "database", OK: true, Text: db.Engine() + ", empty: it is set up at the first start"}}
	case has > wants:
		return []Finding{{Part: "database", Text: fmt.Sprintf("%s has schema version %d, made by a newer program; this one knows %d: use the newer one", db.Engine(), has, wants)}}
	case has != wants:
		return []Finding{{Part: "database", Text: fmt.Sprintf("%s has schema version %d and this program wants %d: run \"pulse migrate\"", db.Engine(), has, wants)}}
	}
	return append([]Finding{{Part: "database", OK: true, Text: fmt.Sprintf("%s answers, schema version %d", db.Engine(), has)},
		addressKey(ctx, db), people(ctx, db), domains(ctx, s, db)}, warmUp(ctx, s, db)...)
}

func addressKey(ctx context.Context, db *store.Store) Finding {
	if err := db.CheckAddressKey(ctx); err != nil {
		return Finding{Part: "key", Text: reason(err)}
	}
	return Finding{Part: "key", OK: true, Text: "PULSE_ADDRESS_KEY is the one the stored addresses were hashed with"}
}

func people(ctx context.Context, db *store.Store) Finding {
	editors, err := db.Editors(ctx)
	if err != nil {
		return Finding{Part: "editors", Text: reason(err)}
	}
	if len(editors) == 0 {
		return Finding{Part: "editors", OK: true, Text: noEditor}
	}
	return Finding{Part: "editors", OK: true, Text: fmt.Sprintf("%d may sign in", len(editors))}
}

// noEditor is said until somebody can sign in.
const noEditor = "There is no editor yet. Make one with: pulse editor add you@example.com"

func queue(ctx context.Context, s config.Settings) Finding {
	if s.RedisURL == "" {
		return Finding{Part: "queue", OK: true, Text: "embedded"}
	}
	conn, err := jobs.ByURL(s.RedisURL)
	if err != nil {
		return Finding{Part: "queue", Text: reason(err)}
	}
	queue := jobs.NewClient(conn, jobs.Settings{Log: Quiet()})
	defer queue.Close()
	if err := queue.Ping(ctx); err != nil {
		return Finding{Part: "queue", Text: reason(err)}
	}
	return Finding{Part: "queue", OK: true, Text: "Redis answers"}
}

// signing shows the DNS record that goes with the key, whole, to be copied.
func signing(s config.Settings) Finding {
	key, err := signer(s)
	if err != nil {
		return Finding{Part: "signing", Text: reason(err)}
	}
	if key == nil {
		return Finding{Part: "signing", OK: true, Text: "left to the relays: PULSE_DKIM_KEY is not set"}
	}
	name, value := key.Record()
	return Finding{Part: "signing", OK: true, Text: fmt.Sprintf("with DKIM; publish this TXT record: %s \"%s\"", name, value)}
}

func relay(ctx context.Context, s config.Settings) Finding {
	if s.MailboxOnly() {
		return Finding{Part: "relay", OK: true, Text: "the built-in mailbox: mail reaches nobody outside"}
	}
	pool, err := relays(s, nil)
	if err == nil {
		defer pool.Close()
		err = pool.Check(ctx)
	}
	if err != nil {
		return Finding{Part: "relay", Text: reason(err)}
	}
	return Finding{Part: "relay", OK: true, Text: fmt.Sprintf("%d answer", len(s.SMTPURLs))}
}
