package main

import (
	"strconv"
	"time"

	"github.com/collabpulse/weekly/internal/app"
	"github.com/collabpulse/weekly/internal/config"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/jobs"
	"github.com/collabpulse/weekly/internal/source"
	"github.com/collabpulse/weekly/internal/store"
	"github.com/collabpulse/weekly/internal/topic"
)

type sourceCommand struct {
	Add    sourceAddCommand    `cmd:"" help:"Add a feed."`
	List   sourceListCommand   `cmd:"" help:"List the feeds and how they do."`
	Remove sourceRemoveCommand `cmd:"" help:"Remove a feed; its stories stay."`
}

type sourceAddCommand struct {
	URL   string `arg:"" help:"The feed's address: RSS, Atom or JSON Feed."`
	Topic string `required:"" help:"What its stories are about: a topic's slug, such as tips-tools."`
}

// Run adds a source; the running server looks at it within a minute.
func (c sourceAddCommand) Run(sh *shell) error {
	url, err := source.ParseURL(c.URL)
	if err != nil {
		return err
	}
	return sh.withStore(func(db *store.Store, s config.Settings) error {
		topics, err := db.Topics(sh)
		if err != nil {
			return err
		}
		t, err := topic.Find(topics, c.Topic)
		if err != nil {
			return err
		}
		added, err := db.AddSource(sh, url, t.ID)
		if err != nil {
			return err
		}
		sh.printf("Added source %d for %q. It is looked at within a minute by the running server, or at once by \"pulse gather\".\n", added.ID, t.Name)
		return app.Wake(s, func(q *jobs.Client) { q.WakeSource(sh, added.ID) })
	})
}

type sourceListCommand struct {
	JSON bool `help:"Print JSON, one object a line."`
}

// Run lists sources.
func (c sourceListCommand) Run(sh *shell) error {
	return sh.withStore(func(db *store.Store, _ config.Settings) error {
		all, err := db.Sources(sh)
		if err != nil {
			return err
		}
		for _, s := range all {
			if err := c.line(sh, s); err != nil {
				return err
			}
		}
		if len(all) == 0 && !c.JSON {
			sh.printf("There are no sources yet; add one with \"pulse source add URL --topic …\".\n")
		}
		return nil
	})
}

func (c sourceListCommand) line(sh *shell, s source.Source) error {
	if c.JSON {
		return sh.json(map[string]any{"id": s.ID, "url": s.URL, "title": s.Title, "topic": s.Topic, "active": s.Active,
			"stories": s.Stories, "fetched": s.Fetched, "succeeded": s.Succeeded, "failures": s.Failures, "error": s.Error})
	}
	health := "never looked at"
	switch {
	case !s.Active:
		health = "paused"
	case s.Error != "":
		health = "failing: " + s.Error
	case !s.Succeeded.IsZero():
		health = "well since " + s.Succeeded.Format(time.DateTime)
	}
	sh.printf("%4d  %-60s %5d stories  %s\n", s.ID, s.URL, s.Stories, health)
	return nil
}

type sourceRemoveCommand struct {
	Source string `arg:"" help:"The source's number or address."`
}

// Run removes a source by number or address.
func (c sourceRemoveCommand) Run(sh *shell) error {
	return sh.withStore(func(db *store.Store, _ config.Settings) error {
		all, err := db.Sources(sh)
		if err != nil {
			return err
		}
		for _, s := range all {
			if s.URL == c.Source || strconv.FormatInt(s.ID, 10) == c.Source {
				if err := db.RemoveSource(sh, s.ID); err != nil {
					return err
				}
				sh.printf("Removed %s; its stories stay.\n", s.URL)
				return nil
			}
		}
		return fault.New(fault.NotFound, "There is no source %q; \"pulse source list\" shows them.", c.Source)
	})
}
