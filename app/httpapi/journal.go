package httpapi

import (
	"github.com/google/uuid"

	"paddock/app/journal"
)

func (s *Server) listTradingPositions(r *request) (response, error) {
	page, err := r.page()
	if err != nil {
		return response{}, err
	}
	q := r.query
	filter := journal.Filter{Scope: q.Get("scope"), ScopeValue: q.Get("scope_value"), Symbol: q.Get("symbol"), Status: q.Get("status")}
	page.State = r.knownState()
	trips, err := s.Journal.RoundTrips(r.Context(), r.admission, filter, &page)
	return listed(trips, page.State, err)
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
	page.State = r.knownState()
	fills, err := s.Journal.Fills(r.Context(), r.admission, r.query.Get("symbol"), order, &page)
	return listed(fills, page.State, err)
}
