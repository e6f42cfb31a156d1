package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/collabpulse/weekly/internal/config"
)

func TestASigningKeyIsTextOrAFileAndNeverPrints(t *testing.T) {
	t.Parallel()
	const key = "-----BEGIN PRIVATE KEY-----\nMC4CAQ\n-----END PRIVATE KEY-----"
	path := filepath.Join(t.TempDir(), "k")
	if err := os.WriteFile(path, []byte(key), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, given := range []string{key, strings.ReplaceAll(key, "\n", `\n`), path} {
		s, err := config.Load([]string{"PULSE_DKIM_DOMAIN=example.com", "PULSE_DKIM_SELECTOR=s", "PULSE_DKIM_KEY=" + given})
		if err != nil || string(s.DKIMKey.Bytes()) != key {
			t.Errorf("%.20s: %q, %v", given, s.DKIMKey.Bytes(), err)
		}
		if shown := fmt.Sprint(s.DKIMKey, config.List(s)); strings.Contains(shown, "MC4CAQ") || !strings.Contains(shown, "[secret]") {
			t.Errorf("shown as %s", shown)
		}
	}
	for _, environ := range [][]string{
		{"PULSE_DKIM_KEY=" + key}, {"PULSE_DKIM_DOMAIN=example.com", "PULSE_DKIM_SELECTOR=s"},
		{"PULSE_DKIM_DOMAIN=example.com", "PULSE_DKIM_SELECTOR=s", "PULSE_DKIM_KEY=MC4CAQ"},
	} {
		if _, err := config.Load(environ); err == nil || !strings.Contains(err.Error(), "PULSE_DKIM") || strings.Contains(err.Error(), "MC4CAQ") {
			t.Errorf("%d settings: %v", len(environ), err)
		}
	}
}
