package alpacasim

import "net/http"

// Patterns are the endpoints that clients reach with keys.
func (s *Sim) Patterns() []string {
	var all []string
	note := func(pattern string, _ func(http.ResponseWriter, *http.Request, *account)) { all = append(all, pattern) }
	s.referenceRoutes(note)
	s.dataRoutes(note)
	return all
}
