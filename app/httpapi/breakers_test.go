package httpapi_test

import (
	"fmt"
	"net/http"
	"testing"
)

// Whatever one path answers to one tenant, with however many accounts, others
// go on.
func TestOneTenantsAnswersStopNobody(t *testing.T) {
	for name, odd := range map[string]http.HandlerFunc{
		"unavailable": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) },
		"no HTTP": func(w http.ResponseWriter, _ *http.Request) {
			wire, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				panic(err) // cannot happen: nothing was written yet
			}
			defer wire.Close()
			fmt.Fprint(wire, "220 ready\r\n")
		},
		"no connection": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"a redirect":    func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusFound) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, func(sim http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.URL.Path == "/v2/assets/ODD" {
						odd(w, r)
						return
					}
					sim.ServeHTTP(w, r)
				})
			})
			ada, bob := s.signUp("ada"), s.signUp("bob")
			for i, seed := range s.seeds {
				id := ada.connect(fmt.Sprint("account ", i), seed)
				for range 6 {
					ada.do("GET", "/api/assets/ODD", "", "X-Account-ID", id).want(t, 503, "broker_unavailable")
				}
			}
			theirs := bob.connect("one", s.seeds[0])
			bob.do("GET", "/api/assets/AAPL", "", "X-Account-ID", theirs).want(t, 200, "")
			bob.do("POST", "/api/orders", buyOne, "X-Account-ID", theirs).want(t, 201, "")
		})
	}
}
