package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"paddock/app/metrics"
	"paddock/app/operator"
)

// serveOperator serves the operator's port until ctx ends, or does nothing where
// there is no address for it. It ends at once: nobody trades through it.
func serveOperator(ctx context.Context, group *errgroup.Group, addr string, m *metrics.Metrics, log *slog.Logger) error {
	if addr == "" {
		return nil
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("PADDOCK_OPERATOR_ADDR: %w", explainListen(addr, err))
	}
	server := &http.Server{
		Handler: operator.New(operator.Config{Metrics: m.Handler()}), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second,
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
	log.Info("serving metrics and profiles", "addr", listener.Addr().String())
	return nil
}
