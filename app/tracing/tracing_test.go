package tracing

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"paddock/app/broker"
)

// inMemory returns a Tracing that keeps its spans.
func inMemory(trusted ...netip.Prefix) (*Tracing, *tracetest.InMemoryExporter) {
	kept := tracetest.NewInMemoryExporter()
	provider := trace.NewTracerProvider(trace.WithSyncer(kept))
	return &Tracing{provider: provider, tracer: provider.Tracer("test"), trusted: trusted}, kept
}

// A span of Postgres has the texts of statements, and of an error its SQLSTATE:
// no value, and no text of an error, which quotes values.
func TestSpansHaveNoValues(t *testing.T) {
	traced, kept := inMemory()
	tracer := traced.Statements()
	refused := &pgconn.PgError{Code: "23505", Message: "secret", Detail: "Key (email)=(secret)", Where: "secret", Hint: "secret"}
	ctx, _, endRequest := traced.Request(httptest.NewRequest("POST", "/api/orders?secret=secret", strings.NewReader("secret")))

	one := tracer.TraceQueryStart(ctx, nil, pgx.TraceQueryStartData{SQL: "select $1", Args: []any{"secret"}})
	tracer.TraceQueryEnd(one, nil, pgx.TraceQueryEndData{Err: refused})
	var b pgx.Batch
	b.Queue("select private.admit($1)", "secret")
	b.Queue("insert into t values ($1)", "secret")
	several := tracer.(pgx.BatchTracer).TraceBatchStart(ctx, nil, pgx.TraceBatchStartData{Batch: &b})
	for _, q := range b.QueuedQueries {
		tracer.(pgx.BatchTracer).TraceBatchQuery(several, nil, pgx.TraceBatchQueryData{SQL: q.SQL, Args: q.Arguments, Err: refused})
	}
	tracer.(pgx.BatchTracer).TraceBatchEnd(several, nil, pgx.TraceBatchEndData{Err: fmt.Errorf("secret: %w", refused)})
	lost := tracer.TraceQueryStart(ctx, nil, pgx.TraceQueryStartData{SQL: "select 2"})
	tracer.TraceQueryEnd(lost, nil, pgx.TraceQueryEndData{Err: errors.New("dial tcp secret")})
	traced.Call(ctx, broker.Call{Host: broker.HostPaper, Endpoint: "place"})(broker.Outcome{Result: "ambiguous", Method: "POST", Path: "/v2/orders"})
	endRequest("POST", "/api/orders", 503)

	spans := kept.GetSpans()
	text := fmt.Sprintf("%+v", spans)
	if len(spans) != 5 || strings.Contains(text, "secret") {
		t.Errorf("there are %d spans: %s", len(spans), text)
	}
	for _, want := range []string{"select $1", "select private.admit($1)", "insert into t values ($1)", "23505", "no answer", "POST /api/orders", "alpaca place", "ambiguous"} {
		if !strings.Contains(text, want) {
			t.Errorf("no span has %q: %s", want, text)
		}
	}
}

// Nothing is traced that is not done for a request.
func TestOnlyRequestsAreTraced(t *testing.T) {
	traced, kept := inMemory()
	tracer := traced.Statements()
	tracer.TraceQueryEnd(tracer.TraceQueryStart(t.Context(), nil, pgx.TraceQueryStartData{SQL: "select 1"}), nil, pgx.TraceQueryEndData{})
	batch := tracer.(pgx.BatchTracer).TraceBatchStart(t.Context(), nil, pgx.TraceBatchStartData{Batch: &pgx.Batch{}})
	tracer.(pgx.BatchTracer).TraceBatchQuery(batch, nil, pgx.TraceBatchQueryData{SQL: "select 1"})
	tracer.(pgx.BatchTracer).TraceBatchEnd(batch, nil, pgx.TraceBatchEndData{})
	traced.Call(t.Context(), broker.Call{})(broker.Outcome{})
	if spans := kept.GetSpans(); len(spans) != 0 {
		t.Errorf("there are spans: %+v", spans)
	}
}

// A traceparent is continued from a peer that is trusted to have made it, and from
// nobody else.
func TestOnlyTrustedPeersTracesAreContinued(t *testing.T) {
	const theirs = "4bf92f3577b34da6a3ce929d0e0e4736"
	traced, _ := inMemory(netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32"))
	nobody, _ := inMemory()
	for peer, continued := range map[string]bool{
		"10.1.2.3:80": true, "[::ffff:10.1.2.3]:80": true, "[2001:db8::1]:80": true, "11.1.2.3:80": false, "127.0.0.1:80": false, "[::1]:80": false, "10.1.2.3": false, "": false, "@": false,
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = peer
		r.Header.Set("traceparent", "00-"+theirs+"-00f067aa0ba902b7-01")
		r.Header.Set("X-Forwarded-For", "10.1.2.3")
		if _, id, _ := traced.Request(r); (id == theirs) != continued || len(id) != 32 {
			t.Errorf("of %q: the trace is %s", peer, id)
		}
		if _, id, _ := nobody.Request(r); id == theirs {
			t.Errorf("of %q, where nobody is trusted: the trace is %s", peer, id)
		}
	}
}

// The log says that traces could not be sent, without the receiver's words and
// its URL.
func TestTheReceiversWordsAreNotLogged(t *testing.T) {
	var out bytes.Buffer
	q := quietly{slog.New(slog.NewJSONHandler(&out, nil))}
	for _, err := range []error{
		&url.Error{Op: "Post", URL: "http://user:secret@localhost", Err: errors.New("secret")}, errors.New("the receiver says secret"), fmt.Errorf("secret: %w", context.DeadlineExceeded),
	} {
		q.Handle(err)
	}
	if said := out.String(); strings.Contains(said, "secret") || strings.Count(said, "traces could not be sent") != 3 || !strings.Contains(said, "cannot be reached") || !strings.Contains(said, "in time") {
		t.Errorf("it says %s", said)
	}
}

// A protocol that this binary does not have is refused by the name of its
// setting.
func TestCheckProtocol(t *testing.T) {
	for value, may := range map[string]bool{"": true, "http/protobuf": true, "grpc": false, "http/json": false} {
		err := CheckProtocol(func(name string) (string, bool) { return value, name == "OTEL_EXPORTER_OTLP_PROTOCOL" })
		if (err == nil) != may || err != nil && !strings.HasPrefix(err.Error(), "OTEL_EXPORTER_OTLP_PROTOCOL must be") {
			t.Errorf("%q: %v", value, err)
		}
	}
}
