package operator

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"paddock/app/doctor"
)

// readyTimeout is how long the question may take whether an instance is ready.
const readyTimeout = 2 * time.Second

// checksTimeout is how long the checks may take: those that are not made by then
// say so.
const checksTimeout = 20 * time.Second

// checksLast is how long a report of the checks is told again: they make
// connections of their own, and may run the command that prints the master keys.
const checksLast = 30 * time.Second

// readiness is the body of GET /readyz.
type readiness struct {
	Ready bool `json:"ready"`
	*doctor.Report
}

// ready serves GET /readyz: whether the instance can serve, and with ?verbose
// what the checks of its start find now.
func (c Config) ready() http.HandlerFunc {
	last := &lastReport{run: c.Checks}
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
		defer cancel()
		body, status := readiness{Ready: c.Ready(ctx) == nil}, http.StatusOK
		if !body.Ready {
			status = http.StatusServiceUnavailable
		}
		if r.URL.Query().Has("verbose") {
			body.Report = last.report(r.Context())
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(body) // fails only where the client is gone
	}
}

// lastReport keeps the last report of the checks.
type lastReport struct {
	run func(context.Context) doctor.Report

	mu   sync.Mutex
	at   time.Time
	last doctor.Report
}

// report returns the last report, or a new one where that is old. Only one runs
// at a time, and for all who wait.
func (l *lastReport) report(ctx context.Context) *doctor.Report {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.at.IsZero() || time.Since(l.at) > checksLast {
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), checksTimeout)
		defer cancel()
		l.last = l.run(bounded)
		l.at = time.Now()
	}
	report := l.last
	return &report
}
