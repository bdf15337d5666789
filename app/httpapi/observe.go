package httpapi

import (
	"context"
	"net/http"
	"time"
)

// What stands for all paths that the table of routes does not have.
const (
	RouteConsole   = "console"   // the pages of the console, which are all paths outside the API
	RouteUnmatched = "unmatched" // no path of the API, or a method that its path does not take
	MethodAny      = "any"       // the method of both
)

// observedRoute is what observers know of a request's route.
type observedRoute struct {
	method, path string
	ended        func(status int, took time.Duration, streamed bool) // see Config.OnRequest
}

// observed returns the route for observers.
func (s *Server) observed(method, path string) observedRoute {
	return observedRoute{method, path, s.OnRequest(method, path)}
}

// exchange is what is known of a request and its response. The router and the
// handlers add to it.
type exchange struct {
	id       string
	route    observedRoute
	streamed bool // the response goes on for as long as its client wants
	traced   func(method, route string, status int)
}

type exchangeKey struct{}

// exchangeOf returns the exchange of a request's context.
func exchangeOf(ctx context.Context) *exchange {
	if x, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
		return x
	}
	return &exchange{} // not a request of this server's
}

// requestID returns the id under which this request is logged.
func requestID(ctx context.Context) string { return exchangeOf(ctx).id }

// headerSent ends the trace of a stream, which would otherwise end hours later.
func (x *exchange) headerSent(status int) {
	if x.streamed {
		x.traced(x.route.method, x.route.path, status)
		x.traced = func(string, string, int) {}
	}
}

// end tells the observers of a request that has ended.
func (x *exchange) end(status int, took time.Duration) {
	if status == 0 {
		status = http.StatusOK // nothing was written, which net/http makes a 200
	}
	x.route.ended(status, took, x.streamed)
	x.traced(x.route.method, x.route.path, status)
}
