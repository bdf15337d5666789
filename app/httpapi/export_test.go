package httpapi

import (
	"regexp"
	"strings"
)

// Endpoint is what is served, as the description writes it.
type Endpoint struct {
	Method, Path string
	To           string   // Alpaca's path, of what is passed through
	Query        []string // and its parameters
	Scope        string
	Body         bool
	Changes      string // what it can change at the broker
}

// OfAccount is the parameter that names the account.
const OfAccount = ofAccount

var variable = regexp.MustCompile(`/[:*]([a-z_]+)`)

// Served lists every endpoint.
func Served() []Endpoint {
	var all []Endpoint
	for _, line := range (&Server{}).routes().served {
		method, path, _ := strings.Cut(line, " ")
		all = append(all, Endpoint{Method: method, Path: variable.ReplaceAllString(path, "/{$1}")})
	}
	for _, e := range relays {
		all = append(all, Endpoint{e.method, strings.ReplaceAll(e.path, "...}", "}"), e.to, e.query, e.scope, e.body != nil, string(e.changes)})
	}
	for pattern := range (&Server{}).beside() {
		method, path, _ := strings.Cut(pattern, " ")
		all = append(all, Endpoint{Method: method, Path: strings.ReplaceAll(path, "...}", "}")})
	}
	return all
}
