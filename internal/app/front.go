package app

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/collabpulse/weekly/internal/config"
	"github.com/collabpulse/weekly/internal/link"
	"github.com/collabpulse/weekly/internal/progress"
	"github.com/collabpulse/weekly/internal/web"
)

// web makes the site. Its streams end when the context does.
func (a *App) web(ctx context.Context) (http.Handler, error) {
	c := web.Config{
		Site:           a.Site,
		Signer:         a.signer,
		Log:            a.log,
		Brand:          a.Settings.Brand,
		Postal:         a.Settings.Postal,
		Schedule:       a.schedule,
		Limits:         Limits(a.Settings),
		Gate:           a.gate(),
		Quotas:         web.Quotas{PerNetwork: a.Settings.SignUpsPerNetwork.Quota, SignUps: a.Settings.SignUps.Quota},
		Readers:        a.Store,
		Leavers:        a.Store,
		Choosers:       a.Store,
		Digests:        a.Store,
		Pages:          a.Renderer,
		Console:        web.ConsoleDeps{Store: a.Store, Editions: a.Renderer, Watcher: progress.NewWatch(a.Store, a.Settings.Calendar(), nil), Queues: a.Queue},
		Stopping:       ctx.Done(),
		Waker:          a.Queue,
		Health:         a.checks(),
		Registry:       a.metrics,
		TrustedProxies: a.Settings.TrustedProxies,
	}
	if a.Mailbox != nil {
		c.Mailbox = postbox{a.Mailbox}
	}
	if a.probes == nil {
		c.Metrics = a.metricsPage()
	}
	server, err := web.New(c)
	if err != nil {
		return nil, err
	}
	return server.Handler(), nil
}

func (a *App) metricsPage() http.Handler {
	return promhttp.HandlerFor(a.metrics, promhttp.HandlerOpts{})
}

// serveProbes answers machines at PULSE_METRICS_LISTEN.
func (a *App) serveProbes(ctx context.Context) error {
	return serveHTTP(ctx, a.probes, web.Probes(web.Config{Log: a.log, Health: a.checks(), Metrics: a.metricsPage()}), a.log)
}

// checks are what /readyz asks.
func (a *App) checks() []web.Check {
	return []web.Check{
		{Name: "database", Func: a.Store.Ping},
		{Name: "redis", Func: a.Queue.Ping},
		{Name: "relay", Func: a.relays.Check},
	}
}

// Hints are what somebody who starts the service wants to read first.
func (a *App) Hints(ctx context.Context) []string {
	lines := []string{"Collab Pulse Weekly, roles " + a.roles.String() + ", on " + a.Store.Engine() + "."}
	if a.roles.Web {
		lines = append(lines, "Readers sign up at "+a.Site.Home(), "Editors sign in at "+a.Site.Console(""))
		if a.Mailbox != nil {
			lines = append(lines, "No relay is set, so every mail stays in "+a.Site.Base()+"/mailbox")
		}
	}
	if editors, err := a.Store.Editors(ctx); err == nil && len(editors) == 0 {
		lines = append(lines, noEditor)
	}
	return lines
}

// SignInLink is the address at which an editor completes a sign-in.
func SignInLink(s config.Settings, signIn int64, expires time.Time) string {
	token := link.NewSigner(s.Secrets.Bytes()).Sign(link.SignIn, link.Claim{Subject: signIn, Expires: expires})
	return site(s).SignIn(token)
}
