package origin

import (
	"context"
	"log/slog"
)

// LogHandler adds to each line that is logged with the context of a request the
// request's id, its trace's, and the account that it was admitted to.
func LogHandler(to slog.Handler) slog.Handler { return logHandler{to} }

type logHandler struct{ slog.Handler }

// Handle adds to the line and hands it on.
func (h logHandler) Handle(ctx context.Context, line slog.Record) error {
	if r, ok := ctx.Value(key{}).(*request); ok {
		line.AddAttrs(slog.String("request_id", r.RequestID))
		if r.TraceID != "" {
			line.AddAttrs(slog.String("trace_id", r.TraceID))
		}
		if account := r.account.Load(); account != nil {
			line.AddAttrs(slog.String("account", account.String()))
		}
	}
	return h.Handler.Handle(ctx, line)
}

// WithAttrs returns a handler that adds these attributes as well.
func (h logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return logHandler{h.Handler.WithAttrs(attrs)}
}

// WithGroup returns a handler whose further attributes are in a group.
func (h logHandler) WithGroup(name string) slog.Handler { return logHandler{h.Handler.WithGroup(name)} }
