package main

import (
	"crypto/rand"
	"fmt"
	"net/mail"
	"os"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/collabpulse/weekly/internal/mailbox"
	"github.com/collabpulse/weekly/internal/store/storetest"
)

// redisURL is the Redis to test on; without one the test is skipped.
func redisURL(t *testing.T) string {
	t.Helper()
	url := os.Getenv("PULSE_TEST_REDIS_URL")
	if url == "" {
		t.Skip("PULSE_TEST_REDIS_URL is not set: not tried on Redis")
	}
	return url
}

// ownSpace keeps the queues of tests on one Redis apart.
func ownSpace() string { return "test-" + strings.ToLower(rand.Text()[:10]) }

func TestTheWeekOnPostgresRedisAndPostfixInThreeProcesses(t *testing.T) {
	t.Parallel()
	redis := redisURL(t)
	database := storetest.PostgresURL(t)
	office := startPostfix(t)
	listen := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	i := install(t, "http://"+listen, "PULSE_DATABASE_URL="+database, "PULSE_REDIS_URL="+redis, "PULSE_REDIS_SPACE="+ownSpace(),
		"PULSE_SMTP_URLS="+office.url(), "PULSE_FROM=Pulse <weekly@readers.test>", "PULSE_LISTEN="+listen, "PULSE_ALLOW_PRIVATE_SOURCES=true")
	for _, role := range []string{"web", "worker", "scheduler"} {
		i.serve(nil, "serve", "--roles", role)
	}
	i.ready()
	walkTheWeek(t, i, office)
}

// composeFile is the part of docker-compose.yml that the test follows.
type composeFile struct {
	Services map[string]struct {
		Command     []string          `yaml:"command"`
		Environment map[string]string `yaml:"environment"`
		Healthcheck struct {
			Test []string `yaml:"test"`
		} `yaml:"healthcheck"`
	} `yaml:"services"`
}

func TestTheComposeFileStartsAServiceThatWalksTheWeek(t *testing.T) {
	t.Parallel()
	redis := redisURL(t)
	database := storetest.PostgresURL(t)
	box, err := mailbox.Listen("127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { box.Close(t.Context()) })
	listen := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	compose := readCompose(t)

	overrides := []string{"PULSE_REDIS_SPACE=" + ownSpace(), "PULSE_LISTEN=" + listen, "PULSE_ALLOW_PRIVATE_SOURCES=true"}
	mapped := map[string]string{
		"PULSE_DATABASE_URL": database, "PULSE_REDIS_URL": redis, "PULSE_SMTP_URLS": box.URL(), "PULSE_BASE_URL": "http://" + listen,
		"PULSE_METRICS_LISTEN": "127.0.0.1:0",
	}
	for name, value := range compose.Services["worker"].Environment {
		if other, ok := mapped[name]; ok {
			value = other
		}
		if name != "PULSE_BASE_URL" {
			overrides = append(overrides, name+"="+defaultOf(value))
		}
	}
	i := install(t, "http://"+listen, overrides...)
	for _, role := range []string{"web", "worker", "scheduler"} {
		i.serve(nil, compose.Services[role].Command...)
	}
	i.ready()
	if check := compose.Services["worker"].Healthcheck.Test; check[0] != "CMD" || check[1] != "/usr/local/bin/pulse" {
		t.Fatalf("health check %q is not ours", check)
	} else {
		i.run(check[2:]...)
	}
	walkTheWeek(t, i, boxOffice{box})
}

func readCompose(t *testing.T) composeFile {
	t.Helper()
	raw, err := os.ReadFile("../../docker-compose.yml")
	must(t, err)
	var c composeFile
	must(t, yaml.Unmarshal(raw, &c))
	for _, name := range []string{"web", "worker", "scheduler", "postgres", "redis", "mailpit"} {
		if len(c.Services[name].Healthcheck.Test) == 0 {
			t.Errorf("service %s has no health check", name)
		}
	}
	return c
}

// defaultOf is what ${NAME:-value} stands for when NAME is not set.
func defaultOf(value string) string {
	inner, ok := strings.CutPrefix(value, "${")
	if !ok {
		return value
	}
	_, otherwise, _ := strings.Cut(strings.TrimSuffix(inner, "}"), ":-")
	return otherwise
}

// boxOffice reads the embedded mailbox.
type boxOffice struct{ box *mailbox.Box }

func (b boxOffice) mails() []*mail.Message {
	var all []*mail.Message
	for _, summary := range b.box.Messages(1000) {
		m, err := b.box.Message(summary.ID)
		if err != nil {
			continue
		}
		if parsed, err := mail.ReadMessage(strings.NewReader(string(m.Raw))); err == nil {
			all = append(all, parsed)
		}
	}
	return all
}
