// Command pulse is Collab Pulse Weekly: it gathers stories, lets editors shape
// them into a digest, and mails it to every reader once.
//
// Each subcommand is a small file here that turns flags and settings into one
// call; the work is done by the packages below internal.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // zones, on machines that have none

	"github.com/alecthomas/kong"
	"golang.org/x/term"

	"github.com/collabpulse/weekly/internal/app"
	"github.com/collabpulse/weekly/internal/config"
	"github.com/collabpulse/weekly/internal/fault"
	"github.com/collabpulse/weekly/internal/store"
)

// commands is the whole command line.
type commands struct {
	Serve      serveCommand      `cmd:"" help:"Serve readers and editors, and send what is due."`
	Demo       demoCommand       `cmd:"" help:"Show the whole week on this machine with a made-up community."`
	Migrate    migrateCommand    `cmd:"" help:"Bring the database's schema up to date."`
	Doctor     doctorCommand     `cmd:"" help:"List every setting and check that everything the service needs answers."`
	Gather     gatherCommand     `cmd:"" help:"Look at the sources now."`
	Source     sourceCommand     `cmd:"" help:"Manage the feeds that stories come from."`
	Subscriber subscriberCommand `cmd:"" help:"Import, export and erase subscribers."`
	Digest     digestCommand     `cmd:"" help:"Compose, inspect, approve and send digests."`
	Editor     editorCommand     `cmd:"" help:"Add and remove the people who sign in to the console."`
	Suppress   suppressCommand   `cmd:"" help:"Manage the addresses that must not be mailed."`
	Version    versionCommand    `cmd:"" help:"Print the version."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, shell{Context: ctx, in: os.Stdin, out: os.Stdout, err: os.Stderr, environ: os.Environ()}, os.Args[1:]))
}

// Exit statuses: scripts may rely on them.
const (
	exitOK     = 0
	exitFailed = 1 // the command could not do what was asked
	exitUsage  = 2 // the command line itself is wrong
)

// run parses the command line and runs one command.
func run(ctx context.Context, sh shell, args []string) int {
	status := -1
	parser, err := kong.New(&commands{}, kong.Name("pulse"), kong.Description("Collab Pulse Weekly: a digest of stories, to everyone once."),
		kong.Writers(sh.out, sh.err), kong.UsageOnError(), kong.Exit(func(code int) { status = code }))
	if err != nil {
		panic(err) // the commands above do not fit together: a bug
	}
	command, err := parser.Parse(args)
	if status == exitOK { // --help
		return exitOK
	}
	if err != nil {
		fmt.Fprintf(sh.err, "pulse: %v\nRun \"pulse --help\" to see what there is.\n", err)
		return exitUsage
	}
	sh.Context = ctx
	if err := command.Run(&sh); err != nil {
		sh.complain(err)
		return exitFailed
	}
	return exitOK
}

// shell is what a command sees of the world outside.
type shell struct {
	context.Context
	in       io.Reader
	out, err io.Writer
	environ  []string
}

// errSaid is a failure that the command has already explained.
var errSaid = errors.New("pulse: the reason has been printed")

// complain prints a failure: the safe sentence of a fault, or the error itself,
// which on the operator's own terminal may say more.
func (sh *shell) complain(err error) {
	switch {
	case errors.Is(err, errSaid):
	case fault.KindOf(err) == fault.Internal:
		fmt.Fprintf(sh.err, "pulse: %v\n", err)
	default:
		fmt.Fprintln(sh.err, fault.Message(err))
	}
}

func (sh *shell) printf(format string, args ...any) { fmt.Fprintf(sh.out, format, args...) }

// watched reports whether a person looks at what goes to standard error.
func (sh *shell) watched() bool {
	f, ok := sh.err.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// json prints one value as a line of JSON.
func (sh *shell) json(value any) error { return json.NewEncoder(sh.out).Encode(value) }

// settings reads the environment and fills in generated keys.
func (sh *shell) settings() (config.Settings, error) {
	s, err := config.Load(sh.environ)
	if err != nil {
		return s, err
	}
	return s.WithKeys()
}

// withStore opens the database of the settings for the length of f.
func (sh *shell) withStore(f func(*store.Store, config.Settings) error) error {
	s, err := sh.settings()
	if err != nil {
		return err
	}
	db, err := app.OpenStore(sh, s)
	if err != nil {
		return err
	}
	defer db.Close()
	return f(db, s)
}
