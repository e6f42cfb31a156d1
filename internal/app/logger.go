package app

import (
	"io"
	"log/slog"

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

// Quiet keeps everything to itself, for commands that print their own answer.
func Quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }
