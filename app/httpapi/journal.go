package httpapi

import (
	"net/http"

	"github.com/google/uuid"
	"github.com/julienschmidt/httprouter"

	"paddock/app/tenant"
	"paddock/app/trading"
)

func (s *Server) listTradingPositions(w http.ResponseWriter, r *http.Request, _ httprouter.Params) error {
	a, err := s.admission(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	page, err := tenant.ParsePage(q.Get("limit"), q.Get("before"))
	if err != nil {
		return err
	}
	filter := trading.JournalFilter{Scope: q.Get("scope"), ScopeValue: q.Get("scope_value"), Symbol: q.Get("symbol"), Status: q.Get("status")}
	body, err := s.Trading.TradingPositions(r.Context(), a, filter, page)
	if err != nil {
		return err
	}
	return writeRaw(w, http.StatusOK, body)
}

func (s *Server) listFills(w http.ResponseWriter, r *http.Request, _ httprouter.Params) error {
	a, err := s.admission(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	page, err := tenant.ParsePage(q.Get("limit"), q.Get("before"))
	if err != nil {
		return err
	}
	var order uuid.UUID
	if text := q.Get("order_id"); text != "" {
		if order, err = parseID(text); err != nil {
			return malformedOrderID()
		}
	}
	body, err := s.Trading.Fills(r.Context(), a, q.Get("symbol"), order, page)
	if err != nil {
		return err
	}
	return writeRaw(w, http.StatusOK, body)
}
