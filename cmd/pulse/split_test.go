package main

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/mail"
	"os"
	"strings"
	"testing"
	"time"

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
		"PULSE_SMTP_URLS="+office.url(), "PULSE_DNS=off", "PULSE_FROM=Pulse <weekly@readers.test>", "PULSE_LISTEN="+listen, "PULSE_ALLOW_PRIVATE_SOURCES=true")
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
		Ports       []string          `yaml:"ports"`
		StopGrace   time.Duration     `yaml:"stop_grace_period"`
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
	port := fmt.Sprint(freePort(t))
	compose, image := readCompose(t), readImage(t)
	host, inside, err := net.SplitHostPort(image.environ["PULSE_LISTEN"])
	must(t, err)
	if published := compose.Services["web"].Ports; len(published) != 1 || !strings.HasSuffix(published[0], ":"+inside) {
		t.Errorf("ports %q are published, the image listens on %s", published, inside)
	}

	environ := maps.Clone(image.environ)
	for name, value := range compose.Services["worker"].Environment {
		environ[name] = defaultOf(value)
	}
	for name, value := range map[string]string{ // this machine's, in place of the containers'
		"PULSE_DATABASE_URL": database, "PULSE_REDIS_URL": redis, "PULSE_SMTP_URLS": box.URL(),
		"PULSE_LISTEN": net.JoinHostPort(host, port), "PULSE_METRICS_LISTEN": "127.0.0.1:0",
	} {
		if environ[name] == "" {
			t.Errorf("neither the image nor the compose file sets %s", name)
		}
		environ[name] = value
	}
	i := install(t, "http://127.0.0.1:"+port, append(assigned(environ), "PULSE_REDIS_SPACE="+ownSpace(), "PULSE_DNS=off", "PULSE_ALLOW_PRIVATE_SOURCES=true")...)
	for _, role := range []string{"web", "worker", "scheduler"} {
		i.serve(nil, append(image.entrypoint[1:], compose.Services[role].Command...)...)
	}
	i.ready()
	if check := compose.Services["worker"].Healthcheck.Test; check[0] != "CMD" || check[1] != image.entrypoint[0] {
		t.Fatalf("health check %q is not ours", check)
	} else {
		i.run(check[2:]...)
	}
	walkTheWeek(t, i, boxOffice{box})
}

func TestTheComposeFileGivesARoleTheTimeItTakesToStop(t *testing.T) {
	t.Parallel()
	compose := readCompose(t)
	for role, takes := range map[string]time.Duration{"web": 15 * time.Second, "worker": 45 * time.Second} {
		if grace := compose.Services[role].StopGrace; grace <= takes {
			t.Errorf("%s is killed after %v and may take %v to stop", role, grace, takes)
		}
	}
}

func TestTheImageAloneShowsNobodyItsMailbox(t *testing.T) {
	t.Parallel()
	image := readImage(t)
	environ := assigned(image.environ)
	status, _, complaint := newPulse(t, append(environ, "PULSE_DATA_DIR="+t.TempDir())...).run("", append(image.entrypoint[1:], image.command...)...)
	if status != exitFailed || !strings.Contains(complaint, "PULSE_SMTP_URLS") {
		t.Errorf("status %d: %s", status, complaint)
	}
}

// containerImage is what a container of ours starts with.
type containerImage struct {
	environ             map[string]string
	entrypoint, command []string
}

// readImage follows the Dockerfile, whose instructions each stand on one line.
func readImage(t *testing.T) containerImage {
	t.Helper()
	raw, err := os.ReadFile("../../Dockerfile")
	must(t, err)
	image := containerImage{environ: map[string]string{}}
	for line := range strings.Lines(string(raw)) {
		instruction, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch instruction {
		case "ENV":
			for _, pair := range strings.Fields(rest) {
				name, value, _ := strings.Cut(pair, "=")
				image.environ[name] = value
			}
		case "ENTRYPOINT":
			must(t, json.Unmarshal([]byte(rest), &image.entrypoint))
		case "CMD":
			must(t, json.Unmarshal([]byte(rest), &image.command))
		}
	}
	if len(image.entrypoint) == 0 || !strings.Contains(string(raw), "COPY --from=build /out/pulse "+image.entrypoint[0]+"\n") {
		t.Fatalf("the image starts %q, which it does not hold", image.entrypoint)
	}
	return image
}

// assigned are variables as an environment holds them.
func assigned(variables map[string]string) []string {
	var all []string
	for name, value := range variables {
		all = append(all, name+"="+value)
	}
	return all
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
