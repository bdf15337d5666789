package mcp

import "net/http"

// What the tests of this package look at.
var (
	Advice   = advice
	Mark     = mark
	CheckURL = checkURL
)

// Tools returns the names of the tools, each with the scope that it needs.
func Tools() map[string]string {
	all := map[string]string{}
	for _, t := range tools {
		all[t.name] = t.scope
	}
	return all
}

// InProcess returns the RoundTripper that calls a handler of this process.
func InProcess(h http.Handler) http.RoundTripper { return inProcess{h, "192.0.2.1:1"} }
