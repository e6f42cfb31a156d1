package main

import (
	"github.com/collabpulse/weekly/internal/app"
	"github.com/collabpulse/weekly/internal/demo"
)

type demoCommand struct {
	Once bool `help:"Walk on for a second week, check what must hold, and exit."`
	JSON bool `help:"With --once: print the counts as one line of JSON at the end."`
}

// Run shows the whole week, and then either keeps serving or walks on.
func (c demoCommand) Run(sh *shell) error {
	sh.printf("Collab Pulse Weekly, the whole week on this machine. No mail leaves it.\n\n")
	w, err := demo.Start(sh, demo.Options{Out: sh.out, Log: app.Quiet()})
	if err != nil {
		return err
	}
	defer w.Close()
	if err := w.FirstWeek(sh); err != nil {
		return err
	}
	if c.Once {
		return c.walkOn(sh, w)
	}
	if err := w.News(sh); err != nil {
		return err
	}
	if err := w.Addresses(sh); err != nil {
		return err
	}
	sh.printf("Press Ctrl-C to stop; everything is removed then.\n")
	<-sh.Done()
	return nil
}

func (c demoCommand) walkOn(sh *shell, w *demo.Walk) error {
	report, err := w.SecondWeek(sh)
	if err != nil {
		return err
	}
	if c.JSON {
		return sh.json(report)
	}
	return nil
}
