package httpapi

import (
	"bytes"
	"io"
	"net/http"

	"paddock/app/mcp"
	"paddock/app/problem"
	"paddock/app/quota"
	"paddock/app/tokens"
)

// serveMCP serves the Model Context Protocol, whose tools come back to this API as requests
// of their own. A call of a tool that stops something may use the quota's reserve, as the
// request may that it becomes.
func (s *Server) serveMCP(r *request) (response, error) {
	body, _, err := readObject(r.Request) // one message: several at once are of a protocol that is no more
	if err != nil {
		return response{}, err
	}
	if s.Quota != nil {
		kind := quota.Ordinary
		if mcp.IsUrgent(body) {
			kind = quota.Urgent
		}
		leave, err := s.Quota.Enter(r.admission.Token, kind)
		if err != nil {
			return response{}, err
		}
		defer leave()
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	s.tools.ServeHTTP(r.writer, r.Request)
	return response{}, nil
}

// apiToken returns the API token of a request that is signed in by nothing else. A page of
// another site that has reached this server by whatever name has the browser's cookies, and
// no token.
func apiToken(w http.ResponseWriter, r *http.Request) (string, error) {
	token, _ := tokens.Bearer(r)
	if token == "" {
		w.Header().Set("WWW-Authenticate", `Bearer realm="Paddock"`)
		return "", problem.New(problem.Unauthenticated, "Send an API token as Authorization: Bearer pdk_…: make one with POST /api/tokens. No session counts here.")
	}
	return token, nil
}
