package tracing

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.40.0"
	api "go.opentelemetry.io/otel/trace"
)

// Statements returns a tracer of pools. It makes a span of each batch and each
// single statement that runs for a request which is traced.
func (t *Tracing) Statements() pgx.QueryTracer { return statements{t.tracer} }

type statements struct{ tracer api.Tracer }

var _ pgx.BatchTracer = statements{}

type spanKey struct{}

// begin starts a span, and keeps it in the context that is returned. Without a
// request that is traced it keeps none.
func (s statements) begin(ctx context.Context, name string, attributes ...attribute.KeyValue) context.Context {
	if !api.SpanFromContext(ctx).IsRecording() {
		return context.WithValue(ctx, spanKey{}, api.Span(nil))
	}
	_, span := s.tracer.Start(ctx, name, api.WithSpanKind(api.SpanKindClient),
		api.WithAttributes(append(attributes, semconv.DBSystemNamePostgreSQL)...))
	return context.WithValue(ctx, spanKey{}, span)
}

func spanOf(ctx context.Context) api.Span {
	span, _ := ctx.Value(spanKey{}).(api.Span)
	return span
}

// end ends the context's span. Of an error it tells the SQLSTATE alone: texts
// quote values.
func end(ctx context.Context, err error) {
	span := spanOf(ctx)
	if span == nil {
		return
	}
	if err != nil {
		span.SetStatus(codes.Error, "")
		span.SetAttributes(semconv.DBResponseStatusCode(stateOf(err)))
	}
	span.End()
}

// stateOf returns the SQLSTATE of an error, and words for one that is not
// Postgres'.
func stateOf(err error) string {
	var refused *pgconn.PgError
	switch {
	case errors.As(err, &refused):
		return refused.Code
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return "no answer in time"
	}
	return "no answer"
}

// TraceBatchStart begins a batch's span.
func (s statements) TraceBatchStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	return s.begin(ctx, "postgres batch", semconv.DBOperationBatchSize(data.Batch.Len()))
}

// TraceBatchQuery adds a statement of the batch whose result was read.
func (s statements) TraceBatchQuery(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchQueryData) {
	span := spanOf(ctx)
	if span == nil {
		return
	}
	attributes := []attribute.KeyValue{textOf(data.SQL)}
	if data.Err != nil {
		attributes = append(attributes, semconv.DBResponseStatusCode(stateOf(data.Err)))
	}
	span.AddEvent("statement", api.WithAttributes(attributes...))
}

// TraceBatchEnd ends the batch's span.
func (s statements) TraceBatchEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchEndData) {
	end(ctx, data.Err)
}

// TraceQueryStart begins a single statement's span.
func (s statements) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	return s.begin(ctx, "postgres statement", textOf(data.SQL))
}

// TraceQueryEnd ends it.
func (s statements) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryEndData) {
	end(ctx, data.Err)
}

// maxText bounds a statement's text, in bytes.
const maxText = 1000

// textOf is a statement's text. Values are always bound, and so never in it.
func textOf(sql string) attribute.KeyValue {
	if len(sql) > maxText {
		sql = strings.ToValidUTF8(sql[:maxText], "") + "…"
	}
	return semconv.DBQueryText(sql)
}
