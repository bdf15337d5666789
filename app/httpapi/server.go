// Package httpapi is Paddock's REST API: routing, limits, JSON and errors. The
// rules are the capability packages'.
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

// Sessions tells who asks: the auth service.
type Sessions interface {
	// SessionToken answers the token of a cookie whose signature is right. It
	// asks no database: that the session lives is admission's to say.
	SessionToken(*http.Request) (string, bool)
	// OriginAllowed tells whether a browser's request came from our own pages.
	OriginAllowed(*http.Request) bool
}

// Config is what a Server is made of.
type Config struct {
	Accounts *accounts.Service
	Trading  *trading.Service
	Logs     *agents.Logs
	Sessions Sessions
	Auth     http.Handler // serves /api/auth/
	Events   *eventlog.Log
	Push     http.Handler // serves /api/ws
	Live     http.Handler // serves /api/events as Server-Sent Events
	Console  http.Handler // serves everything that is not the API
	Ready    func(context.Context) error
	// ClockSkews says how far the broker's clocks are ahead of this machine's, by
	// environment; nil for nothing known.
	ClockSkews func() map[broker.Environment]time.Duration
	Secure     bool // served over https: browsers are told to insist on it
	Logger     *slog.Logger
}

// Server answers HTTP.
type Server struct {
	Config
	relays *http.ServeMux
}

// New makes the handler of everything that Paddock serves.
func New(c Config) http.Handler {
	s := &Server{Config: c}
	s.relays = s.newRelays()
	return s.observe(s.protect(s.relayedFirst(s.routes())))
}

// routes are the endpoints that are not passed through.
func (s *Server) routes() *router {
	c := s.Config
	r := newRouter()
	r.HandleMethodNotAllowed = true
	r.RedirectTrailingSlash = false
	r.RedirectFixedPath = false

	r.GET("/api/ws", s.handle(s.push, ofAccount, "cursor snapshot"))
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions} {
		r.Handler(method, "/api/auth/*path", c.Auth)
	}

	for _, method := range []string{http.MethodGet, http.MethodHead} { // balancers ask with either, and with queries of their own
		r.Handle(method, "/healthz", s.plain(s.healthz))
		r.Handle(method, "/readyz", s.plain(s.readyz))
	}

	r.GET("/api/openapi.yaml", s.plain(s.openAPI))
	r.GET("/api/docs", s.plain(s.docs))
	r.GET("/api/accounts", s.handle(s.listAccounts))
	r.POST("/api/accounts", s.handle(s.createAccount))
	r.GET("/api/accounts/:id", s.handle(s.getAccount))
	r.PATCH("/api/accounts/:id", s.handle(s.changeAccount))
	r.DELETE("/api/accounts/:id", s.handle(s.deleteAccount, "open_orders"))
	r.GET("/api/accounts/:id/health", s.handle(s.accountHealth))
	r.GET("/api/accounts/:id/credentials", s.handle(s.getCredentials))
	r.PUT("/api/accounts/:id/credentials", s.handle(s.putCredentials))
	r.DELETE("/api/accounts/:id/credentials", s.handle(s.deleteCredentials, "open_orders"))

	r.GET("/api/account", s.handle(s.brokerAccount, ofAccount))
	r.GET("/api/positions", s.handle(s.positions, ofAccount))
	r.POST("/api/positions", s.handle(s.positions, ofAccount)) // as the first front end asks
	r.DELETE("/api/positions", s.handle(s.closePositions, ofAccount, "cancel_orders orchestrator_agent_id tag"))
	r.GET("/api/orders", s.handle(s.listOrders, slices.Concat(trading.ListParameters, []string{ofAccount})...))
	r.POST("/api/orders", s.handle(s.placeOrder, ofAccount))
	r.GET("/api/orders/:id", s.handle(s.getOrder, ofAccount, "nested"))
	r.PATCH("/api/orders/:id", s.handle(s.replaceOrder, ofAccount))
	r.DELETE("/api/orders/:id", s.handle(s.cancelOrder, ofAccount))
	r.POST("/api/orders/:id/dismiss", s.handle(s.dismissOrder, ofAccount))
	r.GET("/api/guards", s.handle(s.getGuards, ofAccount))
	r.PUT("/api/guards", s.handle(s.putGuards, ofAccount))
	r.POST("/api/guards/switch", s.handle(s.turnSwitch, ofAccount))
	r.GET("/api/fills", s.handle(s.listFills, ofAccount, "symbol order_id limit before"))
	r.GET("/api/trading-positions", s.handle(s.listTradingPositions, ofAccount, "scope scope_value symbol status limit before"))
	r.POST("/api/sync", s.handle(s.sync, ofAccount))
	r.GET("/api/events", s.handle(s.listEvents, ofAccount, "since limit snapshot"))
	r.GET("/api/agent-logs", s.handle(s.listAgentLogs, ofAccount, "limit before"))
	r.POST("/api/agent-logs", s.handle(s.appendAgentLog, ofAccount))

	r.NotFound = http.HandlerFunc(s.notFound)
	r.MethodNotAllowed = http.HandlerFunc(s.methodNotAllowed)
	return r
}
