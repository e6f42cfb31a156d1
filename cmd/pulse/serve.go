package main

import (
	"github.com/collabpulse/weekly/internal/app"
)

type serveCommand struct {
	Roles []string `help:"Which parts to run here: web, worker, scheduler. All, unless told otherwise; apart only with PostgreSQL, Redis and a relay." placeholder:"ROLE"`
}

// Run serves until it is told to stop, and then finishes or hands back what it holds.
func (c serveCommand) Run(sh *shell) error {
	s, err := sh.settings()
	if err != nil {
		return err
	}
	roles, err := app.ParseRoles(c.Roles)
	if err != nil {
		return err
	}
	a, err := app.New(sh, s, app.Options{Roles: roles, Log: app.Logger(s, sh.err)})
	if err != nil {
		return err
	}
	defer a.Close()
	for _, line := range a.Hints(sh) {
		sh.printf("%s\n", line)
	}
	return a.Serve(sh)
}
