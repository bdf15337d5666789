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

// relayed is an endpoint of Alpaca's that is passed through.
type relayed struct {
	method, path string   // ours, with {variables}; {symbol...} may hold a slash
	to           string   // Alpaca's path, with the same variables
	query        []string // the parameters that Alpaca documents
	scope        string   // what the account must allow
	body         any      // a pointer to what Alpaca documents of the JSON that it takes; nil for none
	check        string   // where to see what became of a change
	changes      effect   // what it can change at the broker
}

// effect is what a passed-through endpoint can change at the broker. What opens
// or enlarges a position must pass the account's guards, whatever road it takes:
// TestEveryRoadIsGuarded holds the endpoints against this.
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

// newRelays routes the passed-through endpoints. They have a router of their
// own: Alpaca's paths hold names and variables at the same place (stocks/bars
// and stocks/{symbol}/bars), which httprouter refuses.
func (s *Server) newRelays() *http.ServeMux {
	mux := http.NewServeMux()
	for _, e := range relays {
		serve := s.handle(func(w http.ResponseWriter, r *http.Request, _ httprouter.Params) error { return s.relay(w, r, e) }, slices.Concat(e.query, []string{ofAccount})...)
		mux.HandleFunc(e.method+" "+e.path, func(w http.ResponseWriter, r *http.Request) { serve(w, r, nil) })
	}
	for pattern, serve := range s.beside() {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { serve(w, r, nil) })
	}
	return mux
}

// beside are endpoints of ours whose paths would be variables to httprouter, or
// hold symbols with a slash.
func (s *Server) beside() map[string]httprouter.Handle {
	return map[string]httprouter.Handle{
		"GET /api/orders:by_client_order_id": s.handle(s.getOrderByClientOrderID, ofAccount, "client_order_id"),
		"POST /api/orders/preview":           s.handle(s.previewOrder, ofAccount),
		"DELETE /api/positions/{symbol...}": s.handle(s.closePosition, ofAccount,
			"qty percentage cancel_orders orchestrator_agent_id tag"),
	}
}

// relayedFirst serves the passed-through endpoints, and next all others.
func (s *Server) relayedFirst(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.isRelayed(r, r.Method) {
			s.relays.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// isRelayed tells whether a passed-through endpoint has r's path and this
// method. ServeMux would send a path with odd slashes elsewhere and take HEAD
// for GET: those are left to the other router, which knows neither.
func (s *Server) isRelayed(r *http.Request, method string) bool {
	named := r.URL.EscapedPath()
	_, pattern := s.relays.Handler(&http.Request{Method: method, Host: r.Host, URL: r.URL})
	begin, _, _ := strings.Cut(strings.TrimPrefix(pattern, method+" "), "{") // it would redirect /api/assets to what has a symbol
	return strings.HasPrefix(pattern, method+" ") && strings.HasPrefix(r.URL.Path, begin) && path.Clean(named) == named
}

// relayedMethods are the methods that r's path takes.
func (s *Server) relayedMethods(r *http.Request) []string {
	return slices.DeleteFunc([]string{"DELETE", "GET", "PATCH", "POST", "PUT"}, func(m string) bool { return !s.isRelayed(r, m) })
}

// relay passes one call through.
func (s *Server) relay(w http.ResponseWriter, r *http.Request, e relayed) error {
	a, err := s.admission(r)
	if err != nil {
		return err
	}
	call := trading.Relayed{Scope: e.scope, Check: e.check, Request: broker.Request{Method: e.method}}
	if call.Path, err = e.target(r); err != nil {
		return err
	}
	call.Query = r.URL.Query()
	call.Query.Del(ofAccount)
	call.Kind = call.Path[0] + "/" + call.Path[1]
	if strings.HasPrefix(e.path, "/api/data/") {
		call.Host = broker.Data
	}
	if e.body != nil {
		call.Body, err = readBodyAsSent(r, reflect.New(reflect.TypeOf(e.body).Elem()).Interface())
	} else {
		err = readNothing(r)
	}
	if err != nil {
		return err
	}
	send := s.Trading.Relay
	if e.changes == exercises {
		send = func(ctx context.Context, a tenant.Admission, call trading.Relayed) (*broker.Response, error) {
			return s.Trading.Exercise(ctx, a, call, r.PathValue("symbol"))
		}
	}
	answer, err := send(r.Context(), a, call)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	return s.passOn(w, r, answer, call.Explain)
}

var (
	segment = regexp.MustCompile(`^[A-Za-z0-9]+([._:-][A-Za-z0-9]+)*$`)
	pair    = regexp.MustCompile(`^[A-Za-z0-9]+([._:-][A-Za-z0-9]+)*(/[A-Za-z0-9]+)?$`)
)

// target is Alpaca's path with r's variables in it, by segments.
func (e relayed) target(r *http.Request) ([]string, error) {
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
		if ofPosition && uuid.Validate(value) != nil { // which Alpaca takes as well
			value = broker.PositionSymbol(value)
		}
		segments[i] = value
	}
	return segments, nil
}

// slowest is how long a client may take to accept a part of an answer.
const slowest = 30 * time.Second

// passOn sends the broker's answer while it comes. One that breaks off before
// anything was sent becomes an error; later on the connection is cut, so that a
// part is never taken for the whole.
func (s *Server) passOn(w http.ResponseWriter, r *http.Request, answer *broker.Response, explain func(error) error) error {
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
		// The server's own deadline is for answers that it writes at once.
		_ = out.SetWriteDeadline(time.Now().Add(slowest)) // not every connection has deadlines
		if _, gone := w.Write(part[:n]); gone != nil {
			return nil // nobody reads on
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
