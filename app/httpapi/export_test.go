package httpapi

import (
	"net/http"
	"strings"
)

// Endpoint is a route with its path written as in openapi.yaml.
type Endpoint struct {
	Method, Path string
	Query        []string // its query parameters, except AccountParameter
	AnyQuery     bool     // its query is not read
	Account      bool     // it takes AccountParameter
	Who          string   // who may call it
	To           string   // Alpaca's path, for a passed-through endpoint
	Body         bool     // it takes a body; set for passed-through endpoints only
	Changes      string   // what a passed-through endpoint can change at the broker
}

// AccountParameter is the query parameter that names the account.
const AccountParameter = accountParameter

// Routes returns every endpoint.
func Routes() []Endpoint {
	var all []Endpoint
	for _, rt := range (&Server{}).routes() {
		e := Endpoint{Method: rt.method, Path: strings.ReplaceAll(rt.path, "...}", "}"), Who: string(rt.who), AnyQuery: rt.query == anyQuery}
		for _, name := range rt.parameters() {
			switch {
			case e.AnyQuery:
			case name == accountParameter:
				e.Account = true
			default:
				e.Query = append(e.Query, name)
			}
		}
		if to := rt.alpaca; to != nil {
			e.To, e.Body, e.Changes = to.path, to.body != nil, string(to.changes)
		}
		all = append(all, e)
	}
	return all
}

// WriteOK writes the response 200 with a body, as the wrapper of handlers does.
func WriteOK(w http.ResponseWriter, body any) error {
	answer, _ := ok(body, nil)
	return answer.write(w)
}
