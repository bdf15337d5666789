// Package httpapi is Paddock's REST API. It turns an HTTP request into a
// checked call of another package (its query, headers and body, and the
// admission by session and account), and the result or problem into a JSON
// response. The rules are in those packages.
package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"paddock/app/accounts"
	"paddock/app/agents"
	"paddock/app/broker"
	"paddock/app/eventlog"
	"paddock/app/trading"
)

// Sessions identifies the client: package auth.
type Sessions interface {
	// SessionToken returns the token of a cookie whose signature is right. It
	// does not ask the database: the admission checks that the session is
	// alive.
	SessionToken(*http.Request) (string, bool)
	// OriginAllowed reports whether a browser's request came from our own
	// pages.
	OriginAllowed(*http.Request) bool
}

// Config is what a Server needs.
type Config struct {
	Accounts    *accounts.Service
	Trading     *trading.Service
	Logs        *agents.Logs
	Sessions    Sessions
	Auth        http.Handler // serves /api/auth/
	Events      *eventlog.Log
	Push        http.Handler // serves /api/ws
	EventStream http.Handler // serves /api/events as Server-Sent Events
	Console     http.Handler // serves everything that is not the API
	Ready       func(context.Context) error
	// ClockSkews returns how far the broker's clocks are ahead of this
	// machine's, by environment, where that is known.
	ClockSkews func() map[broker.Environment]time.Duration
	Secure     bool // served over https: the response tells browsers to use nothing else
	Logger     *slog.Logger
}

// Server serves HTTP.
type Server struct {
	Config
	passThroughMux *http.ServeMux
}

// New returns the handler of everything that Paddock serves.
func New(c Config) http.Handler {
	s := &Server{Config: c}
	s.passThroughMux = s.newPassThroughMux()
	return s.observe(s.protect(s.passThroughFirst(s.routes())))
}

// routes returns our own endpoints, which are not passed through.
func (s *Server) routes() *router {
	c := s.Config
	r := newRouter()
	r.HandleMethodNotAllowed = true
	r.RedirectTrailingSlash = false
	r.RedirectFixedPath = false

	r.GET("/api/ws", s.handle(s.push, accountParameter, "cursor snapshot"))
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions} {
		r.Handler(method, "/api/auth/*path", c.Auth)
	}

	for _, method := range []string{http.MethodGet, http.MethodHead} { // load balancers use either, with queries of their own
		r.Handle(method, "/healthz", s.handleAnyQuery(s.healthz))
		r.Handle(method, "/readyz", s.handleAnyQuery(s.readyz))
	}

	r.GET("/api/openapi.yaml", s.handleAnyQuery(s.openAPI))
	r.GET("/api/docs", s.handleAnyQuery(s.docs))
	r.GET("/api/accounts", s.handle(s.listAccounts))
	r.POST("/api/accounts", s.handle(s.createAccount))
	r.GET("/api/accounts/:id", s.handle(s.getAccount))
	r.PATCH("/api/accounts/:id", s.handle(s.changeAccount))
	r.DELETE("/api/accounts/:id", s.handle(s.deleteAccount, "open_orders"))
	r.GET("/api/accounts/:id/health", s.handle(s.accountHealth))
	r.GET("/api/accounts/:id/credentials", s.handle(s.getCredentials))
	r.PUT("/api/accounts/:id/credentials", s.handle(s.putCredentials))
	r.DELETE("/api/accounts/:id/credentials", s.handle(s.deleteCredentials, "open_orders"))

	r.GET("/api/account", s.handle(s.brokerAccount, accountParameter))
	r.GET("/api/positions", s.handle(s.positions, accountParameter))
	r.POST("/api/positions", s.handle(s.positions, accountParameter)) // for the first front end
	r.DELETE("/api/positions", s.handle(s.closePositions, accountParameter, "cancel_orders orchestrator_agent_id tag"))
	r.GET("/api/orders", s.handle(s.listOrders, slices.Concat(trading.ListParameters, []string{accountParameter})...))
	r.POST("/api/orders", s.handle(s.placeOrder, accountParameter))
	r.GET("/api/orders/:id", s.handle(s.getOrder, accountParameter, "nested"))
	r.PATCH("/api/orders/:id", s.handle(s.replaceOrder, accountParameter))
	r.DELETE("/api/orders/:id", s.handle(s.cancelOrder, accountParameter))
	r.POST("/api/orders/:id/dismiss", s.handle(s.dismissOrder, accountParameter))
	r.GET("/api/guards", s.handle(s.getGuards, accountParameter))
	r.PUT("/api/guards", s.handle(s.putGuards, accountParameter))
	r.POST("/api/guards/switch", s.handle(s.turnSwitch, accountParameter))
	r.GET("/api/fills", s.handle(s.listFills, accountParameter, "symbol order_id limit before"))
	r.GET("/api/trading-positions", s.handle(s.listTradingPositions, accountParameter, "scope scope_value symbol status limit before"))
	r.POST("/api/sync", s.handle(s.sync, accountParameter))
	r.GET("/api/events", s.handle(s.listEvents, accountParameter, "since limit snapshot"))
	r.GET("/api/agent-logs", s.handle(s.listAgentLogs, accountParameter, "limit before"))
	r.POST("/api/agent-logs", s.handle(s.appendAgentLog, accountParameter))

	r.NotFound = http.HandlerFunc(s.notFound)
	r.MethodNotAllowed = http.HandlerFunc(s.methodNotAllowed)
	return r
}
