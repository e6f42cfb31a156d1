// Package app joins the parts into a running service: New builds everything the
// settings ask for, Serve runs the chosen roles until told to stop, and Close
// gives everything back in reverse order.
//
// It is the only package that knows more than one of store, mail, jobs, web,
// gather, render and send, and holds no rules of its own: where two parts speak
// slightly different languages, a small adapter here translates.
package app

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/hibiken/asynq"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/collabpulse/weekly/internal/config"
	"github.com/collabpulse/weekly/internal/digest"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/gather"
	"github.com/collabpulse/weekly/internal/jobs"
	"github.com/collabpulse/weekly/internal/link"
	"github.com/collabpulse/weekly/internal/mail"
	"github.com/collabpulse/weekly/internal/mailbox"
	"github.com/collabpulse/weekly/internal/metrics"
	"github.com/collabpulse/weekly/internal/render"
	"github.com/collabpulse/weekly/internal/store"
)

// App is a service that is ready to run.
type App struct {
	Settings config.Settings
	Store    *store.Store
	Queue    *jobs.Client
	Mailbox  *mailbox.Box // nil when relays are set
	Renderer *render.Renderer
	Site     link.Site

	roles    Roles
	log      *slog.Logger
	listener net.Listener // of the pages; nil without the web role
	probes   net.Listener // of metrics and health; nil when they stand beside the pages
	conn     asynq.RedisConnOpt
	tasks    jobs.Settings
	relays   *mail.Pool
	signer   link.Signer
	schedule digest.Schedule
	metrics  *prometheus.Registry
	meters   *metrics.Meters
	closers  []func() error
}

// Options are what a process decides for itself.
type Options struct {
	Roles    Roles
	Log      *slog.Logger
	Listener net.Listener // where to serve HTTP; nil listens on PULSE_LISTEN
}

// New builds a service from complete settings (see config.Settings.WithKeys). It
// refuses, with a fault that says why, to serve readers unsafely, to split
// embedded parts over processes, and to share a data folder or a database file.
func New(ctx context.Context, s config.Settings, o Options) (*App, error) {
	if err := refuse(s, o.Roles); err != nil {
		return nil, err
	}
	a := &App{Settings: s, Site: site(s), roles: o.Roles, log: o.Log, listener: o.Listener,
		signer: link.NewSigner(s.Secrets.Bytes()), metrics: prometheus.NewRegistry()}
	a.metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, build := range []func(context.Context) error{a.openLock, a.openStore, a.openQueue, a.openMeters, a.openMail, a.openFront} {
		if err := build(ctx); err != nil {
			return nil, errors.Join(err, a.Close())
		}
	}
	return a, nil
}

func refuse(s config.Settings, r Roles) error {
	if err := r.splittable(s); err != nil {
		return err
	}
	if all := s.Refusals(); len(all) > 0 {
		return fault.New(fault.Invalid, "%s", strings.Join(all, "\n"))
	}
	return nil
}

// Close releases everything, last opened first.
func (a *App) Close() error {
	var err error
	for _, c := range slices.Backward(a.closers) {
		err = errors.Join(err, c())
	}
	a.closers = nil
	return err
}

func (a *App) onClose(f func() error) { a.closers = append(a.closers, f) }

func (a *App) openStore(ctx context.Context) (err error) {
	if a.Store, err = OpenStore(ctx, a.Settings); err != nil {
		return err
	}
	a.onClose(a.Store.Close)
	if a.schedule, err = digest.ParseSchedule("weekly", a.Settings.Schedule, a.Settings.Zone.Location); err != nil {
		return err
	}
	a.Renderer, err = Renderer(a.Settings)
	return err
}

func (a *App) openQueue(context.Context) (err error) {
	a.conn, err = a.queueConn()
	if err != nil {
		return err
	}
	meters, err := jobs.NewMeters(a.metrics)
	if err != nil {
		return err
	}
	a.tasks = jobs.Settings{Space: a.Settings.RedisSpace, Lanes: a.Settings.Connections, Lead: a.Settings.ComposeLead, Log: a.log, Meters: meters, Workers: a.countWorkers}
	if a.Settings.RedisURL == "" {
		a.tasks.Every, a.tasks.LookEvery = embeddedTick, embeddedLook
	}
	a.Queue = jobs.NewClient(a.conn, a.tasks)
	a.onClose(a.Queue.Close)
	return nil
}

// embeddedTick is how often an installation on embedded parts looks what is due:
// a command line beside it cannot wake it, and asking its own file costs little.
const embeddedTick = 5 * time.Second

// embeddedLook is how soon it finds a digest that the command line launched: one
// look at a table of a few hundred rows.
const embeddedLook = 200 * time.Millisecond

func (a *App) queueConn() (asynq.RedisConnOpt, error) {
	if a.Settings.RedisURL != "" {
		return jobs.ByURL(a.Settings.RedisURL)
	}
	conn, closing := jobs.Embedded()
	a.onClose(func() error { closing(); return nil })
	return conn, nil
}

func (a *App) openMail(context.Context) (err error) {
	if a.Settings.MailboxOnly() {
		if a.Mailbox, err = mailbox.Listen("127.0.0.1:0"); err != nil {
			return err
		}
		a.onClose(func() error {
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			defer cancel()
			return a.Mailbox.Close(ctx)
		})
	}
	if a.relays, err = relays(a.Settings, a.Mailbox); err != nil {
		return err
	}
	a.onClose(a.relays.Close)
	return nil
}

func (a *App) openFront(context.Context) (err error) {
	if a.listener == nil && a.roles.Web {
		if a.listener, err = a.listen("PULSE_LISTEN", a.Settings.Listen); err != nil {
			return err
		}
	}
	if a.Settings.MetricsAt != "" {
		a.probes, err = a.listen("PULSE_METRICS_LISTEN", a.Settings.MetricsAt)
	}
	return err
}

// listen takes an address, until the service serves on it and closes it, or is
// closed unserved.
func (a *App) listen(setting, at string) (net.Listener, error) {
	l, err := net.Listen("tcp", at)
	if err != nil {
		return nil, fault.Wrap(fault.Conflict, err, "%s: %s cannot be listened on; is another server there?", setting, at)
	}
	a.onClose(func() error {
		l.Close() // fails when serving has closed it
		return nil
	})
	return l, nil
}

// Gatherer looks at sources under the settings.
func Gatherer(s config.Settings, db *store.Store, log *slog.Logger) *gather.Gatherer {
	client := gather.NewClient(gather.Options{Site: s.BaseURL.String(), AllowPrivate: s.AllowPrivateSources})
	return gather.New(client, db, time.Now, log)
}

// Wake lets a command tell the workers of a shared queue what it has written.
// Without such a queue the running server finds it at its next tick.
func Wake(s config.Settings, tell func(*jobs.Client)) error {
	if s.RedisURL == "" {
		return nil
	}
	conn, err := jobs.ByURL(s.RedisURL)
	if err != nil {
		return err
	}
	queue := jobs.NewClient(conn, jobs.Settings{Space: s.RedisSpace, Lanes: s.Connections, Log: Quiet()})
	tell(queue)
	return queue.Close()
}

// workerName is this process, as people see it in the list of workers.
func workerName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return host
}
