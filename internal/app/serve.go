package app

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/collabpulse/weekly/internal/address"
	"github.com/collabpulse/weekly/internal/jobs"
	"github.com/collabpulse/weekly/internal/metrics"
	"github.com/collabpulse/weekly/internal/send"
)

// Serve runs the roles until the context ends or one of them cannot go on. Then
// the web server answers the requests it has, lanes finish the group on the wire
// and hand back the rest, and the worker leaves the ledger.
func (a *App) Serve(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	if err := a.takeBack(ctx); err != nil {
		return err
	}
	failed := make(chan error, 4)
	var parts sync.WaitGroup
	run := func(part func(context.Context) error) {
		parts.Go(func() {
			if err := part(ctx); err != nil {
				failed <- err
				stop()
			}
		})
	}
	if a.roles.Web {
		run(a.serveWeb)
	}
	if a.probes != nil {
		run(a.serveProbes)
	}
	if a.roles.Worker {
		run(a.work)
	}
	if a.roles.Scheduler {
		run(a.schedules)
	}
	a.log.InfoContext(ctx, "serving", "roles", a.roles.String(), "database", a.Store.Engine())
	parts.Wait()
	close(failed)
	return errors.Join(drain(failed)...)
}

func drain(failed <-chan error) (all []error) {
	for err := range failed {
		all = append(all, err)
	}
	return all
}

// takeBack settles what an earlier run left behind. With embedded parts nobody
// else can be running, since this process holds the database's lock, so there is no
// lease to wait for.
func (a *App) takeBack(ctx context.Context) error {
	if !a.Settings.OnSQLite() {
		return nil
	}
	workers, err := a.Store.Workers(ctx)
	if err != nil {
		return err
	}
	for _, w := range workers {
		r, err := a.Store.Reclaim(ctx, w.ID)
		if err != nil {
			return err
		}
		a.log.InfoContext(ctx, "took back what an earlier run held", "worker", w.ID, "requeued", r.Requeued, "doubtful", r.Doubtful)
	}
	return nil
}

// stopWithin is how long requests under way may take once we stop.
const stopWithin = 15 * time.Second

func (a *App) serveWeb(ctx context.Context) error {
	handler, err := a.web(ctx)
	if err != nil {
		return err
	}
	return serveHTTP(ctx, a.listener, handler, a.log)
}

// serveHTTP answers requests until the context ends, and then those under way.
func serveHTTP(ctx context.Context, listener net.Listener, handler http.Handler, log *slog.Logger) error {
	server := &http.Server{
		ErrorLog:          slog.NewLogLogger(unaddressed{log.Handler()}, slog.LevelWarn),
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		BaseContext:       func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
	}
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		within, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
		defer cancel()
		stopped <- server.Shutdown(within)
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}

// work gathers, composes and sends until the context ends.
func (a *App) work(ctx context.Context) error {
	register := &reporter{Store: a.Store, relays: a.relays, meters: a.meters}
	if err := a.metrics.Register(metrics.NewRelays(register.report, address.Providers())); err != nil {
		return err
	}
	inLedger, leave := context.WithCancel(context.WithoutCancel(ctx))
	worker := send.NewWorker(register, workerName(), a.log)
	worker.WhenJoined(a.wakeOpen)
	var beating sync.WaitGroup
	beating.Go(func() { worker.Run(inLedger) })
	defer beating.Wait()
	defer leave()

	sender, err := a.sender(worker)
	if err != nil {
		return err
	}
	register.sender.Store(sender)
	register.share(ctx)
	beating.Go(func() { a.shareBrakes(ctx, sender) })
	workers := jobs.NewWorkers(a.conn, a.Queue, a.duties(sender), a.tasks)
	if err := workers.Start(); err != nil {
		return err
	}
	<-ctx.Done()
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.stopping())
	defer cancel()
	return workers.Stop(within)
}

// duties are what a worker does, and with what.
func (a *App) duties(s *send.Sender) jobs.Work {
	return jobs.Work{Sender: counted{s, a.meters}, Gatherer: a.gatherer(), Domains: a.finder(), Digests: a.Store, Limits: Limits(a.Settings), Bundle: a.Renderer.Bundle()}
}

// stopping is how long workers may take to wind down: a group on the wire, its
// results, and some air.
func (a *App) stopping() time.Duration { return 45 * time.Second }

func (a *App) schedules(ctx context.Context) error {
	jobs.NewScheduler(a.Queue, jobs.Plan{
		Agenda:  a.Store,
		Chores:  a.Store,
		Sweeper: send.NewWatch(roll{a.Store, a.meters}, send.Monotonic(), a.log),
		Next:    a.schedule.Next,
		Domains: asksDNS(a.Settings) || a.Settings.DomainGroups.Any(),

		KeepDeliveries: a.Settings.KeepDeliveries, KeepHistory: a.Settings.KeepHistory,
	}, a.tasks).Run(ctx)
	return nil
}
