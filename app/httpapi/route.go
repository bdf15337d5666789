package httpapi

import (
	"strings"

	"paddock/app/quota"
)

// route is one endpoint: one of our own, or one of Alpaca's that is passed
// through. All of them are in the table of routes.go.
type route struct {
	method  string
	path    string // with {variables}; {symbol...} may hold a slash
	who     access
	query   string // the query parameters between spaces, besides account_id; or anyQuery
	handler handler
	alpaca  *endpoint  // what the route is passed through to; nil for an endpoint of our own
	kind    quota.Kind // what it is for
	mux     bool       // it is routed by http.ServeMux, because httprouter cannot: see router
}

// handler serves a request that its route has admitted. It returns the
// response, or the error for one.
type handler func(*request) (response, error)

// access says who may call a route.
type access string

// Who may call a route: anyone, every user that is signed in, or a user whose
// grant on the request's account has a scope. Server.serve asks for the session
// and the account; the database decides about the scope. TestWhoMayCall holds
// what it decides against the table.
const (
	anyone    access = "anyone"
	anyUser   access = "any user"
	socket    access = "any user, whom package push asks for the session"
	tool      access = "any API token"
	mayRead   access = "read"
	mayTrade  access = "trade"
	mayCancel access = "cancel"
	mayLog    access = "log"
	mayManage access = "manage"
	// byBody is for who is named by an API token in the body, which the handler admits.
	byBody access = "the API token in the body"
	// mayApprove is for people in a session of theirs: no API token has the scope.
	mayApprove access = "approve"
)

// needsAccount reports whether the request must name an account.
func (who access) needsAccount() bool {
	return who != anyone && who != anyUser && who != socket && who != byBody && who != tool
}

// anyQuery says that the query is not read here: load balancers ask for the
// health with parameters of their own, and package auth reads its own.
const anyQuery = "*"

// own returns the route of an endpoint of our own.
func own(method, path string, who access, query string, h handler) route {
	return route{method: method, path: path, who: who, query: query, handler: h}
}

// byServeMux returns the route as one for http.ServeMux, whose path httprouter
// cannot have.
func (rt route) byServeMux() route {
	rt.mux = true
	return rt
}

// stopping returns the route as one that stops something, such as an order: its
// user may call it beyond the bounds of other requests.
func (rt route) stopping() route {
	rt.kind = quota.Urgent
	return rt
}

// logging returns the route as one that adds to an agent's log, which has a rate of
// its own and larger bodies.
func (rt route) logging() route {
	rt.kind = quota.Logging
	return rt
}

// passed returns the route of an endpoint of Alpaca's trading host.
func (s *Server) passed(method, path string, who access, query, to string) route {
	return route{method: method, path: path, who: who, query: query, handler: s.passThrough, alpaca: &endpoint{path: to}, mux: true}
}

// data returns the route of a GET on Alpaca's host of market data; our paths
// are under /api/data.
func (s *Server) data(to, query string) route {
	return s.passed("GET", dataPrefix+to, mayRead, query, to)
}

// changing says what a passed-through endpoint can change at the broker, and in
// a sentence where to see whether it did.
func (rt route) changing(what effect, check string) route {
	rt.alpaca.changes, rt.alpaca.check = what, check
	return rt
}

// handledBy sets the handler of a passed-through endpoint that does something here
// first.
func (rt route) handledBy(h handler) route {
	rt.handler = h
	return rt
}

// withFields sets the fields that Alpaca documents of a passed-through
// endpoint's body. A body is checked for these, so that none is overlooked, and
// passed on as it is.
func (rt route) withFields(of any) route {
	rt.alpaca.body = of
	return rt
}

// accountInPath reports whether the path names the request's account.
func (rt route) accountInPath() bool { return strings.HasPrefix(rt.path, "/api/accounts/{id}") }

// parameters returns the query parameters that the route takes. Every route
// about an account that is not in its path takes account_id.
func (rt route) parameters() []string {
	names := strings.Fields(rt.query)
	if rt.who.needsAccount() && !rt.accountInPath() {
		names = append(names, accountParameter)
	}
	return names
}
