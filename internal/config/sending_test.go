package config_test

import (
	"testing"

	"github.com/collabpulse/weekly/internal/config"
	"github.com/collabpulse/weekly/internal/fault"
)

func TestTheLimitsOfSendingAreReadAndShownAgain(t *testing.T) {
	t.Parallel()
	s, err := config.Load([]string{
		"PULSE_DNS=127.0.0.1", "PULSE_DOMAIN_GROUPS=Example.org=gmail, mx:mail.example.net=examplenet",
		"PULSE_DOMAIN_RATES= outlook=600/m, Gmail=20", "PULSE_WARMUP=2026-12-01: 500 1000", "PULSE_TIMEZONE=Europe/Berlin",
	})
	if err != nil {
		t.Fatal(err)
	}
	for got, want := range map[string]string{
		s.DNS.String():             "127.0.0.1:53",
		s.DomainGroups.String():    "example.org=gmail,mx:mail.example.net=examplenet",
		s.DomainRates.String():     "gmail=20/s,outlook=10/s",
		s.WarmUp.String():          "2026-12-01: 500 1000",
		s.Calendar().Zone.String(): "Europe/Berlin",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	none, err := config.Load(nil)
	if err != nil || none.DNS != (config.DNS{}) || none.DomainGroups.Any() || len(none.DomainRates) != 0 || none.WarmUp.String() != "" {
		t.Errorf("without settings: %+v, %v", none, err)
	}
	if off, err := config.Load([]string{"PULSE_DNS=off"}); err != nil || !off.DNS.Off || off.DNS.String() != "off" {
		t.Errorf("%+v, %v", off.DNS, err)
	}
	if six, err := config.Load([]string{"PULSE_DNS=[::1]"}); err != nil || six.DNS.Server != "[::1]:53" {
		t.Errorf("%+v, %v", six.DNS, err)
	}
}

func TestLimitsThatCannotBeReadAreRefused(t *testing.T) {
	t.Parallel()
	for _, setting := range []string{"PULSE_DNS=:53", "PULSE_DNS=a b", "PULSE_DOMAIN_GROUPS=gmail", "PULSE_DOMAIN_RATES=gmail", "PULSE_DOMAIN_RATES==5",
		"PULSE_DOMAIN_RATES=gmail=fast", "PULSE_WARMUP=soon", "PULSE_WARMUP=2026-12-01: 0"} {
		if _, err := config.Load([]string{setting}); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s is taken: %v", setting, err)
		}
	}
}
