package mail

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/collabpulse/weekly/internal/fault"
)

func TestARelaysURLSaysHowToReachIt(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]Relay{
		"smtp://mail.example.com":                    {Name: "mail.example.com:25", host: "mail.example.com"},
		" smtp://mail.example.com:2525/ ":            {Name: "mail.example.com:2525", host: "mail.example.com"},
		"smtp://[::1]:2525":                          {Name: "[::1]:2525", host: "::1"},
		"smtp://mail.example.com?tls=required":       {Name: "mail.example.com:25", host: "mail.example.com", security: required},
		"smtp://mail.example.com?tls=never":          {Name: "mail.example.com:25", host: "mail.example.com", security: never},
		"smtp://u:p%40ss@mail.example.com":           {Name: "mail.example.com:587", host: "mail.example.com", user: "u", password: "p@ss", security: required},
		"smtp://u:p@mail.example.com?tls=never":      {Name: "mail.example.com:587", host: "mail.example.com", user: "u", password: "p", security: never},
		"smtp://u%40x.com:p@127.0.0.1:1025":          {Name: "127.0.0.1:1025", host: "127.0.0.1", user: "u@x.com", password: "p"},
		"smtp://u:p@localhost?tls=required":          {Name: "localhost:587", host: "localhost", user: "u", password: "p", security: required},
		"smtps://u:p@mail.example.com":               {Name: "mail.example.com:465", host: "mail.example.com", user: "u", password: "p", security: implicit},
		"smtps://mail.example.com:4650?tls=required": {Name: "mail.example.com:4650", host: "mail.example.com", security: implicit},
	} {
		want.weight = 1
		if got, err := ParseRelay(raw); err != nil || got != want {
			t.Errorf("%s: got %s on %s as %q/%q with %d, %v", raw, got.Name, got.host, got.user, got.password, got.security, err)
		}
	}
}

func TestARelaysURLThatMakesNoSenseIsRefused(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		"", "mail.example.com:25", "http://mail.example.com", "smtp://", "smtp://:25", "smtp:mail.example.com",
		"smtp://mail.example.com:0", "smtp://mail.example.com:70000", "smtp://mail.example.com:smtp",
		"smtp://mail.example.com/path", "smtp://mail.example.com#x", "smtp://mail.example.com?tls=maybe",
		"smtp://mail.example.com?verify=no", "smtp://mail.example.com?secret=1", "smtp://mail.example.com?weight=1&weight=2",
		"smtp://mail.example.com?weight=", "smtp://mail.example.com?weight=-1", "smtp://mail.example.com?weight=secret",
		"smtp://mail.example.com?connections=0", "smtp://mail.example.com?connections=65", "smtp://mail.example.com?rate=0",
		"smtp://mail.example.com?rate=secret", "smtp://mail.example.com?rate=10/", "smtp://mail.example.com?rate=10/d",
		"smtp://mail.example.com?rate=-1", "smtp://mail.example.com?rate=NaN", "smtp://mail.example.com?rate=Inf", "smtp://mail.example.com?rate=1/h/h", "smtps://mail.example.com?tls=never", "smtp://mail.example.com?tls=%zz",
		"smtp://u:secret@@mail.example.com:1:2", "smtp://secret@mail.example.com", "smtp://:secret@mail.example.com",
		"smtp://u:secret%@mail.example.com", "smtp://u:secret@mail .example.com",
	} {
		_, err := ParseRelay(raw)
		f, ok := errors.AsType[*fault.Error](err)
		if !ok || f.Kind != fault.Invalid || f.Field != "PULSE_SMTP_URLS" {
			t.Errorf("%q: %v", raw, err)
		}
		if strings.Contains(fmt.Sprintf("%+v", err), "secret") {
			t.Errorf("%q: the fault gives the password away: %v", raw, err)
		}
	}
}

func TestARelaysPasswordIsNeverPrinted(t *testing.T) {
	t.Parallel()
	r, err := ParseRelay("smtps://mara:secret@mail.example.com")
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("relay", "relay", r, "config", Config{Relays: []Relay{r}})
	asJSON, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	config := Config{Relays: []Relay{r}}
	for _, text := range []string{
		r.String(), fmt.Sprintf("%v %+v %#v %s %q", r, r, r, r, r), fmt.Sprintf("%v %+v %#v", &r, config, config), log.String(), string(asJSON),
	} {
		if strings.Contains(text, "secret") || strings.Contains(text, "mara") || !strings.Contains(text, "mail.example.com:465") {
			t.Errorf("printed as %s", text)
		}
	}
}

func TestARelaysURLSaysHowMuchItMayBeGiven(t *testing.T) {
	t.Parallel()
	for options, want := range map[string]limits{
		"":                                      {weight: 1},
		"?weight=0":                             {},
		"?weight=3&connections=2&rate=14":       {weight: 3, connections: 2, rate: 14},
		"?rate=600/m":                           {weight: 1, rate: 10},
		"?rate=7200/h&tls=never":                {weight: 1, rate: 2},
		"?rate=0.5/s":                           {weight: 1, rate: 0.5},
		"?tls=required&weight=7&connections=64": {weight: 7, connections: 64},
	} {
		if r, err := ParseRelay("smtp://mail.example.com" + options); err != nil || r.limits != want {
			t.Errorf("%s: got %+v, %v", options, r.limits, err)
		}
	}
}

func FuzzParseRelay(f *testing.F) {
	f.Add("smtp://u:p@host:587?tls=required")
	f.Add("smtps://[::1]")
	f.Fuzz(func(t *testing.T, raw string) {
		r, err := ParseRelay(raw)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("%q: %v", raw, err)
			}
			return
		}
		if strings.ContainsAny(r.Name, "\r\n ") || r.host == "" || (r.user == "") != (r.password == "") {
			t.Errorf("%q became %q", raw, r.Name)
		}
	})
}
