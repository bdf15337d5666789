package httpapi

import (
	"net/http"

	"paddock/app/problem"
	"paddock/app/quota"
	"paddock/app/tokens"
)

// serve returns what all routes have in common around their handlers: it admits
// a request, calls the route's handler, and writes the response or error that
// it returns.
func (s *Server) serve(rt route) http.Handler {
	parameters, route := rt.parameters(), s.observed(rt.method, rt.path)
	serve := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		exchangeOf(r.Context()).route = route
		a, err := s.respond(&rt, parameters, w, r)
		if err == nil {
			err = a.write(w)
		}
		if err != nil {
			s.fail(w, r, ofToken(r, err))
		}
	})
	if rt.compressed() {
		return compress(serve)
	}
	return serve
}

// respond returns the response of a route. Before the handler is called it
// refuses headers and queries that could be misunderstood, finds out who asks
// about which account, and whether that user may make another request now.
func (s *Server) respond(rt *route, parameters []string, w http.ResponseWriter, r *http.Request) (_ response, err error) {
	admitted := &request{Request: r, route: rt, writer: w}
	if rt.query != anyQuery {
		if err = checkHeaders(r.Header); err != nil {
			return response{}, err
		}
		if admitted.query, err = readQuery(r.URL.RawQuery, parameters); err != nil {
			return response{}, err
		}
	}
	if admitted.admission, err = s.admission(admitted); err != nil {
		return response{}, err
	}
	if admitted.leave, err = s.enter(admitted); err != nil {
		return response{}, err
	}
	defer admitted.leave()
	answer, err := rt.handler(admitted)
	if problem.Is(err, problem.ApprovalNeeded) {
		err = s.Approvals.Propose(r.Context(), admitted.admission, err)
	}
	return answer, err
}

// ofToken returns the error of a request, which says of one with an API token that this
// does not hold, and not that there is no session.
func ofToken(r *http.Request, err error) error {
	if _, there := tokens.Bearer(r); there && problem.Of(err).Code == problem.Unauthenticated {
		return problem.New(problem.Unauthenticated, "This API token is not known, has expired or was revoked. Make another one with POST /api/tokens, and send it whole.").Because(err)
	}
	return err
}

// enter counts the request in its user's quota, and returns a function to call
// at its end. serveMCP counts its own.
func (s *Server) enter(r *request) (leave func(), err error) {
	if s.Quota == nil || r.admission.Token == "" || r.route.who == tool || quota.IsFree(r.Context()) {
		return func() {}, nil
	}
	return s.Quota.Enter(r.admission.Token, r.route.kind)
}
