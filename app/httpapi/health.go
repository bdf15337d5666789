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
// answers. It also reports how far the broker's clocks are ahead of this
// machine's, and how many sessions of reporting logins this instance has ended.
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
	ended := int64(0)
	if s.ReportSessionsEnded != nil {
		ended = s.ReportSessionsEnded()
	}
	return ok(map[string]any{"ok": true, "clock_skew_ms": skews, "report_sessions_ended": ended}, nil)
}
