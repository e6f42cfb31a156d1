package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

type readiness struct {
	Ready  bool    `json:"ready"`
	Checks []state `json:"checks"`
}

func (a answer) readiness() readiness {
	a.t.Helper()
	var r readiness
	if err := json.Unmarshal([]byte(a.Body), &r); err != nil {
		a.t.Fatal(err)
	}
	for i := range r.Checks {
		r.Checks[i].Ms = 0
	}
	return r
}

func TestAliveWhateverElseIsAway(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.store.Close()
	s.get("/healthz").is(http.StatusOK)
}

func TestReadyNamesEachPartAndItsState(t *testing.T) {
	t.Parallel()
	fine := func(context.Context) error { return nil }
	away := func(context.Context) error { return errors.New("dial tcp 10.0.0.9: refused") }
	s := newSite(t, func(c *Config) { c.Health = []Check{{"database", fine}, {"redis", fine}} })
	got := s.get("/readyz").is(http.StatusOK).readiness()
	want := readiness{true, []state{{Name: "database", OK: true}, {Name: "redis", OK: true}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	s = newSite(t, func(c *Config) { c.Health = []Check{{"database", fine}, {"relay", away}} })
	unready := s.get("/readyz").is(http.StatusServiceUnavailable)
	want = readiness{false, []state{{Name: "database", OK: true}, {Name: "relay"}}}
	if diff := cmp.Diff(want, unready.readiness()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if strings.Contains(unready.Body, "10.0.0.9") || !strings.Contains(s.log.String(), "10.0.0.9") {
		t.Error("why a part is away belongs in the log and not in the answer")
	}
}

func TestCheckThatHangsCountsAsAwayWhenTheClientGivesUp(t *testing.T) {
	t.Parallel()
	hang := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	s := newSite(t, func(c *Config) { c.Health = []Check{{"redis", hang}} })
	s.get("/readyz").is(http.StatusServiceUnavailable)
}

func TestMetricsCountRequestsByRouteAndNeverByPath(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	s := newSite(t, func(c *Config) {
		c.Registry, c.Metrics = registry, promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
	})
	token := s.active("mara@example.com")
	s.get("/leave/" + token).is(http.StatusOK)
	s.get("/no/such/page").is(http.StatusNotFound)
	s.do(httptest.NewRequest("BREW", "/privacy", nil)).is(http.StatusMethodNotAllowed)
	got := s.get("/metrics").is(http.StatusOK).Body
	for _, want := range []string{`method="GET",route="/leave/:token",status="200"`, `route="unmatched",status="404"`, `method="other",`} {
		if !strings.Contains(got, want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
	if strings.Contains(got, token) || strings.Contains(got, "/no/such") {
		t.Error("a path is in the metrics")
	}
}

func TestMetricsAreNotThereUnlessGiven(t *testing.T) {
	t.Parallel()
	newSite(t).get("/metrics").is(http.StatusNotFound)
}

func TestTwoServersOnOneRegistryAreRefused(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	s := newSite(t, func(c *Config) { c.Registry = registry })
	if _, err := New(s.Config); err == nil {
		t.Error("the second server would count nothing, and did not say so")
	}
}
