package httpapi

import (
	"time"

	"paddock/app/problem"
)

// healthz reports that the process runs.
func (s *Server) healthz(*request) (response, error) {
	return ok(map[string]bool{"ok": true}, nil)
}

// readyz reports whether requests can be served: LameDuck and Ready say why not.
// It also reports how far the broker's clocks are ahead of this machine's, how
// many sessions of reporting logins this instance has ended, how many accounts it
// has streams for, and for how many it may have none. Where there is a standby for
// reads, it reports whether that is used, and how long ago it was last seen to have
// all that the primary had.
func (s *Server) readyz(r *request) (response, error) {
	err := s.LameDuck.Ready()
	if err == nil {
		err = s.Ready(r.Context())
	}
	if err != nil {
		p := problem.Of(err)
		if p.Code != problem.NotReady {
			p = problem.New(problem.NotReady, "The database does not answer.").Because(err)
		}
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
	streams, without := int64(0), int64(0)
	if s.Streams != nil {
		streams, without = s.Streams()
	}
	body := map[string]any{"ok": true, "clock_skew_ms": skews, "report_sessions_ended": ended, "streams": streams, "accounts_without_stream": without}
	if s.Replica != nil {
		if state := s.Replica(); state != nil {
			replica := map[string]any{"usable": state.Usable, "lag_ms": nil}
			if state.Lag != nil {
				replica["lag_ms"] = state.Lag.Milliseconds()
			}
			body["replica"] = replica
		}
	}
	return ok(body, nil)
}
