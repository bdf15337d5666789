package httpapi

import (
	"encoding/json"
	"net/http"

	"paddock/app/broker"
	"paddock/app/trading"
)

// closePosition takes Alpaca's parameters, qty or percentage, and ours.
func (s *Server) closePosition(r *request) (response, error) {
	c, err := r.closing()
	if err != nil {
		return response{}, err
	}
	c.Symbol = broker.Symbol(r.PathValue("symbol"))
	order, err := s.Trading.Close(r.Context(), r.admission, r.idempotencyKey(), c)
	return placed(r, http.StatusOK, order, err)
}

func (s *Server) closePositions(r *request) (response, error) {
	c, err := r.closing()
	if err != nil {
		return response{}, err
	}
	key := r.idempotencyKey()
	closed, answer, err := s.Trading.CloseAll(r.Context(), r.admission, key, c)
	if err != nil {
		return response{}, err
	}
	if answer == nil {
		if answer, err = json.Marshal(s.renderErrors(r, closed)); err != nil {
			return response{}, err
		}
		if key != "" {
			s.Trading.KeepAnswer(r.Context(), r.admission, key, answer)
		}
	}
	return response{status: http.StatusMultiStatus, body: answer}, nil
}

// renderErrors sets the status and body of positions that were not closed, as
// for an error response.
func (s *Server) renderErrors(r *request, closed []trading.Closed) []trading.Closed {
	for i, c := range closed {
		if c.Err != nil {
			closed[i].Status, closed[i].Body = s.failure(r.Request, c.Err)
		}
	}
	return closed
}

// closing reads a closing from the query: a DELETE has no body.
func (r *request) closing() (c trading.Closing, err error) {
	c = trading.Closing{
		Qty: trading.ParseAmount(r.query.Get("qty")), Percentage: trading.ParseAmount(r.query.Get("percentage")),
		OrchestratorAgentID: r.query.Get("orchestrator_agent_id"), Tag: r.query.Get("tag"), SleeveID: r.query.Get("sleeve_id"),
	}
	c.CancelOrders, err = r.boolean("cancel_orders")
	return c, err
}
