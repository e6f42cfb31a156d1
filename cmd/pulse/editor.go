package main

import (
	"net/mail"
	"strings"
	"time"

	"github.com/collabpulse/weekly/internal/address"
	"github.com/collabpulse/weekly/internal/app"
	"github.com/collabpulse/weekly/internal/config"
	"github.com/collabpulse/weekly/internal/editor"
	"github.com/collabpulse/weekly/internal/store"
)

type editorCommand struct {
	Add    editorAddCommand    `cmd:"" help:"Let somebody sign in to the console."`
	Link   editorLinkCommand   `cmd:"" help:"Print a one-time sign-in link, for when no mail can be sent yet."`
	List   editorListCommand   `cmd:"" help:"List who may sign in."`
	Remove editorRemoveCommand `cmd:"" help:"Take the console from somebody, at once."`
}

type editorAddCommand struct {
	Address string `arg:"" help:"Their address, such as ada@example.com or \"Ada <ada@example.com>\"."`
	Admin   bool   `help:"Note them down as an admin. Lists show it; both may do the same."`
}

// Run adds an editor and prints a link they can sign in with at once.
func (c editorAddCommand) Run(sh *shell) error {
	name, to, err := person(c.Address)
	if err != nil {
		return err
	}
	role := editor.Normal
	if c.Admin {
		role = editor.Admin
	}
	return sh.withStore(func(db *store.Store, s config.Settings) error {
		e, err := db.AddEditor(sh, to, name, role)
		if err != nil {
			return err
		}
		sh.printf("Added %s as %s.\n", e.Address, e.Role)
		return printSignIn(sh, db, s, to)
	})
}

// person reads an address with or without a name; the name defaults to the part
// before the @.
func person(text string) (string, address.Address, error) {
	name := ""
	if parsed, err := mail.ParseAddress(text); err == nil {
		name, text = parsed.Name, parsed.Address
	}
	to, err := address.Parse(text)
	if name == "" {
		name, _, _ = strings.Cut(text, "@")
	}
	return name, to, err
}

type editorLinkCommand struct {
	Address string `arg:"" help:"The editor's address."`
}

// Run prints a sign-in link.
func (c editorLinkCommand) Run(sh *shell) error {
	to, err := address.Parse(c.Address)
	if err != nil {
		return err
	}
	return sh.withStore(func(db *store.Store, s config.Settings) error {
		return printSignIn(sh, db, s, to)
	})
}

func printSignIn(sh *shell, db *store.Store, s config.Settings, to address.Address) error {
	id, expires, err := db.NewSignIn(sh, to)
	if err != nil {
		return err
	}
	sh.printf("Sign in until %s, once, at\n  %s\n", expires.In(s.Zone.Location).Format("15:04 MST"), app.SignInLink(s, id, expires))
	return nil
}

type editorRemoveCommand struct {
	Address string `arg:"" help:"The editor's address."`
}

// Run removes an editor. Whoever is signed in under that address no longer is.
func (c editorRemoveCommand) Run(sh *shell) error {
	who, err := address.Parse(c.Address)
	if err != nil {
		return err
	}
	return sh.withStore(func(db *store.Store, _ config.Settings) error {
		if err := db.RemoveEditor(sh, who); err != nil {
			return err
		}
		sh.printf("Removed %s.\n", who)
		return nil
	})
}

type editorListCommand struct {
	JSON bool `help:"Print JSON."`
}

// Run lists editors.
func (c editorListCommand) Run(sh *shell) error {
	return sh.withStore(func(db *store.Store, s config.Settings) error {
		all, err := db.Editors(sh)
		if err != nil {
			return err
		}
		for _, e := range all {
			if !c.JSON {
				sh.printf("%-8s %s\n", e.Role, e.Address.Header(e.Name))
				continue
			}
			row := map[string]any{"id": e.ID, "address": e.Address.String(), "name": e.Name, "role": e.Role.String(), "since": e.Created.Format(time.RFC3339)}
			if err := sh.json(row); err != nil {
				return err
			}
		}
		return nil
	})
}
