package app

import (
	"io"
	"log/slog"

	"github.com/collabpulse/weekly/internal/config"
)

// Logger writes what happens, as text or JSON, to w.
func Logger(s config.Settings, w io.Writer) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(s.LogLevel)); err != nil {
		level = slog.LevelInfo
	}
	options := &slog.HandlerOptions{Level: level}
	if s.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// Quiet keeps everything to itself, for commands that print their own answer.
func Quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }
