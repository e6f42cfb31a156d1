package app

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/collabpulse/weekly/internal/address"
	"github.com/collabpulse/weekly/internal/config"
	"github.com/collabpulse/weekly/internal/delivery"
	"github.com/collabpulse/weekly/internal/editor"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/subscriber"
)

// settings are those of an embedded installation in a folder of the test's.
func settings(t *testing.T, environ ...string) config.Settings {
	t.Helper()
	s, err := config.Load(append([]string{"PULSE_DATA_DIR=" + t.TempDir(), "PULSE_LISTEN=127.0.0.1:0"}, environ...))
	if err != nil {
		t.Fatal(err)
	}
	if s, err = s.WithKeys(); err != nil {
		t.Fatal(err)
	}
	return s
}

func build(t *testing.T, s config.Settings) *App {
	t.Helper()
	a, err := New(t.Context(), s, Options{Roles: AllRoles, Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	return a
}

// serve runs the service until the test calls the function it gives.
func serve(t *testing.T, a *App) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- a.Serve(ctx) }()
	stopped := false
	stop = func() {
		if cancel(); !stopped {
			stopped = true
			if err := <-served; err != nil {
				t.Error(err)
			}
		}
	}
	t.Cleanup(stop)
	return stop
}

func get(t *testing.T, a *App, path string) (int, string) {
	t.Helper()
	answer, err := http.Get("http://" + a.listener.Addr().String() + path)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

func TestAServiceIsAliveReadyAndMeasured(t *testing.T) {
	t.Parallel()
	a := build(t, settings(t))
	stop := serve(t, a)
	if status, _ := get(t, a, "/healthz"); status != http.StatusOK {
		t.Errorf("/healthz answers %d", status)
	}
	status, body := get(t, a, "/readyz")
	if status != http.StatusOK || strings.Count(body, `"ok":true`) != 3 {
		t.Errorf("/readyz answers %d %s", status, body)
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) { // until the worker has begun
		if _, body = get(t, a, "/metrics"); strings.Contains(body, "pulse_relay_up") || time.Now().After(deadline) {
			break
		}
	}
	for _, name := range []string{"pulse_http_request_seconds", "go_goroutines", "pulse_ledger_up 1", "pulse_queue_up 1", "pulse_relay_up{relay=",
		"pulse_digests{state=\"sending\"} 0", "pulse_workers ", "pulse_build_info{"} {
		if !strings.Contains(body, name) {
			t.Errorf("/metrics lacks %s", name)
		}
	}
	families, err := a.metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	if problems, err := promlint.NewWithMetricFamilies(families).Lint(); err != nil || len(problems) > 0 {
		t.Errorf("metrics against the customs: %v, %v", problems, err)
	}
	a.relays.Close()
	if status, body := get(t, a, "/readyz"); status != http.StatusServiceUnavailable || !strings.Contains(body, `"relay","ok":false`) {
		t.Errorf("without a relay /readyz answers %d %s", status, body)
	}
	stop()
}

func TestMetricsCanHaveAnAddressOfTheirOwn(t *testing.T) {
	t.Parallel()
	a := build(t, settings(t, "PULSE_METRICS_LISTEN=127.0.0.1:0"))
	serve(t, a)
	if status, _ := get(t, a, "/metrics"); status != http.StatusNotFound {
		t.Errorf("beside the pages /metrics answers %d", status)
	}
	for _, path := range []string{"/metrics", "/healthz", "/readyz"} {
		answer, err := http.Get("http://" + a.probes.Addr().String() + path)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			t.Errorf("%s answers %s", path, answer.Status)
		}
	}
}

func TestOneProcessServesFromAFolder(t *testing.T) {
	t.Parallel()
	s := settings(t)
	build(t, s)
	_, err := New(t.Context(), s, Options{Roles: AllRoles, Log: Quiet()})
	if !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), s.DataDir) {
		t.Errorf("a second process: %v", err)
	}
}

func TestOneProcessServesFromADatabaseFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "elsewhere", "pulse.db")
	first := build(t, settings(t, "PULSE_DATABASE_URL=sqlite:"+file))
	alias := filepath.Join(t.TempDir(), "alias.db")
	if err := os.Symlink(file, alias); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{file, alias} {
		_, err := New(t.Context(), settings(t, "PULSE_DATABASE_URL=sqlite:"+name), Options{Roles: AllRoles, Log: Quiet()})
		if !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "PULSE_DATABASE_URL") {
			t.Errorf("a second process on %s, with a data folder of its own: %v", name, err)
		}
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	build(t, settings(t, "PULSE_DATABASE_URL=sqlite:"+file, "PULSE_ADDRESS_KEY="+string(first.Settings.AddressKey.Bytes())))
}

func TestAFolderIsFreeAgainAfterClosing(t *testing.T) {
	t.Parallel()
	s := settings(t)
	a := build(t, s)
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	build(t, s)
}

func TestEmbeddedPartsAreNotSplit(t *testing.T) {
	t.Parallel()
	for environ, missing := range map[string]string{
		"":                                   "PULSE_DATABASE_URL",
		"PULSE_DATABASE_URL=postgres://x/y":  "PULSE_REDIS_URL",
		"PULSE_REDIS_URL=redis://localhost/": "PULSE_DATABASE_URL",
		"PULSE_DATABASE_URL=postgres://x/y PULSE_REDIS_URL=redis://localhost/": "PULSE_SMTP_URLS",
	} {
		_, err := New(t.Context(), settings(t, strings.Fields(environ)...), Options{Roles: Roles{Web: true}, Log: Quiet()})
		if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), missing) {
			t.Errorf("with %q: %v, want %s to be asked for", environ, err, missing)
		}
	}
}

func TestRolesAreReadFromWords(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Roles{
		"":              AllRoles,
		"web":           {Web: true},
		"worker,web":    {Web: true, Worker: true},
		"scheduler web": {Web: true, Scheduler: true},
	} {
		if got, err := ParseRoles([]string{text}); err != nil || got != want {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	if _, err := ParseRoles([]string{"web", "boss"}); !fault.Is(err, fault.Invalid) {
		t.Errorf("an unknown role: %v", err)
	}
}

func TestATakenAddressIsExplained(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, err = New(t.Context(), settings(t, "PULSE_LISTEN="+l.Addr().String()), Options{Roles: AllRoles, Log: Quiet()})
	if !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "PULSE_LISTEN") {
		t.Errorf("a taken port: %v", err)
	}
}

func TestTheFirstStartSaysHowToMakeAnEditor(t *testing.T) {
	t.Parallel()
	a := build(t, settings(t))
	if hints := strings.Join(a.Hints(t.Context()), "\n"); !strings.Contains(hints, "pulse editor add") || !strings.Contains(hints, "/mailbox") {
		t.Errorf("hints: %s", hints)
	}
	who, err := address.Parse("ada@example.com")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Store.AddEditor(t.Context(), who, "Ada", editor.Admin); err != nil {
		t.Fatal(err)
	}
	if hints := strings.Join(a.Hints(t.Context()), "\n"); strings.Contains(hints, "pulse editor add") {
		t.Error("the hint stays although there is an editor")
	}
}

func TestWorkersPrintWithTheTemplatesThatAreApprovedWith(t *testing.T) {
	t.Parallel()
	a := build(t, settings(t))
	if got := a.duties(nil).Bundle; got == "" || got != a.Renderer.Bundle() {
		t.Errorf("workers print bundle %q, editors approve %q", got, a.Renderer.Bundle())
	}
}

func TestARestartTakesBackWhatADeadRunHeld(t *testing.T) {
	t.Parallel()
	s := settings(t)
	a := build(t, s)
	who, err := address.Parse("reader@example.com")
	if err != nil {
		t.Fatal(err)
	}
	request := subscriber.Request{Address: who, Topics: 2, Language: "en"}
	if err := a.Store.SignUp(t.Context(), request); err != nil {
		t.Fatal(err)
	}
	dead, err := a.Store.RegisterWorker(t.Context(), "a run that died")
	if err != nil {
		t.Fatal(err)
	}
	if held, err := a.Store.Claim(t.Context(), delivery.Outbox, dead, 10); err != nil || len(held) != 1 {
		t.Fatalf("held %v, %v", held, err)
	}
	serve(t, a)
	for deadline := time.Now().Add(20 * time.Second); a.Mailbox.Count() == 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the letter that a dead run held was never sent")
		}
	}
}

func TestWhatTheHTTPServerSaysIsLoggedWithoutAddresses(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	broken := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("broken") })
	go func() { served <- serveHTTP(ctx, listener, broken, slog.New(handler(settings(t), &log))) }()
	if answer, err := http.Get("http://" + listener.Addr().String()); err == nil {
		answer.Body.Close()
		t.Error("a handler that breaks is answered")
	}
	stop()
	if err := <-served; err != nil {
		t.Error(err)
	}
	got := log.String()
	if !strings.Contains(got, "level=WARN") || !strings.Contains(got, "panic serving [address]: broken") || strings.Contains(got, "127.0.0.1") {
		t.Errorf("logged %.300q", got)
	}
	for text, want := range map[string]string{
		"http: TLS handshake error from [2001:db8::7%eth0]:4711: EOF": "http: TLS handshake error from [address]: EOF",
		"serving 192.0.2.7:80, version 1.26.0:":                       "serving [address], version 1.26.0:",
	} {
		if got := peer.ReplaceAllString(text, "[address]"); got != want {
			t.Errorf("%q became %q", text, got)
		}
	}
}

func TestLogsAreTextOrJSONFromALevelOn(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	slog.New(handler(settings(t, "PULSE_LOG_FORMAT=json", "PULSE_LOG_LEVEL=warn"), &b)).Info("quiet")
	slog.New(handler(settings(t, "PULSE_LOG_FORMAT=json"), &b)).Info("loud")
	if got := b.String(); !strings.HasPrefix(got, "{") || strings.Contains(got, "quiet") {
		t.Errorf("logged %s", got)
	}
}
