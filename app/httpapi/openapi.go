package httpapi

import (
	_ "embed"
	"net/http"

	"github.com/julienschmidt/httprouter"
)

// OpenAPI describes this API. The tests hold every answer against it.
//
//go:embed openapi.yaml
var OpenAPI []byte

func (s *Server) openAPI(w http.ResponseWriter, _ *http.Request, _ httprouter.Params) error {
	w.Header().Set("Content-Type", "application/yaml")
	_, _ = w.Write(OpenAPI) // fails only where the client is gone
	return nil
}

// docs serves the description as a page for people, which is built with the
// console.
func (s *Server) docs(w http.ResponseWriter, r *http.Request, _ httprouter.Params) error {
	r = r.Clone(r.Context())
	r.URL.Path, r.URL.RawPath = "/docs.html", ""
	s.Console.ServeHTTP(w, r)
	return nil
}
