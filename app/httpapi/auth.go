package httpapi

// auth serves Better Auth's endpoints, by package auth.
func (s *Server) auth(r *request) (response, error) {
	s.Auth.ServeHTTP(r.writer, r.Request)
	return response{}, nil
}
