package jobs

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/hibiken/asynq"
)

// WithTask adds the id of the task under way to every record that is logged with
// its context, wherever in the program that happens. Wrap the program's own
// handler with it; wrapping twice adds the id once.
func WithTask(h slog.Handler) slog.Handler {
	if _, already := h.(taskHandler); already {
		return h
	}
	return taskHandler{h}
}

type taskHandler struct{ slog.Handler }

// Handle adds the id.
func (h taskHandler) Handle(ctx context.Context, r slog.Record) error {
	if id, ok := asynq.GetTaskID(ctx); ok {
		r = r.Clone()
		r.AddAttrs(slog.String("task", id))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs keeps the wrapping.
func (h taskHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return taskHandler{h.Handler.WithAttrs(attrs)}
}

// WithGroup keeps the wrapping.
func (h taskHandler) WithGroup(name string) slog.Handler {
	return taskHandler{h.Handler.WithGroup(name)}
}

// asynqLog is the log as asynq wants it. What asynq calls info is its coming and
// going, which is of interest to nobody but who debugs it.
type asynqLog struct{ log *slog.Logger }

func (l asynqLog) Debug(args ...any) {}
func (l asynqLog) Info(args ...any)  { l.log.Debug("queue", "message", fmt.Sprint(args...)) }
func (l asynqLog) Warn(args ...any)  { l.log.Warn("queue", "message", fmt.Sprint(args...)) }
func (l asynqLog) Error(args ...any) { l.log.Error("queue", "message", fmt.Sprint(args...)) }

// Fatal logs, and leaves the decision to end the process to its main.
func (l asynqLog) Fatal(args ...any) { l.log.Error("queue", "message", fmt.Sprint(args...)) }
