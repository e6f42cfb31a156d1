package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/collabpulse/weekly/internal/config"
	"github.com/collabpulse/weekly/internal/fault"
)

func load(t *testing.T, environ ...string) config.Settings {
	t.Helper()
	s, err := config.Load(environ)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestWithoutAnySettingEverythingIsEmbedded(t *testing.T) {
	t.Parallel()
	s := load(t)
	if !s.Embedded() || !s.MailboxOnly() || !s.OnSQLite() {
		t.Errorf("an empty environment is not embedded: %+v", s)
	}
	if got := s.Zone.String(); got != "UTC" {
		t.Errorf("zone %q, want UTC", got)
	}
	if len(s.Refusals()) != 0 {
		t.Errorf("serving this machine alone is refused: %v", s.Refusals())
	}
}

func TestWrongSettingsAreNamedAllAtOnceAndNeverRepeated(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ env, says string }{
		"secret too short": {"PULSE_SECRETS=hunter2", "PULSE_SECRETS: a secret needs at least 32 characters"},
		"key too short":    {"PULSE_ADDRESS_KEY=hunter2", "PULSE_ADDRESS_KEY: a secret needs"},
		"base URL":         {"PULSE_BASE_URL=hunter2", "PULSE_BASE_URL: an address looks like"},
		"base with login":  {"PULSE_BASE_URL=https://a:hunter2@example.com", "PULSE_BASE_URL: an address looks like"},
		"sender":           {"PULSE_FROM=hunter2", "PULSE_FROM: a sender looks like"},
		"zone":             {"PULSE_TIMEZONE=Mars/Olympus", "PULSE_TIMEZONE: a time zone looks like"},
		"local zone":       {"PULSE_TIMEZONE=Local", "PULSE_TIMEZONE: a time zone looks like"},
		"network":          {"PULSE_TRUSTED_PROXIES=hunter2", "PULSE_TRUSTED_PROXIES: a network looks like"},
		"lead":             {"PULSE_COMPOSE_LEAD=hunter2", "PULSE_COMPOSE_LEAD: this must be a span of time"},
		"connections":      {"PULSE_SMTP_CONNECTIONS=hunter2", "PULSE_SMTP_CONNECTIONS: this must be a whole number"},
		"too many":         {"PULSE_SMTP_CONNECTIONS=65", "PULSE_SMTP_CONNECTIONS: use 1 to 64"},
		"schedule":         {"PULSE_SCHEDULE=FREQ=HOURLY", "PULSE_SCHEDULE: A schedule is"},
		"listen":           {"PULSE_LISTEN=hunter2", "PULSE_LISTEN: an address to listen on"},
		"log":              {"PULSE_LOG_LEVEL=hunter2", "PULSE_LOG_LEVEL: use debug"},
		"bounce":           {"PULSE_BOUNCE_ADDRESS=" + strings.Repeat("b", 31) + "@example.com", "PULSE_BOUNCE_ADDRESS (or"},
		"long sender":      {"PULSE_FROM=" + strings.Repeat("b", 31) + "@example.com", "PULSE_BOUNCE_ADDRESS (or"},
		"misspelt":         {"PULSE_SCRETS=hunter2", "PULSE_SCRETS: there is no such setting"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := config.Load([]string{test.env})
			if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), test.says) {
				t.Fatalf("got %v, want %q", err, test.says)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the value is repeated: %v", err)
			}
		})
	}
	_, err := config.Load([]string{"PULSE_SECRETS=a", "PULSE_FROM=b"})
	if lines := strings.Split(fault.Message(err), "\n"); len(lines) != 2 {
		t.Errorf("two wrong settings gave %q", lines)
	}
}

func TestAPublicAddressWantsSecretsPostalAddressAndARelay(t *testing.T) {
	t.Parallel()
	secret := strings.Repeat("s", 32)
	bare := load(t, "PULSE_BASE_URL=https://weekly.example.com")
	if got := len(bare.Refusals()); got != 4 {
		t.Errorf("a bare public installation has %d refusals, want 4: %v", got, bare.Refusals())
	}
	if _, err := bare.WithKeys(); !fault.Is(err, fault.Invalid) {
		t.Errorf("keys were made up for a public installation: %v", err)
	}
	whole := load(t, "PULSE_BASE_URL=https://weekly.example.com", "PULSE_SECRETS="+secret+","+secret, "PULSE_ADDRESS_KEY="+secret,
		"PULSE_POSTAL_ADDRESS=1 Pulse Street", "PULSE_SMTP_URLS=smtp://relay.example.com:587", "PULSE_FROM=Pulse <weekly@example.com>")
	if got := whole.Refusals(); len(got) != 0 {
		t.Errorf("a whole installation is refused: %v", got)
	}
}

func TestAnOpenMailboxIsNotServedToTheNetwork(t *testing.T) {
	t.Parallel()
	for listen, refused := range map[string]bool{
		"127.0.0.1:8080": false, "127.9.9.9:80": false, "[::1]:8080": false, "localhost:8080": false,
		"0.0.0.0:8080": true, ":8080": true, "[::]:8080": true, "192.168.1.7:8080": true, "pulse.lan:8080": true,
	} {
		got := load(t, "PULSE_LISTEN="+listen).Refusals()
		if (len(got) > 0) != refused || refused && !strings.Contains(got[0], "PULSE_SMTP_URLS") {
			t.Errorf("%s: refusals %q", listen, got)
		}
		if got := load(t, "PULSE_LISTEN="+listen, "PULSE_SMTP_URLS=smtp://relay").Refusals(); len(got) != 0 {
			t.Errorf("%s with a relay: refusals %q", listen, got)
		}
	}
}

func TestNoListingShowsASecretOrAPassword(t *testing.T) {
	t.Parallel()
	s := load(t, "PULSE_SECRETS="+strings.Repeat("x", 40), "PULSE_ADDRESS_KEY="+strings.Repeat("y", 40),
		"PULSE_DATABASE_URL=postgres://pulse:hunter2@db/pulse", "PULSE_REDIS_URL=redis://:hunter2@cache:6379/0",
		"PULSE_SMTP_URLS=smtp://u:hunter2@relay:587,smtps://u:hunter2@other:465")
	got := map[string]string{}
	for _, l := range config.List(s) {
		got[l.Name] = l.Value
		if strings.Contains(l.Value, "hunter2") || strings.Contains(l.Value, "xxxx"+"x") && l.Name == "PULSE_SECRETS" {
			t.Errorf("%s shows %q", l.Name, l.Value)
		}
		if l.Help == "" || !strings.HasPrefix(l.Name, "PULSE_") {
			t.Errorf("setting %+v is not described", l)
		}
	}
	want := "smtp://u:xxxxx@relay:587,smtps://u:xxxxx@other:465"
	if diff := cmp.Diff(want, got["PULSE_SMTP_URLS"]); diff != "" {
		t.Error(diff)
	}
	if got["PULSE_SECRETS"] != "[secret]" || got["PULSE_ADDRESS_KEY"] != "[secret]" {
		t.Errorf("secrets are listed as %q and %q", got["PULSE_SECRETS"], got["PULSE_ADDRESS_KEY"])
	}
}

func TestGeneratedKeysAreMadeOnceAndKeptToTheirOwner(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	keys := make([]string, 8)
	var all sync.WaitGroup
	for i := range keys {
		all.Go(func() {
			s, err := load(t, "PULSE_DATA_DIR="+dir).WithKeys()
			if err != nil {
				t.Error(err)
				return
			}
			keys[i] = string(s.AddressKey.Bytes()) + string(s.Secrets[0].Bytes())
		})
	}
	all.Wait()
	for _, k := range keys {
		if k != keys[0] || len(k) != 128 {
			t.Fatalf("starts at the same time disagree about the keys")
		}
	}
	info, err := os.Stat(filepath.Join(dir, "address.key"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("address.key: %v, %v; want mode 0600", info.Mode(), err)
	}
}

func TestADamagedKeyFileIsAnErrorAndNotANewKey(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "address.key"), []byte("short\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := load(t, "PULSE_DATA_DIR="+dir).WithKeys(); err == nil {
		t.Error("a damaged key was accepted")
	}
}
