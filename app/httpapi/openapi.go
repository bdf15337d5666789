package httpapi

import _ "embed"

// OpenAPI describes this API. The tests hold every answer against it.
//
//go:embed openapi.yaml
var OpenAPI []byte

func (s *Server) openAPI(r *request) (response, error) {
	r.writer.Header().Set("Content-Type", "application/yaml")
	_, _ = r.writer.Write(OpenAPI) // fails only where the client is gone
	return response{}, nil
}

// docs serves the description as a page for people, which is built with the
// console.
func (s *Server) docs(r *request) (response, error) {
	page := r.Clone(r.Context())
	page.URL.Path, page.URL.RawPath = "/docs.html", ""
	s.Console.ServeHTTP(r.writer, page)
	return response{}, nil
}
