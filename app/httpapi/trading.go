package httpapi

import (
	"net/http"
	"time"

	"paddock/app/problem"
	"paddock/app/trading"
)

func (s *Server) brokerAccount(r *request) (response, error) {
	return ok(s.Trading.BrokerAccount(r.Context(), r.admission))
}

func (s *Server) positions(r *request) (response, error) {
	asOf := time.Now()
	body, err := s.Trading.Positions(r.Context(), r.admission)
	if err != nil {
		return response{}, err
	}
	// The body is Alpaca's own list, which has no place for these.
	r.writer.Header().Set("X-Source", "broker")
	r.writer.Header().Set("X-As-Of", asOf.UTC().Format(time.RFC3339Nano))
	return ok(body, nil)
}

func (s *Server) listOrders(r *request) (response, error) {
	list, err := trading.ParseOrderList(r.filters())
	if err != nil {
		return response{}, err
	}
	list.Page.State = r.knownState()
	page, err := s.Trading.Orders(r.Context(), r.admission, &list)
	return listed(page, list.Page.State, err)
}

func (s *Server) placeOrder(r *request, order trading.OrderRequest) (response, error) {
	if prefers(r.Header, respondAsync) {
		return s.acceptOrder(r, order)
	}
	result, err := s.Trading.Place(r.Context(), r.admission, r.idempotencyKey(), order)
	return placed(r, http.StatusCreated, result, err)
}

// placed returns the response with an order: the status where it is known, and
// 202 while the broker's answer is not. Where a job sends the order later, or once a
// person has approved it, the response has that, with 202.
func placed(r *request, known int, order trading.Placed, err error) (response, error) {
	if order.Job != nil {
		r.writer.Header().Set("Location", "/api/jobs/"+order.JobID.String())
		return response{status: http.StatusAccepted, body: order.Job}, err
	}
	if !order.Known {
		known = http.StatusAccepted
	}
	return response{status: known, body: order.Order}, err
}

func (s *Server) previewOrder(r *request, order trading.OrderRequest) (response, error) {
	return ok(s.Trading.Preview(r.Context(), r.admission, order))
}

func (s *Server) replaceOrder(r *request, change trading.Replacement) (response, error) {
	result, err := s.Trading.Replace(r.Context(), r.admission, r.order, r.idempotencyKey(), change)
	return placed(r, http.StatusOK, result, err)
}

func (s *Server) dismissOrder(r *request) (response, error) {
	return ok(s.Trading.Dismiss(r.Context(), r.admission, r.order))
}

func (s *Server) getOrder(r *request) (response, error) {
	nested, err := r.boolean("nested")
	if err != nil {
		return response{}, err
	}
	return ok(s.Trading.Order(r.Context(), r.admission, r.order, nested))
}

func (s *Server) getOrderByClientOrderID(r *request) (response, error) {
	id := r.query.Get("client_order_id")
	if id == "" {
		return response{}, problem.New(problem.ClientOrderIDRequired, `Say which order is meant: set "client_order_id".`)
	}
	return ok(s.Trading.OrderByClientOrderID(r.Context(), r.admission, id))
}

func (s *Server) cancelOrder(r *request) (response, error) {
	return accepted(s.Trading.Cancel(r.Context(), r.admission, r.order))
}
