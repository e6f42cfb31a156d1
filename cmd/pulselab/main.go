// Command pulselab measures pulse from outside: real processes, real databases, a
// real wire. It is a program of its own, so that nothing of its kind is linked into
// the one that is measured.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/collabpulse/weekly/cmd/pulselab/bench"
)

// commands is the whole command line.
type commands struct {
	Send bench.Command `cmd:"" help:"Send a digest to many readers and measure what it takes."`
	Sink bench.Sink    `cmd:"" hidden:"" help:"The SMTP server that send starts."`
	Loop bench.Loop    `cmd:"" hidden:"" help:"The plain loop that send compares with."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	command := kong.Parse(&commands{}, kong.Name("pulselab"), kong.Description("Benches for Collab Pulse Weekly."),
		kong.UsageOnError(), kong.BindTo(ctx, (*context.Context)(nil)))
	command.FatalIfErrorf(command.Run())
}
