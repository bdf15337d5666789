package httpapi

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"

	"github.com/julienschmidt/httprouter"

	"paddock/app/broker"
	"paddock/app/trading"
)

// closePosition takes Alpaca's parameters, qty or percentage, and ours.
func (s *Server) closePosition(w http.ResponseWriter, r *http.Request, _ httprouter.Params) error {
	a, err := s.admission(r)
	if err != nil {
		return err
	}
	c, err := parseClosing(r)
	if err != nil {
		return err
	}
	c.Symbol = broker.Symbol(r.PathValue("symbol"))
	placed, err := s.Trading.Close(r.Context(), a, r.Header.Get("Idempotency-Key"), c)
	return writePlaced(w, http.StatusOK, placed, err)
}

func (s *Server) closePositions(w http.ResponseWriter, r *http.Request, _ httprouter.Params) error {
	a, err := s.admission(r)
	if err != nil {
		return err
	}
	c, err := parseClosing(r)
	if err != nil {
		return err
	}
	key := r.Header.Get("Idempotency-Key")
	closed, answer, err := s.Trading.CloseAll(r.Context(), a, key, c)
	if err != nil {
		return err
	}
	if answer == nil {
		if answer, err = json.Marshal(s.renderErrors(r, closed)); err != nil {
			return err
		}
		if key != "" {
			s.Trading.KeepAnswer(r.Context(), a, key, answer)
		}
	}
	return writeRaw(w, http.StatusMultiStatus, answer)
}

// renderErrors sets the status and body of positions that were not closed, as
// for an error response.
func (s *Server) renderErrors(r *http.Request, closed []trading.Closed) []trading.Closed {
	for i, c := range closed {
		if c.Err != nil {
			closed[i].Status, closed[i].Body = s.failure(r, c.Err)
		}
	}
	return closed
}

// parseClosing parses the query: a DELETE has no body.
func parseClosing(r *http.Request) (c trading.Closing, err error) {
	if err := requireEmptyBody(r); err != nil {
		return c, err
	}
	q := r.URL.Query()
	c = trading.Closing{
		Qty: trading.ParseAmount(q.Get("qty")), Percentage: trading.ParseAmount(q.Get("percentage")),
		OrchestratorAgentID: q.Get("orchestrator_agent_id"), Tag: q.Get("tag"),
	}
	c.CancelOrders, err = parseBool(q, "cancel_orders")
	return c, err
}

// parseBool parses a parameter that is true or false; it is false where it is
// left out.
func parseBool(q url.Values, name string) (bool, error) {
	if !q.Has(name) {
		return false, nil
	}
	is, err := strconv.ParseBool(q.Get(name))
	if err != nil {
		return false, invalidQuery("Set %q to true or false.", name)
	}
	return is, nil
}
