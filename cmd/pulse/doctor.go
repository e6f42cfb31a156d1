package main

import (
	"context"
	"time"

	"github.com/collabpulse/weekly/internal/app"
	"github.com/collabpulse/weekly/internal/config"
	"github.com/collabpulse/weekly/internal/fault"
)

type doctorCommand struct {
	JSON bool `help:"Print JSON."`
}

// diagnosis is what the doctor found.
type diagnosis struct {
	Settings []config.Line `json:"settings"`
	Checks   []app.Finding `json:"checks"`
	Healthy  bool          `json:"healthy"`
}

// Run lists the settings and tries each part. It changes nothing, except that a
// first run generates the keys it needs to look at the database.
func (c doctorCommand) Run(sh *shell) error {
	s, err := config.Load(sh.environ)
	if err != nil {
		return err
	}
	d := diagnosis{Settings: config.List(s), Healthy: true}
	ctx, cancel := context.WithTimeout(sh, 30*time.Second)
	defer cancel()
	d.Checks = app.Examine(ctx, s)
	for _, f := range d.Checks {
		d.Healthy = d.Healthy && f.OK
	}
	if c.JSON {
		err = sh.json(d)
	} else {
		d.print(sh)
	}
	if err == nil && !d.Healthy {
		err = fault.New(fault.Unavailable, "Something needs attention; see the lines marked with an exclamation mark.")
	}
	return err
}

func (d diagnosis) print(sh *shell) {
	sh.printf("Settings\n")
	for _, l := range d.Settings {
		value := l.Value
		if value == "" {
			value = "–"
		}
		sh.printf("  %-28s %s\n  %-28s   %s\n", l.Name, value, "", l.Help)
	}
	sh.printf("\nChecks\n")
	for _, f := range d.Checks {
		mark := "✓"
		if !f.OK {
			mark = "!"
		}
		sh.printf("  %s %-10s %s\n", mark, f.Part, f.Text)
	}
}
