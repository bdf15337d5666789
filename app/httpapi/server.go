// Package httpapi is Paddock's REST API. It turns an HTTP request into a
// checked call of another package (its query, headers and body, and the
// admission by session and account), and the result or problem into a JSON
// response. The rules are in those packages.
package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"paddock/app/accounts"
	"paddock/app/agents"
	"paddock/app/alerts"
	"paddock/app/approvals"
	"paddock/app/audit"
	"paddock/app/blockorders"
	"paddock/app/broker"
	"paddock/app/copying"
	"paddock/app/destinations"
	"paddock/app/eventlog"
	"paddock/app/journal"
	"paddock/app/mcp"
	"paddock/app/passthrough"
	"paddock/app/quota"
	"paddock/app/sharing"
	"paddock/app/sleeves"
	"paddock/app/tenant"
	"paddock/app/tokens"
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
	// ClientAddress returns the client's address, as proxies tell it that are
	// trusted.
	ClientAddress(*http.Request) netip.Addr
	// StepUp takes the password or a code of who is signed in, and returns until
	// when that suffices for what needs a step-up.
	StepUp(r *http.Request, password, code string) (until time.Time, err error)
	// SteppedUpUntil returns until when it suffices, a time that may be over.
	SteppedUpUntil(r *http.Request) (until time.Time, err error)
}

// Config is what a Server needs.
type Config struct {
	Accounts     *accounts.Service
	Trading      *trading.Service
	Destinations *destinations.Service
	Tokens       *tokens.Service
	Sleeves      *sleeves.Service
	Approvals    *approvals.Service
	Alerts       *alerts.Service
	BlockOrders  *blockorders.Service
	Copying      *copying.Service
	Sharing      *sharing.Service
	Journal      *journal.Journal
	Relay        *passthrough.Relay
	Logs         *agents.Logs
	Audit        *audit.Audit
	Sessions     Sessions
	Quota        *quota.Quota // nil bounds nobody
	Auth         http.Handler // serves /api/auth/
	Events       *eventlog.Log
	Push         http.Handler // serves /api/ws
	EventStream  http.Handler // serves /api/events as Server-Sent Events
	Console      http.Handler // serves everything that is not the API
	// Ready returns not_ready where requests cannot be served.
	Ready    func(context.Context) error
	LameDuck *LameDuck // nil where the instance never says that it is about to stop
	// ClockSkews returns how far the broker's clocks are ahead of this
	// machine's, by environment, where that is known.
	ClockSkews func() map[broker.Environment]time.Duration
	// Left returns what is left of an account's requests to Alpaca.
	Left func(account string, env broker.Environment, sharer string) (trading, data broker.Left, err error)
	// ReportSessionsEnded returns how many sessions of reporting logins this
	// instance has ended.
	ReportSessionsEnded func() int64
	// Streams returns how many accounts this instance streams, and how many it
	// reconciles without a stream because it may have no more.
	Streams func() (streams, without int64)
	// Replica returns how the standby for reads does, nil where there is none.
	Replica func() *tenant.ReplicaState
	// OnRequest, unless it is nil, returns for a method and a route's path a
	// function that is told how each of its requests ended: the status, how long
	// it took, and whether the response was a stream of events. It is called
	// once for each row of the table, and for the two names that stand for all
	// paths without one: RouteConsole and RouteUnmatched.
	OnRequest func(method, route string) func(status int, took time.Duration, streamed bool)
	// Trace, unless it is nil, begins a trace of a request: it returns the
	// request's context and the trace's id, and a function that is told at the end
	// of the method and path of its route, and the status.
	Trace func(*http.Request) (ctx context.Context, traceID string, end func(method, route string, status int))
	// OnProblem, unless it is nil, is told the code of each error that a client
	// is told.
	OnProblem func(code string)
	Version   string // of the program
	Secure    bool   // served over https: the response tells browsers to use nothing else
	Logger    *slog.Logger
}

// Server serves HTTP.
type Server struct {
	Config
	console, unmatched observedRoute // of requests without a route
	tools              http.Handler  // of the Model Context Protocol
}

// New returns the handler of everything that Paddock serves.
func New(c Config) http.Handler {
	s := &Server{Config: c}
	if s.OnRequest == nil {
		s.OnRequest = func(string, string) func(int, time.Duration, bool) { return func(int, time.Duration, bool) {} }
	}
	if s.Trace == nil {
		s.Trace = func(r *http.Request) (context.Context, string, func(string, string, int)) {
			return r.Context(), "", func(string, string, int) {}
		}
	}
	if s.OnProblem == nil {
		s.OnProblem = func(string) {}
	}
	s.console, s.unmatched = s.observed(MethodAny, RouteConsole), s.observed(MethodAny, RouteUnmatched)
	api := s.observe(s.protect(s.newRouter()))
	s.tools = mcp.NewHandler(api, s.Version, s.Logger)
	return api
}
