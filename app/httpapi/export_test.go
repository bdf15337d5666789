package httpapi

import (
	"regexp"
	"strings"
)

// Endpoint is a route, in the description's form.
type Endpoint struct {
	Method, Path string
	To           string   // Alpaca's path, for a passed-through endpoint
	Query        []string // its parameters
	Scope        string
	Body         bool
	Changes      string // what it can change at the broker
}

// AccountParameter is the parameter that names the account.
const AccountParameter = accountParameter

var variable = regexp.MustCompile(`/[:*]([a-z_]+)`)

// Served returns every endpoint.
func Served() []Endpoint {
	var all []Endpoint
	for _, line := range (&Server{}).routes().served {
		method, path, _ := strings.Cut(line, " ")
		all = append(all, Endpoint{Method: method, Path: variable.ReplaceAllString(path, "/{$1}")})
	}
	for _, e := range passThroughRoutes {
		all = append(all, Endpoint{e.method, strings.ReplaceAll(e.path, "...}", "}"), e.to, e.query, e.scope, e.body != nil, string(e.changes)})
	}
	for pattern := range (&Server{}).muxRoutes() {
		method, path, _ := strings.Cut(pattern, " ")
		all = append(all, Endpoint{Method: method, Path: strings.ReplaceAll(path, "...}", "}")})
	}
	return all
}
