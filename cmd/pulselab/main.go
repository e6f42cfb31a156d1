// Command pulselab tries pulse from outside: real processes, real databases, a real
// wire, under load and under faults. It is a program of its own, so that nothing it
// needs for that is part of pulse.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/collabpulse/weekly/cmd/pulselab/bench"
	"github.com/collabpulse/weekly/cmd/pulselab/faults"
)

// commands is the whole command line.
type commands struct {
	Send   bench.Command  `cmd:"" help:"Send a digest to many readers and measure what it takes."`
	Sink   bench.Sink     `cmd:"" hidden:"" help:"The SMTP server that send starts."`
	Loop   bench.Loop     `cmd:"" hidden:"" help:"The plain loop that send compares with."`
	Faults faults.Command `cmd:"" help:"Send a digest while everything around it breaks, and check that everyone got it once."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	command := kong.Parse(&commands{}, kong.Name("pulselab"), kong.Description("Tries of Collab Pulse Weekly under load and under faults."),
		kong.UsageOnError(), kong.BindTo(ctx, (*context.Context)(nil)))
	command.FatalIfErrorf(command.Run())
}
