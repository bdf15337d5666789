package httpapi

import (
	"net/http"

	"github.com/julienschmidt/httprouter"

	"paddock/app/problem"
	"paddock/app/tenant"
	"paddock/app/trading"
)

func (s *Server) brokerAccount(w http.ResponseWriter, r *http.Request, _ httprouter.Params) error {
	a, err := s.admission(r)
	if err != nil {
		return err
	}
	body, err := s.Trading.BrokerAccount(r.Context(), a)
	if err != nil {
		return err
	}
	return writeRaw(w, http.StatusOK, body)
}

func (s *Server) positions(w http.ResponseWriter, r *http.Request, _ httprouter.Params) error {
	a, err := s.admission(r)
	if err != nil {
		return err
	}
	body, err := s.Trading.Positions(r.Context(), a)
	if err != nil {
		return err
	}
	return writeRaw(w, http.StatusOK, body)
}

func (s *Server) listOrders(w http.ResponseWriter, r *http.Request, _ httprouter.Params) error {
	a, err := s.admission(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	page, err := tenant.ParsePage(q.Get("limit"), q.Get("before"))
	if err != nil {
		return err
	}
	status := q.Get("status")
	if status == "" {
		status = "all"
	}
	body, err := s.Trading.Orders(r.Context(), a, status, page)
	if err != nil {
		return err
	}
	return writeRaw(w, http.StatusOK, body)
}

func (s *Server) placeOrder(w http.ResponseWriter, r *http.Request, _ httprouter.Params) error {
	a, err := s.admission(r)
	if err != nil {
		return err
	}
	var order trading.OrderRequest
	if err := readOrder(r, &order); err != nil {
		return err
	}
	placed, err := s.Trading.Place(r.Context(), a, r.Header.Get("Idempotency-Key"), order)
	if err != nil {
		return err
	}
	if !placed.Known {
		return writeRaw(w, http.StatusAccepted, placed.Order)
	}
	return writeRaw(w, http.StatusCreated, placed.Order)
}

func (s *Server) getOrder(w http.ResponseWriter, r *http.Request, p httprouter.Params) error {
	a, err := s.admission(r)
	if err != nil {
		return err
	}
	id, err := parseID(p.ByName("id"))
	if err != nil {
		return malformedOrderID()
	}
	body, err := s.Trading.Order(r.Context(), a, id)
	if err != nil {
		return err
	}
	return writeRaw(w, http.StatusOK, body)
}

// byClientOrderID is Alpaca's own name for the look-up.
const byClientOrderID = "/api/orders:by_client_order_id"

func (s *Server) getOrderByClientOrderID(w http.ResponseWriter, r *http.Request, _ httprouter.Params) error {
	a, err := s.admission(r)
	if err != nil {
		return err
	}
	id := r.URL.Query().Get("client_order_id")
	if id == "" {
		return problem.New(problem.Invalid, "client_order_id_required", `Say which order is meant: set "client_order_id".`)
	}
	body, err := s.Trading.OrderByClientOrderID(r.Context(), a, id)
	if err != nil {
		return err
	}
	return writeRaw(w, http.StatusOK, body)
}

func (s *Server) cancelOrder(w http.ResponseWriter, r *http.Request, p httprouter.Params) error {
	a, err := s.admission(r)
	if err != nil {
		return err
	}
	id, err := parseID(p.ByName("id"))
	if err != nil {
		return malformedOrderID()
	}
	body, err := s.Trading.Cancel(r.Context(), a, id)
	if err != nil {
		return err
	}
	return writeRaw(w, http.StatusAccepted, body)
}

func malformedOrderID() error {
	return problem.New(problem.Invalid, "order_id_malformed", "The order's id is not a UUID. Copy it from GET /api/orders.")
}
