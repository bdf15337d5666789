package httpapi

import (
	"context"
	"errors"
	"io"
	"net/http"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/julienschmidt/httprouter"

	"paddock/app/broker"
	"paddock/app/problem"
	"paddock/app/tenant"
	"paddock/app/trading"
)

// passThrough is the route of an endpoint of Alpaca that is passed through.
type passThrough struct {
	method, path string   // ours, with {variables}; {symbol...} may hold a slash
	to           string   // Alpaca's path, with the same variables
	query        []string // the parameters that Alpaca documents
	scope        string   // the scope that is required
	body         any      // a pointer to a struct with the fields that Alpaca documents; nil for no body
	check        string   // a sentence that says where to see the outcome of a change
	changes      effect   // what it can change at the broker
}

// effect is what a passed-through endpoint can change at the broker. What opens
// or enlarges a position must pass the account's guards, on every way:
// TestEveryWayToOpenIsGuarded checks it.
type effect string

// The effects.
const (
	nothing   effect = ""
	cancels   effect = "cancels orders"
	lists     effect = "changes watchlists"
	settings  effect = "changes settings of the account"
	declines  effect = "lets an option expire"
	exercises effect = "opens shares by exercising an option" // guarded by trading.Exercise
)

// newPassThroughMux routes the passed-through endpoints. They have a router of
// their own, because Alpaca's paths have names and variables in the same place
// (stocks/bars and stocks/{symbol}/bars), which httprouter refuses.
func (s *Server) newPassThroughMux() *http.ServeMux {
	mux := http.NewServeMux()
	for _, e := range passThroughRoutes {
		serve := s.handle(func(w http.ResponseWriter, r *http.Request, _ httprouter.Params) error {
			return s.servePassThrough(w, r, e)
		}, slices.Concat(e.query, []string{accountParameter})...)
		mux.HandleFunc(e.method+" "+e.path, func(w http.ResponseWriter, r *http.Request) { serve(w, r, nil) })
	}
	for pattern, serve := range s.muxRoutes() {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { serve(w, r, nil) })
	}
	return mux
}

// muxRoutes are endpoints of ours that httprouter cannot route: their paths
// look like variables to it, or have symbols with a slash.
func (s *Server) muxRoutes() map[string]httprouter.Handle {
	return map[string]httprouter.Handle{
		"GET /api/orders:by_client_order_id": s.handle(s.getOrderByClientOrderID, accountParameter, "client_order_id"),
		"POST /api/orders/preview":           s.handle(s.previewOrder, accountParameter),
		"DELETE /api/positions/{symbol...}": s.handle(s.closePosition, accountParameter,
			"qty percentage cancel_orders orchestrator_agent_id tag"),
	}
}

// passThroughFirst serves the endpoints of newPassThroughMux, and next all
// others.
func (s *Server) passThroughFirst(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.isPassThrough(r, r.Method) {
			s.passThroughMux.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// isPassThrough reports whether newPassThroughMux has an endpoint with r's path
// and this method. ServeMux would redirect a path with superfluous slashes and
// serve HEAD as GET: those are left to the other router, which has neither.
func (s *Server) isPassThrough(r *http.Request, method string) bool {
	named := r.URL.EscapedPath()
	_, pattern := s.passThroughMux.Handler(&http.Request{Method: method, Host: r.Host, URL: r.URL})
	begin, _, _ := strings.Cut(strings.TrimPrefix(pattern, method+" "), "{") // ServeMux would redirect /api/assets to the path with a symbol
	return strings.HasPrefix(pattern, method+" ") && strings.HasPrefix(r.URL.Path, begin) && path.Clean(named) == named
}

// passThroughMethods returns the methods of r's path.
func (s *Server) passThroughMethods(r *http.Request) []string {
	return slices.DeleteFunc([]string{"DELETE", "GET", "PATCH", "POST", "PUT"}, func(m string) bool { return !s.isPassThrough(r, m) })
}

// servePassThrough passes one call through.
func (s *Server) servePassThrough(w http.ResponseWriter, r *http.Request, e passThrough) error {
	a, err := s.admission(r)
	if err != nil {
		return err
	}
	call := trading.Call{Scope: e.scope, Check: e.check, Request: broker.Request{Method: e.method}}
	if call.Path, err = e.target(r); err != nil {
		return err
	}
	call.Query = r.URL.Query()
	call.Query.Del(accountParameter)
	call.Kind = call.Path[0] + "/" + call.Path[1]
	if strings.HasPrefix(e.path, "/api/data/") {
		call.Host = broker.Data
	}
	if e.body != nil {
		call.Body, err = readBodyAsSent(r, reflect.New(reflect.TypeOf(e.body).Elem()).Interface())
	} else {
		err = requireEmptyBody(r)
	}
	if err != nil {
		return err
	}
	send := s.Trading.Relay
	if e.changes == exercises {
		send = func(ctx context.Context, a tenant.Admission, call trading.Call) (*broker.Response, error) {
			return s.Trading.Exercise(ctx, a, call, r.PathValue("symbol"))
		}
	}
	answer, err := send(r.Context(), a, call)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	return s.copyAnswer(w, r, answer, call.Explain)
}

var (
	segment = regexp.MustCompile(`^[A-Za-z0-9]+([._:-][A-Za-z0-9]+)*$`)
	pair    = regexp.MustCompile(`^[A-Za-z0-9]+([._:-][A-Za-z0-9]+)*(/[A-Za-z0-9]+)?$`)
)

// target returns Alpaca's path, by segments, with r's values for the variables.
func (e passThrough) target(r *http.Request) ([]string, error) {
	segments := strings.Split(e.to[1:], "/")
	for i, text := range segments {
		name, isVariable := strings.CutPrefix(text, "{")
		if !isVariable {
			continue
		}
		name = strings.TrimSuffix(name, "}")
		value, form := r.PathValue(name), segment
		if strings.Contains(e.path, "{"+name+"...}") {
			form = pair
		}
		ofPosition := segments[1] == "positions"
		joined := strings.ReplaceAll(value, "/", "")
		if len(value) > 100 || !form.MatchString(value) || ofPosition && joined != value && broker.PositionSymbol(joined) == broker.Symbol(joined) {
			return nil, problem.New(problem.PathMalformed, "%q cannot be a %s. It has letters and digits, with single dots and dashes between them.", value, strings.ReplaceAll(name, "_", " "))
		}
		if ofPosition && uuid.Validate(value) != nil { // Alpaca accepts an asset's id as well
			value = broker.PositionSymbol(value)
		}
		segments[i] = value
	}
	return segments, nil
}

// clientTimeout is how long a client may take to accept a part of a response.
const clientTimeout = 30 * time.Second

// copyAnswer sends the broker's answer while it arrives. Where it breaks off
// before anything was sent, there is an error response; later the connection is
// cut, so that a part is never taken for the whole.
func (s *Server) copyAnswer(w http.ResponseWriter, r *http.Request, answer *broker.Response, explain func(error) error) error {
	part := make([]byte, 32<<10)
	n, err := answer.Body.Read(part)
	if err != nil && !errors.Is(err, io.EOF) {
		return explain(err)
	}
	w.Header().Set("X-Alpaca-Request-ID", answer.RequestID)
	if answer.Length > 0 {
		w.Header().Set("Content-Length", strconv.FormatInt(answer.Length, 10))
	}
	if n > 0 {
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(answer.Status)
	out := http.NewResponseController(w)
	for {
		// The server's own deadline is for responses that it writes at once.
		_ = out.SetWriteDeadline(time.Now().Add(clientTimeout)) // not every connection has deadlines
		if _, gone := w.Write(part[:n]); gone != nil {
			return nil // the client is gone
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil && r.Context().Err() == nil:
			s.Logger.WarnContext(r.Context(), "the broker's answer broke off", "request_id", requestID(r.Context()), "path", r.URL.Path, "err", err)
			fallthrough
		case err != nil:
			panic(http.ErrAbortHandler)
		}
		_ = out.Flush()
		n, err = answer.Body.Read(part)
	}
}
