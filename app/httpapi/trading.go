package httpapi

import (
	"net/http"
	"time"

	"github.com/google/uuid"
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
	asOf := time.Now()
	body, err := s.Trading.Positions(r.Context(), a)
	if err != nil {
		return err
	}
	// The body is Alpaca's own list, which has no place for these.
	w.Header().Set("X-Source", "broker")
	w.Header().Set("X-As-Of", asOf.UTC().Format(time.RFC3339Nano))
	return writeRaw(w, http.StatusOK, body)
}

func (s *Server) listOrders(w http.ResponseWriter, r *http.Request, _ httprouter.Params) error {
	a, err := s.admission(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	q.Del(accountParameter)
	list, err := trading.ParseOrderList(q)
	if err != nil {
		return err
	}
	body, err := s.Trading.Orders(r.Context(), a, list)
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
	if err := readBody(r, &order); err != nil {
		return err
	}
	placed, err := s.Trading.Place(r.Context(), a, r.Header.Get("Idempotency-Key"), order)
	return writePlaced(w, http.StatusCreated, placed, err)
}

// writePlaced responds with an order, and with 202 while the broker's answer is
// unknown.
func writePlaced(w http.ResponseWriter, known int, placed trading.Placed, err error) error {
	if err != nil {
		return err
	}
	if !placed.Known {
		known = http.StatusAccepted
	}
	return writeRaw(w, known, placed.Order)
}

func (s *Server) previewOrder(w http.ResponseWriter, r *http.Request, _ httprouter.Params) error {
	a, err := s.admission(r)
	if err != nil {
		return err
	}
	var order trading.OrderRequest
	if err := readBody(r, &order); err != nil {
		return err
	}
	preview, err := s.Trading.Preview(r.Context(), a, order)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, preview)
}

func (s *Server) replaceOrder(w http.ResponseWriter, r *http.Request, p httprouter.Params) error {
	a, id, err := s.orderAdmission(r, p)
	if err != nil {
		return err
	}
	var change trading.Replacement
	if err := readBody(r, &change); err != nil {
		return err
	}
	placed, err := s.Trading.Replace(r.Context(), a, id, r.Header.Get("Idempotency-Key"), change)
	return writePlaced(w, http.StatusOK, placed, err)
}

func (s *Server) dismissOrder(w http.ResponseWriter, r *http.Request, p httprouter.Params) error {
	a, id, err := s.orderAdmission(r, p)
	if err != nil {
		return err
	}
	if err := requireEmptyBody(r); err != nil {
		return err
	}
	body, err := s.Trading.Dismiss(r.Context(), a, id)
	if err != nil {
		return err
	}
	return writeRaw(w, http.StatusOK, body)
}

func (s *Server) getOrder(w http.ResponseWriter, r *http.Request, p httprouter.Params) error {
	a, id, err := s.orderAdmission(r, p)
	if err != nil {
		return err
	}
	nested, err := parseBool(r.URL.Query(), "nested")
	if err != nil {
		return err
	}
	body, err := s.Trading.Order(r.Context(), a, id, nested)
	if err != nil {
		return err
	}
	return writeRaw(w, http.StatusOK, body)
}

func (s *Server) getOrderByClientOrderID(w http.ResponseWriter, r *http.Request, _ httprouter.Params) error {
	a, err := s.admission(r)
	if err != nil {
		return err
	}
	id := r.URL.Query().Get("client_order_id")
	if id == "" {
		return problem.New(problem.ClientOrderIDRequired, `Say which order is meant: set "client_order_id".`)
	}
	body, err := s.Trading.OrderByClientOrderID(r.Context(), a, id)
	if err != nil {
		return err
	}
	return writeRaw(w, http.StatusOK, body)
}

func (s *Server) cancelOrder(w http.ResponseWriter, r *http.Request, p httprouter.Params) error {
	a, id, err := s.orderAdmission(r, p)
	if err != nil {
		return err
	}
	body, err := s.Trading.Cancel(r.Context(), a, id)
	if err != nil {
		return err
	}
	return writeRaw(w, http.StatusAccepted, body)
}

// orderAdmission returns the admission, and the order's id from the path.
func (s *Server) orderAdmission(r *http.Request, p httprouter.Params) (tenant.Admission, uuid.UUID, error) {
	a, err := s.admission(r)
	if err != nil {
		return a, uuid.Nil, err
	}
	id, err := parseID(p.ByName("id"))
	if err != nil {
		return a, id, malformedOrderID()
	}
	return a, id, nil
}

func malformedOrderID() error {
	return problem.New(problem.OrderIDMalformed, "The order's id is not a UUID. Copy it from GET /api/orders.")
}
