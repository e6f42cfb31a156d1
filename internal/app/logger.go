package app

import (
	"context"
	"io"
	"log/slog"
	"regexp"

	"github.com/collabpulse/weekly/internal/config"
	"github.com/collabpulse/weekly/internal/jobs"
)

// Logger writes what happens, as text or JSON, to w, with the id of the task or
// request a line belongs to. The Redis library keeps one log for the whole
// process, so its lines go there too.
func Logger(s config.Settings, w io.Writer) *slog.Logger {
	log := slog.New(jobs.WithTask(handler(s, w)))
	jobs.LogRedis(log)
	return log
}

func handler(s config.Settings, w io.Writer) slog.Handler {
	var level slog.Level
	if err := level.UnmarshalText([]byte(s.LogLevel)); err != nil {
		level = slog.LevelInfo
	}
	options := &slog.HandlerOptions{Level: level}
	if s.LogFormat == "json" {
		return slog.NewJSONHandler(w, options)
	}
	return slog.NewTextHandler(w, options)
}

// unaddressed passes on what net/http says of its connections, without the
// addresses of those who opened them.
type unaddressed struct{ slog.Handler }

// peer is a network address with a port, as net/http writes it.
var peer = regexp.MustCompile(`(\d+(\.\d+){3}|\[[0-9a-fA-F:.]+(%\w+)?\]):\d+`)

// Handle blots out addresses. The records of net/http have no attributes.
func (u unaddressed) Handle(ctx context.Context, r slog.Record) error {
	text := peer.ReplaceAllString(r.Message, "[address]")
	quiet := slog.NewRecord(r.Time, r.Level, "the HTTP server complains", r.PC)
	quiet.AddAttrs(slog.String("says", text))
	return u.Handler.Handle(ctx, quiet)
}

// Quiet keeps everything to itself, for commands that print their own answer.
func Quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }
