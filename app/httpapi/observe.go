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

// ended is told how a request ended: the status (101 of a WebSocket, 499 where
// the client had left), how long it took until the response was written, and
// whether that went on for as long as its client wanted.
type ended func(status int, took time.Duration, streamed bool)

// exchange is what is known of a request and its response. The handlers add to
// it.
type exchange struct {
	id       string
	told     ended // see Config.OnRequest
	streamed bool
}

type exchangeKey struct{}

// exchangeOf returns the exchange of a request's context.
func exchangeOf(ctx context.Context) *exchange {
	if x, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
		return x
	}
	return &exchange{told: func(int, time.Duration, bool) {}} // not a request of this server's
}

// requestID returns the id under which this request is logged.
func requestID(ctx context.Context) string { return exchangeOf(ctx).id }

// end tells the observer of a request that has ended.
func (x *exchange) end(status int, took time.Duration) {
	if status == 0 {
		status = http.StatusOK // nothing was written, which net/http makes a 200
	}
	x.told(status, took, x.streamed)
}
