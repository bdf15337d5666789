package httpapi

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"paddock/app/origin"
	"paddock/app/problem"
)

// observe gives every request an id, logs it when it ends, and turns a panic
// into a 500 with the id. It logs the path and never the query, the headers or
// the body, which may hold secrets.
func (s *Server) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := rand.Text()
		ctx, trace, traced := s.Trace(r)
		x := &exchange{id: id, route: s.unmatched, traced: traced}
		from := origin.Of(r, id, s.Sessions.ClientAddress(r))
		from.TraceID = trace
		r = r.WithContext(origin.With(context.WithValue(ctx, exchangeKey{}, x), from))
		w.Header().Set("X-Request-ID", id)
		seen := &statusWriter{ResponseWriter: w, sent: x.headerSent}
		began := time.Now()

		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler {
					x.end(seen.status, time.Since(began))
					panic(p)
				}
				s.Logger.ErrorContext(r.Context(), "panic", "panic", p, "stack", string(debug.Stack()))
				if seen.status == 0 {
					s.fail(seen, r, errors.New("panic"))
				}
			}
			took := time.Since(began)
			x.end(seen.status, took)
			level := slog.LevelInfo
			if seen.status >= 500 {
				level = slog.LevelError
			}
			s.Logger.Log(r.Context(), level, "request", "method", r.Method, "path", r.URL.Path,
				"status", seen.status, "bytes", seen.bytes, "ms", float64(took.Microseconds())/1000)
		}()
		next.ServeHTTP(seen, r)
	})
}

// statusWriter remembers the status of the response.
type statusWriter struct {
	http.ResponseWriter
	status int
	bytes  int64
	sent   func(status int) // called with the header
}

func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
		w.sent(status)
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
		w.sent(w.status)
	}
	n, err := w.ResponseWriter.Write(p)
	w.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// contentSecurityPolicy allows what the console needs: its own files. Its page may
// also make styles, with a nonce that package web adds.
const contentSecurityPolicy = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"font-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// The largest request body, and the largest one of lines of an agent's log.
const (
	maxBody     = 128 << 10
	maxLogsBody = 1 << 20
)

// mostBody returns the largest body that a request may have. It is asked before the
// request's route is known.
func mostBody(r *http.Request) int64 {
	if r.URL.Path == "/api/agent-logs" {
		return maxLogsBody
	}
	return maxBody
}

// protect sets security headers, limits the size of bodies, and refuses changes
// that another site's page requests.
func (s *Server) protect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentSecurityPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		if s.LameDuck.isLeaving() {
			h.Set("Connection", "close")
		}
		if s.Secure {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		if strings.HasPrefix(r.URL.Path, "/api/") || r.URL.Path == "/mcp" {
			h.Set("Cache-Control", "no-store")
		}
		r.Body = http.MaxBytesReader(w, r.Body, mostBody(r))

		// The auth endpoints do their own, stricter check.
		changes := r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodOptions
		if changes && !strings.HasPrefix(r.URL.Path, "/api/auth/") && r.Header.Get("Origin") != "" && !s.Sessions.OriginAllowed(r) {
			s.fail(w, r, problem.New(problem.OriginForbidden,
				"This page's origin may not change anything here. Add it to BETTER_AUTH_TRUSTED_ORIGINS if it should."))
			return
		}
		next.ServeHTTP(w, r)
	})
}
