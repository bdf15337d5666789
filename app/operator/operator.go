// Package operator serves what an operator alone may see, on an address of its
// own: metrics, profiles, and what the checks of the start find now. Nobody signs in there, so that the address must be
// one that only the operator reaches: see Config.OperatorAddr of package config.
package operator

import (
	"context"
	"net/http"
	"net/http/pprof" // #nosec G108 -- what it adds to http.DefaultServeMux is served nowhere

	"paddock/app/doctor"
)

// Config is what is served.
type Config struct {
	Metrics http.Handler                        // at /metrics
	Ready   func(context.Context) error         // whether the instance can serve, at /readyz
	Checks  func(context.Context) doctor.Report // what is wrong, at /readyz?verbose
}

// New returns the handler.
func New(c Config) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", c.Metrics)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"ok":true}`)) // fails only where the client is gone
	})
	mux.HandleFunc("GET /readyz", c.ready())
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	mux.Handle("GET /debug/pprof/cmdline", http.NotFoundHandler()) // pprof.Index would serve it, and somebody may have put a password there
	return mux
}
