package config

import (
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/fault"
)

// check holds what each setting must be by itself.
func (s Settings) check() []string {
	var problems []string
	say := func(ok bool, format string, args ...any) {
		if !ok {
			problems = append(problems, fmt.Sprintf(format, args...))
		}
	}
	_, _, err := net.SplitHostPort(s.Listen)
	say(err == nil, "PULSE_LISTEN: an address to listen on looks like 127.0.0.1:8080.")
	_, _, err = net.SplitHostPort(s.MetricsAt)
	say(s.MetricsAt == "" || err == nil, "PULSE_METRICS_LISTEN: an address to listen on looks like 127.0.0.1:9090.")
	_, err = digest.ParseSchedule("weekly", s.Schedule, time.UTC)
	say(err == nil, "PULSE_SCHEDULE: %s", fault.Message(err))
	say(s.ComposeLead >= time.Minute && s.ComposeLead <= 6*24*time.Hour, "PULSE_COMPOSE_LEAD: use 1m to 144h.")
	say(s.PerTopic >= 1 && s.PerTopic <= 10, "PULSE_STORIES_PER_TOPIC: use 1 to 10.")
	say(s.Connections >= 1 && s.Connections <= 64, "PULSE_SMTP_CONNECTIONS: use 1 to 64.")
	say(s.ThrottleRest >= time.Second && s.ThrottleRest <= 24*time.Hour, "PULSE_THROTTLE_REST: use 1s to 24h.")
	say(s.KeepDeliveries >= 7*24*time.Hour, "PULSE_KEEP_DELIVERIES: use 168h or more.")
	say(s.KeepHistory >= s.KeepDeliveries, "PULSE_KEEP_HISTORY: it cannot be shorter than PULSE_KEEP_DELIVERIES.")
	say(s.bounceLocal() <= maxBounceLocal, "PULSE_BOUNCE_ADDRESS (or PULSE_FROM without it): the part before the @ may have %d characters, so that a mail's own token fits behind it.", maxBounceLocal-1)
	say((s.DKIMDomain == "") == (s.DKIMSelector == "") && (s.DKIMDomain == "") == (len(s.DKIMKey.Bytes()) == 0),
		"PULSE_DKIM_DOMAIN, PULSE_DKIM_SELECTOR and PULSE_DKIM_KEY: set all three, or none to leave signing to the relays.")
	say(slices.Contains([]string{"text", "json"}, s.LogFormat), "PULSE_LOG_FORMAT: use text or json.")
	say(slices.Contains([]string{"debug", "info", "warn", "error"}, s.LogLevel), "PULSE_LOG_LEVEL: use debug, info, warn or error.")
	say(s.DataDir != "", "PULSE_DATA_DIR: name a folder.")
	return problems
}

// maxBounceLocal leaves room for a plus sign and a token of 33 characters in the
// 64 octets of a local part (RFC 5321 §4.5.3.1.1); it counts the @.
const maxBounceLocal = 31

// bounceLocal is how long the part before the @ of the envelope sender is, with the @.
func (s Settings) bounceLocal() int {
	sender := s.Bounce.Address
	if sender.IsZero() {
		sender = s.From.Address
	}
	return len(sender.String()) - len(sender.Domain())
}

// Embedded reports whether any part of the data lives inside this process, so
// that there can be only one of it.
func (s Settings) Embedded() bool { return s.DatabaseURL == "" || s.OnSQLite() || s.RedisURL == "" }

// OnSQLite reports whether the database is a file.
func (s Settings) OnSQLite() bool {
	return s.DatabaseURL == "" || len(s.DatabaseURL) > 7 && s.DatabaseURL[:7] == "sqlite:"
}

// MailboxOnly reports whether mail goes nowhere but to the built-in mailbox.
func (s Settings) MailboxOnly() bool { return len(s.SMTPURLs) == 0 }

func (s Settings) lacksKeys() bool { return len(s.Secrets) == 0 || len(s.AddressKey.Bytes()) == 0 }

// wantsKeys is said when a public installation has none of its own.
const wantsKeys = "PULSE_SECRETS and PULSE_ADDRESS_KEY must be set before readers are served at a public address; make each with `openssl rand -hex 32` and keep them safe."

// Refusals are the reasons not to serve readers with these settings: each a
// sentence that says what to set. An address that only this machine reaches may
// be served with anything, but not to the network with an open mailbox.
func (s Settings) Refusals() []string {
	if s.BaseURL.Local() {
		return s.exposes()
	}
	var all []string
	if s.lacksKeys() {
		all = append(all, wantsKeys)
	}
	if s.Postal == "" {
		all = append(all, "PULSE_POSTAL_ADDRESS must be set: a digest has to name its sender's postal address.")
	}
	if s.MailboxOnly() {
		all = append(all, "PULSE_SMTP_URLS must name a relay: mail in the built-in mailbox reaches nobody.")
	}
	if s.From.Address.Domain() == "localhost.localdomain" {
		all = append(all, "PULSE_FROM must name a sender of your own domain.")
	}
	return all
}

// exposes refuses to show the built-in mailbox to the network: in it lie the links
// that sign editors in.
func (s Settings) exposes() []string {
	host, _, _ := net.SplitHostPort(s.Listen)
	if !s.MailboxOnly() || loopback(host) {
		return nil
	}
	return []string{"PULSE_LISTEN is reached from the network, and without a relay everybody there could read every mail: set PULSE_SMTP_URLS, or listen on 127.0.0.1."}
}
