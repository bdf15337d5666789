package httpapi

// sync reconciles the account with the broker and responds with the
// differences.
func (s *Server) sync(r *request) (response, error) {
	return ok(s.Trading.Sync(r.Context(), r.admission))
}
