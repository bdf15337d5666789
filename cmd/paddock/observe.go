package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/multitracer"
	"golang.org/x/sync/errgroup"

	"paddock/app/broker"
	"paddock/app/config"
	"paddock/app/doctor"
	"paddock/app/httpapi"
	"paddock/app/metrics"
	"paddock/app/operator"
	"paddock/app/tenant"
	"paddock/app/tracing"
)

// observers are what is told of what an instance does.
type observers struct {
	metrics *metrics.Metrics
	tracing *tracing.Tracing // nil where nothing is traced
}

// newObservers makes the observers that the configuration asks for.
func newObservers(ctx context.Context, c config.Config, log *slog.Logger) (*observers, error) {
	o := &observers{metrics: metrics.New()}
	if c.TracesTo == "" {
		return o, nil
	}
	if err := tracing.CheckProtocol(os.LookupEnv); err != nil {
		return nil, err
	}
	t := tracing.Config{Endpoint: c.TracesTo, Logger: log}
	if c.TrustTraceparent {
		t.TrustedProxies = c.Proxies
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		t.Version = info.Main.Version
	}
	var err error
	o.tracing, err = tracing.New(ctx, t)
	return o, err
}

// close sends what was not sent yet.
func (o *observers) close(ctx context.Context) {
	if o.tracing != nil {
		o.tracing.Close(context.WithoutCancel(ctx))
	}
}

// statements returns the tracer of the pools.
func (o *observers) statements() pgx.QueryTracer {
	admissions := &tenant.AdmissionTimes{Observe: o.metrics.Admission}
	if o.tracing == nil {
		return admissions
	}
	return multitracer.New(admissions, o.tracing.Statements())
}

// call observes a call of the broker.
func (o *observers) call(ctx context.Context, c broker.Call) func(broker.Outcome) {
	counted := o.metrics.Call(c)
	if o.tracing == nil {
		return counted
	}
	traced := o.tracing.Call(ctx, c)
	return func(outcome broker.Outcome) {
		counted(outcome)
		traced(outcome)
	}
}

// observe sets what the API tells.
func (o *observers) observe(c *httpapi.Config) {
	c.OnRequest, c.OnProblem = o.metrics.Route, o.metrics.Problem
	if o.tracing != nil {
		c.Trace = o.tracing.Request
	}
}

// serveOperator serves the operator's port until ctx ends, or does nothing where
// there is no address for it. It ends at once: nobody trades through it.
func (o *observers) serveOperator(ctx context.Context, group *errgroup.Group, c config.Config, worker *tenant.Worker, ready func(context.Context) error, log *slog.Logger) error {
	addr := c.OperatorAddr
	if addr == "" {
		return nil
	}
	listener, err := net.Listen("tcp", addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("PADDOCK_OPERATOR_ADDR: %s is in use by another program: stop it, or choose another address", addr)
	case err != nil:
		return fmt.Errorf("PADDOCK_OPERATOR_ADDR: listen on %s: %w", addr, err)
	}
	server := &http.Server{
		Handler: operator.New(operator.Config{
			Metrics: o.metrics.Handler(), Ready: ready, Checks: func(ctx context.Context) doctor.Report { return doctor.RunStart(ctx, c) },
		}),
		ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second,
		WriteTimeout: 5 * time.Minute, // of a profile that is taken meanwhile
		IdleTimeout:  2 * time.Minute, MaxHeaderBytes: 32 << 10, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	group.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve the operator's port: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		return server.Close()
	})
	group.Go(func() error { return o.metrics.WatchDeployment(worker, log).Run(ctx) })
	log.Info("serving metrics and profiles", "addr", listener.Addr().String())
	return nil
}
