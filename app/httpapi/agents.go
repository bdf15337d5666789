package httpapi

import "paddock/app/agents"

func (s *Server) appendAgentLog(r *request, entry agents.Entry) (response, error) {
	return created(s.Logs.Append(r.Context(), r.admission, entry))
}

func (s *Server) listAgentLogs(r *request) (response, error) {
	page, err := r.page()
	if err != nil {
		return response{}, err
	}
	return ok(s.Logs.List(r.Context(), r.admission, page))
}
