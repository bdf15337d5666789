package httpapi

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/julienschmidt/httprouter"

	"paddock/app/problem"
)

// healthz reports that the process runs.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request, _ httprouter.Params) error {
	return writeJSON(w, http.StatusOK, map[string]bool{"ok": true})
}

// readyz reports whether requests can be served, that is, whether the database
// answers, and how far the broker's clocks are ahead of this machine's.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request, _ httprouter.Params) error {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	if err := s.Ready(ctx); err != nil {
		p := problem.New(problem.NotReady, "The database does not answer.").Because(err)
		p.RetryAfter = 2 * time.Second
		return p
	}
	skews := map[string]int64{}
	if s.ClockSkews != nil {
		for env, skew := range s.ClockSkews() {
			skews[string(env)] = skew.Milliseconds()
		}
	}
	return writeJSON(w, http.StatusOK, map[string]any{"ok": true, "clock_skew_ms": skews})
}

// notFound serves the console on every path outside the API.
func (s *Server) notFound(w http.ResponseWriter, r *http.Request) {
	if methods := s.passThroughMethods(r); len(methods) > 0 {
		w.Header().Set("Allow", strings.Join(methods, ", "))
		s.methodNotAllowed(w, r)
		return
	}
	if r.URL.Path == "/api" || strings.HasPrefix(r.URL.Path, "/api/") {
		s.fail(w, r, problem.New(problem.NoSuchPath, "There is nothing at this path."))
		return
	}
	s.Console.ServeHTTP(w, r)
}

func (s *Server) methodNotAllowed(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, http.StatusMethodNotAllowed, failure{Code: problem.MethodNotAllowed,
		Message: "This path does not take " + r.Method + ". See the header Allow.", RequestID: requestID(r.Context())})
}
