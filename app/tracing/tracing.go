// Package tracing sends traces of requests by OpenTelemetry (OTLP over HTTP): one
// span for the request, one for each batch or statement of Postgres, and one for
// each call of the broker. A span has names, texts of statements without their
// values, patterns of paths, times and results: nothing of a tenant, no header and
// no text of an error, which may quote values.
package tracing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.40.0"
	api "go.opentelemetry.io/otel/trace"

	"paddock/app/broker"
)

// Config is what a Tracing needs.
type Config struct {
	Endpoint string // base URL of the receiver, without /v1/traces
	// TrustedProxies are addresses whose traceparent is continued; those of all
	// others are ignored, since they would choose ids and what is kept.
	TrustedProxies []netip.Prefix
	Version        string // of the binary
	Logger         *slog.Logger
}

// Tracing sends spans.
type Tracing struct {
	provider *trace.TracerProvider
	tracer   api.Tracer
	trusted  []netip.Prefix
}

// closeTimeout is how long the last spans may take to be sent.
const closeTimeout = 3 * time.Second

// New makes a Tracing. OpenTelemetry's own variables, such as
// OTEL_TRACES_SAMPLER and OTEL_EXPORTER_OTLP_HEADERS, say the rest.
func New(ctx context.Context, c Config) (*Tracing, error) {
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(c.Endpoint+"/v1/traces"))
	if err != nil {
		return nil, errors.New("OTEL_EXPORTER_OTLP_ENDPOINT, or another variable of OpenTelemetry, cannot be used")
	}
	who, err := resource.New(ctx,
		resource.WithAttributes(semconv.ServiceName("paddock"), semconv.ServiceVersion(c.Version)),
		resource.WithFromEnv(), resource.WithTelemetrySDK())
	if err != nil {
		return nil, errors.New("OTEL_RESOURCE_ATTRIBUTES must be NAME=VALUE between commas")
	}
	log := quietly{c.Logger}
	otel.SetErrorHandler(log)
	otel.SetLogger(logr.Discard()) // what matters comes as an error
	provider := trace.NewTracerProvider(trace.WithBatcher(exporter), trace.WithResource(who))
	return &Tracing{provider: provider, tracer: provider.Tracer("paddock"), trusted: c.TrustedProxies}, nil
}

// Close sends the last spans.
func (t *Tracing) Close(ctx context.Context) {
	limited, cancel := context.WithTimeout(ctx, closeTimeout)
	defer cancel()
	_ = t.provider.Shutdown(limited) // what could not be sent was logged
}

// quietly logs that spans could not be sent. The receiver's own words, and the
// URL, which may have a password in it, are left out.
type quietly struct{ log *slog.Logger }

// Handle logs an error of OpenTelemetry's.
func (q quietly) Handle(err error) {
	why := "the receiver refused them, or a setting of OpenTelemetry's is wrong"
	var sending *url.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		why = "the receiver did not answer in time"
	case errors.As(err, &sending):
		why = "the receiver cannot be reached"
	}
	q.log.Warn("traces could not be sent", "why", why)
}

// Request begins the span of a request. It returns its context and the trace's
// id, and a function to call at the end, with the route's method and path.
func (t *Tracing) Request(r *http.Request) (ctx context.Context, traceID string, end func(method, route string, status int)) {
	ctx = r.Context()
	if t.trusts(r.RemoteAddr) {
		ctx = propagation.TraceContext{}.Extract(ctx, propagation.HeaderCarrier(r.Header))
	}
	ctx, span := t.tracer.Start(ctx, "request", api.WithSpanKind(api.SpanKindServer))
	return ctx, span.SpanContext().TraceID().String(), func(method, route string, status int) {
		span.SetName(method + " " + route)
		span.SetAttributes(semconv.HTTPRequestMethodKey.String(method), semconv.HTTPRoute(route), semconv.HTTPResponseStatusCode(status))
		if status >= http.StatusInternalServerError {
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}

// trusts reports whether the traceparent of this peer is continued.
func (t *Tracing) trusts(peer string) bool {
	addr, err := netip.ParseAddrPort(peer)
	if err != nil {
		return false
	}
	for _, p := range t.trusted {
		if p.Contains(addr.Addr().Unmap().WithZone("")) {
			return true
		}
	}
	return false
}

// Call begins the span of a call of the broker, if it is made for a request that
// is traced, and returns a function to call at its end.
func (t *Tracing) Call(ctx context.Context, c broker.Call) func(broker.Outcome) {
	if !api.SpanFromContext(ctx).IsRecording() {
		return func(broker.Outcome) {}
	}
	_, span := t.tracer.Start(ctx, "alpaca "+c.Endpoint, api.WithSpanKind(api.SpanKindClient),
		api.WithAttributes(attribute.String("paddock.broker.host", c.Host)))
	return func(o broker.Outcome) {
		span.SetAttributes(attribute.String("paddock.broker.result", o.Result))
		if o.Method != "" {
			span.SetAttributes(semconv.HTTPRequestMethodKey.String(o.Method), semconv.URLTemplate(o.Path))
		}
		if o.Status != 0 {
			span.SetAttributes(semconv.HTTPResponseStatusCode(o.Status))
		}
		if o.Result != broker.ResultOK {
			span.SetStatus(codes.Error, o.Result)
		}
		span.End()
	}
}

// CheckProtocol returns an error where OpenTelemetry is told to use a protocol
// that this binary does not have.
func CheckProtocol(lookup func(string) (string, bool)) error {
	for _, name := range []string{"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"} {
		if protocol, set := lookup(name); set && protocol != "" && protocol != "http/protobuf" {
			return fmt.Errorf("%s must be http/protobuf, which is the protocol that Paddock sends traces by", name)
		}
	}
	return nil
}
