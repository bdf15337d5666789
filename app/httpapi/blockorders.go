package httpapi

import (
	"net/http"

	"paddock/app/blockorders"
	"paddock/app/problem"
)

// makeBlockOrder answers 200 once all parts that are to be sent have been, and 202 while
// some have not.
func (s *Server) makeBlockOrder(r *request, o blockorders.BlockOrder) (response, error) {
	async := prefers(r.Header, respondAsync)
	block, sent, err := s.BlockOrders.Make(r.Context(), r.admission, r.idempotencyKey(), o, async)
	status := http.StatusOK
	if !sent {
		status = http.StatusAccepted
	}
	if err == nil && async {
		r.writer.Header().Set("Preference-Applied", respondAsync)
	}
	return response{status: status, body: block}, err
}

func (s *Server) previewBlockOrder(r *request, o blockorders.BlockOrder) (response, error) {
	return ok(s.BlockOrders.Preview(r.Context(), r.admission, o))
}

func (s *Server) getBlockOrder(r *request) (response, error) {
	id, err := parseIDOf(r.PathValue("id"), "block order", problem.InvalidBlockOrder, "/api/block-orders")
	if err != nil {
		return response{}, err
	}
	return ok(s.BlockOrders.Get(r.Context(), r.admission, id))
}

func (s *Server) listBlockOrders(r *request) (response, error) {
	page, err := r.page()
	if err != nil {
		return response{}, err
	}
	return ok(s.BlockOrders.List(r.Context(), r.admission, page))
}
