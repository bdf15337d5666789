// Package origin carries in a context which request, or which operator, something
// is done for, so that the audit can say so: transactions take it from their
// context.
package origin

import (
	"context"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"

	"github.com/google/uuid"
)

// Origin is a request, as the audit tells it.
type Origin struct {
	RequestID string
	Address   netip.Addr // of the client; the zero Addr where it is not known
	Request   string     // method and path, without the query
	TraceID   string     // for the log; "" where the request is not traced
}

type (
	key         struct{}
	operatorKey struct{}
)

// request is what a context has of the request that something is done for.
type request struct {
	Origin
	account atomic.Pointer[uuid.UUID] // to which the database has admitted it; nil before
}

// WithOperator returns a context for a command that this operator runs.
func WithOperator(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, operatorKey{}, name)
}

// Operator returns the operator of a context, or "".
func Operator(ctx context.Context) string {
	name, _ := ctx.Value(operatorKey{}).(string)
	return name
}

// With returns a context for work that is done for this request.
func With(ctx context.Context, o Origin) context.Context {
	return context.WithValue(ctx, key{}, &request{Origin: o})
}

// Admitted notes that the database has admitted the context's request to an
// account, for the log.
func Admitted(ctx context.Context, account uuid.UUID) {
	if r, ok := ctx.Value(key{}).(*request); ok {
		r.account.Store(&account)
	}
}

// Of returns the origin of a request.
func Of(r *http.Request, id string, client netip.Addr) Origin {
	return Origin{RequestID: id, Address: client, Request: r.Method + " " + r.URL.EscapedPath()}
}

// maxRequest bounds the method and path that are kept, in bytes.
const maxRequest = 300

// Text returns the origin of a context in the form of the setting app.origin
// (private.origin in SQL): id, address, and method and path, with spaces between
// them. It is "" where the context has none.
func Text(ctx context.Context) string {
	o, ok := ctx.Value(key{}).(*request)
	if !ok {
		return ""
	}
	address := "-"
	if o.Address.IsValid() {
		address = o.Address.String()
	}
	request := strings.ToValidUTF8(strings.ReplaceAll(o.Request, "\x00", ""), "")
	if len(request) > maxRequest {
		request = strings.ToValidUTF8(request[:maxRequest], "")
	}
	return strings.Join([]string{o.RequestID, address, request}, " ")
}
