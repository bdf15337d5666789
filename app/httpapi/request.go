package httpapi

import (
	"net/http"
	"net/url"

	"github.com/google/uuid"

	"paddock/app/ids"
	"paddock/app/paging"
	"paddock/app/problem"
	"paddock/app/tenant"
	"paddock/app/tokens"
)

// request is a request that its route has admitted, as handlers see it.
type request struct {
	*http.Request
	route     *route
	query     url.Values          // its parameters, each known and there once
	admission tenant.Admission    // the session, and the account on routes that need one
	order     uuid.UUID           // the order in the path: see aboutOrder
	leave     func()              // ends the request's part in its user's quota, before its end where a stream begins
	writer    http.ResponseWriter // for headers of the response, and for handlers that write it themselves
}

// idempotencyKey returns the key that the client gave the request, or "".
func (r *request) idempotencyKey() string { return r.Header.Get("Idempotency-Key") }

// knownState returns the state of the lists that the client has: see ETag.
func (r *request) knownState() paging.State { return paging.KnownState(r.Header.Get("If-None-Match")) }

// admission returns the request's session or API token, and its account, where its route needs
// them. The account is named by the path, the header X-Account-ID or the query's
// account_id. The database decides whether the user may use it.
func (s *Server) admission(r *request) (tenant.Admission, error) {
	var a tenant.Admission
	if r.route.who == anyone || r.route.who == socket || r.route.who == byBody {
		return a, nil
	}
	if r.route.who == tool {
		var err error
		a.Token, err = apiToken(r.writer, r.Request)
		return a, err
	}
	var signedIn bool
	if a.Token, signedIn = tokens.OrSession(s.Sessions.SessionToken)(r.Request); !signedIn {
		return a, tenant.Unauthenticated()
	}
	if r.route.who == anyUser {
		return a, nil
	}
	var err error
	a.Account, err = r.account()
	return a, err
}

// account returns the account that the request names.
func (r *request) account() (account uuid.UUID, err error) {
	named := append(r.Header.Values("X-Account-ID"), r.query[accountParameter]...)
	if r.route.accountInPath() {
		named = []string{r.PathValue("id")}
	}
	if len(named) == 0 {
		return account, problem.New(problem.AccountRequired, "Say which account is meant: send its id in the header X-Account-ID.")
	}
	for i, text := range named {
		id, err := parseIDOf(text, "account", problem.AccountMalformed, "/api/accounts")
		if err != nil {
			return account, err
		}
		if i > 0 && id != account {
			return account, accountAmbiguous()
		}
		account = id
	}
	return account, nil
}

func accountAmbiguous() error {
	return problem.New(problem.AccountAmbiguous, "The request names two different accounts. Send one id.")
}

// aboutOrder returns a handler that reads the order's id in the path before h.
func aboutOrder(h handler) handler {
	return func(r *request) (_ response, err error) {
		if r.order, err = parseOrderID(r.PathValue("id")); err != nil {
			return response{}, err
		}
		return h(r)
	}
}

func parseOrderID(text string) (uuid.UUID, error) {
	return parseIDOf(text, "order", problem.OrderIDMalformed, "/api/orders")
}

// parseIDOf is ids.Parse that ends with a problem, which says of what the id is none and
// which list has the right ones.
func parseIDOf(text, what string, code problem.Code, list string) (uuid.UUID, error) {
	id, is := ids.Parse(text)
	if !is {
		return id, problem.New(code, "The %s's id is not a UUID. Copy it from GET %s.", what, list)
	}
	return id, nil
}
