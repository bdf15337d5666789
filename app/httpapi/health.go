package httpapi

import (
	"context"
	"time"

	"paddock/app/problem"
)

// healthz reports that the process runs.
func (s *Server) healthz(*request) (response, error) {
	return ok(map[string]bool{"ok": true}, nil)
}

// readyz reports whether requests can be served, that is, whether the database
// answers, and how far the broker's clocks are ahead of this machine's.
func (s *Server) readyz(r *request) (response, error) {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	if err := s.Ready(ctx); err != nil {
		p := problem.New(problem.NotReady, "The database does not answer.").Because(err)
		p.RetryAfter = 2 * time.Second
		return response{}, p
	}
	skews := map[string]int64{}
	if s.ClockSkews != nil {
		for env, skew := range s.ClockSkews() {
			skews[string(env)] = skew.Milliseconds()
		}
	}
	return ok(map[string]any{"ok": true, "clock_skew_ms": skews}, nil)
}
