package httpapi

import (
	"paddock/app/agents"
	"paddock/app/trading"
)

// agentLogFilters are the query parameters that select lines of agents' logs.
const agentLogFilters = "orchestrator_agent_id level min_level order_id token_id since until"

type agentLogsBody struct {
	Logs []agents.Line `json:"logs"`
}

func (s *Server) appendAgentLogs(r *request, body agentLogsBody) (response, error) {
	if body.Logs == nil {
		return response{}, invalidJSON(`The field "logs" must be a list.`)
	}
	key := r.idempotencyKey()
	if err := trading.CheckKey(key); err != nil {
		return response{}, err
	}
	return created(s.Logs.Append(r.Context(), r.admission, key, body.Logs))
}

func (s *Server) listAgentLogs(r *request) (response, error) {
	page, err := r.page()
	if err != nil {
		return response{}, err
	}
	q := r.query
	return ok(s.Logs.List(r.Context(), r.admission, agents.Filter{Agent: q.Get("orchestrator_agent_id"), Level: q.Get("level"), MinLevel: q.Get("min_level"),
		OrderID: q.Get("order_id"), TokenID: q.Get("token_id"), Since: q.Get("since"), Until: q.Get("until")}, page))
}
