package alpacasim

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

func (s *Sim) postOrder(w http.ResponseWriter, r *http.Request, a *account) {
	var request orderRequest
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&request); err != nil {
		answerRefusal(w, refuse(400, 40010000, "request body format is invalid"))
		return
	}
	if s.meets(Fail) {
		answerRefusal(w, refuse(500, 50010000, "internal server error occurred"))
		return
	}
	s.mu.Lock()
	placed, bad := s.place(a, request)
	var o Order
	if bad == nil {
		o = *placed
		s.save()
	}
	s.mu.Unlock()
	switch {
	case bad != nil:
		answerRefusal(w, bad)
		return
	case s.meets(Drop):
		panic(http.ErrAbortHandler)
	case s.meets(FailAfter):
		answerRefusal(w, refuse(500, 50010000, "internal server error occurred"))
		return
	case s.meets(Delay):
		select {
		case <-time.After(s.lateness()):
		case <-r.Context().Done():
		}
	}
	answer(w, 200, o)
}

func (s *Sim) listOrders(w http.ResponseWriter, r *http.Request, a *account) {
	q := r.URL.Query()
	limit, err := strconv.Atoi(q.Get("limit"))
	if err != nil || limit < 1 {
		limit = 50
	}
	var after, until time.Time
	for name, into := range map[string]*time.Time{"after": &after, "until": &until} {
		if text := q.Get(name); text != "" {
			if *into, err = time.Parse(time.RFC3339, text); err != nil {
				answerRefusal(w, refuse(422, 42210000, "invalid %s", name))
				return
			}
		}
	}
	s.locked(w, func() (any, *refusal) {
		list := []*Order{}
		for i := range a.Orders {
			o := a.Orders[len(a.Orders)-1-i]
			if q.Get("direction") == "asc" {
				o = a.Orders[i]
			}
			switch status := q.Get("status"); {
			case (status == "" || status == "open") && !o.open(), status == "closed" && o.open():
				continue
			case !after.IsZero() && !o.SubmittedAt.After(after), !until.IsZero() && !o.SubmittedAt.Before(until):
				continue
			case q.Get("side") != "" && q.Get("side") != o.Side:
				continue
			case q.Get("symbols") != "" && !strings.Contains(","+q.Get("symbols")+",", ","+o.Symbol+","):
				continue
			}
			if list = append(list, o); len(list) == min(limit, 500) {
				break
			}
		}
		return list, nil
	})
}

func (s *Sim) find(a *account, match func(*Order) bool) (*Order, *refusal) {
	for _, o := range a.Orders {
		if match(o) {
			return o, nil
		}
	}
	return nil, refuse(404, 40410000, "order not found")
}

func (s *Sim) getOrder(w http.ResponseWriter, r *http.Request, a *account) {
	s.locked(w, func() (any, *refusal) {
		return orNil(s.find(a, func(o *Order) bool { return o.ID == r.PathValue("id") }))
	})
}

func (s *Sim) getByClientID(w http.ResponseWriter, r *http.Request, a *account) {
	s.locked(w, func() (any, *refusal) {
		return orNil(s.find(a, func(o *Order) bool { return o.ClientOrderID == r.URL.Query().Get("client_order_id") }))
	})
}

func orNil(o *Order, bad *refusal) (any, *refusal) { return o, bad }

func (s *Sim) cancelOrder(w http.ResponseWriter, r *http.Request, a *account) {
	s.mu.Lock()
	o, bad := s.find(a, func(o *Order) bool { return o.ID == r.PathValue("id") })
	if bad == nil {
		if bad = s.cancel(a, o); bad == nil {
			s.save()
		}
	}
	s.mu.Unlock()
	if bad != nil {
		answerRefusal(w, bad)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *Sim) cancelAll(w http.ResponseWriter, _ *http.Request, a *account) {
	s.mu.Lock()
	results := []map[string]any{}
	for _, o := range a.openOrders() {
		if bad := s.cancel(a, o); bad == nil {
			results = append(results, map[string]any{"id": o.ID, "status": 200})
		}
	}
	s.save()
	s.mu.Unlock()
	answer(w, http.StatusMultiStatus, results)
}
