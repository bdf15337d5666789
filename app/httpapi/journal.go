package httpapi

import (
	"github.com/google/uuid"

	"paddock/app/trading"
)

func (s *Server) listTradingPositions(r *request) (response, error) {
	page, err := r.page()
	if err != nil {
		return response{}, err
	}
	q := r.query
	filter := trading.JournalFilter{Scope: q.Get("scope"), ScopeValue: q.Get("scope_value"), Symbol: q.Get("symbol"), Status: q.Get("status")}
	return ok(s.Trading.TradingPositions(r.Context(), r.admission, filter, page))
}

func (s *Server) listFills(r *request) (response, error) {
	page, err := r.page()
	if err != nil {
		return response{}, err
	}
	var order uuid.UUID
	if text := r.query.Get("order_id"); text != "" {
		if order, err = parseOrderID(text); err != nil {
			return response{}, err
		}
	}
	return ok(s.Trading.Fills(r.Context(), r.admission, r.query.Get("symbol"), order, page))
}
