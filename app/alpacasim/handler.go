package alpacasim

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
)

// Handler serves trading and market data, which are two hosts at Alpaca, on
// one.
func (s *Sim) Handler() http.Handler {
	mux := http.NewServeMux()
	signed := func(pattern string, h func(http.ResponseWriter, *http.Request, *account)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			s.mu.Lock()
			a := s.byKey[r.Header.Get("APCA-API-KEY-ID")]
			s.mu.Unlock()
			if a == nil || a.SecretKey != r.Header.Get("APCA-API-SECRET-KEY") {
				answerRefusal(w, refuse(401, 40110000, "request is not authorized"))
				return
			}
			if s.limits.admit(w, r, a.ID) {
				h(w, r, a)
			}
		})
	}
	signed("GET /v2/account", s.getAccount)
	signed("POST /v2/orders", s.postOrder)
	signed("GET /v2/orders", s.listOrders)
	signed("DELETE /v2/orders", s.cancelAll)
	signed("GET /v2/orders/{id}", s.getOrder)
	signed("DELETE /v2/orders/{id}", s.cancelOrder)
	signed("GET /v2/orders:by_client_order_id", s.getByClientID)
	signed("GET /v2/positions", s.listPositions)
	signed("GET /v2/positions/{symbol...}", s.getPosition)
	signed("GET /v2/events/trades", s.streamTrades)
	s.referenceRoutes(signed)
	s.dataRoutes(signed)
	if s.config.Control {
		mux.HandleFunc("POST /_sim/fault", s.controlFault)
		mux.HandleFunc("POST /_sim/streams/cut", func(w http.ResponseWriter, r *http.Request) {
			if onLoopback(w, r) {
				s.CutStreams()
			}
		})
		mux.HandleFunc("POST /_sim/price", s.controlPrice)
		mux.HandleFunc("GET /_sim/orders", func(w http.ResponseWriter, r *http.Request) {
			if onLoopback(w, r) {
				answer(w, 200, s.Orders(r.URL.Query().Get("key_id")))
			}
		})
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		answerRefusal(w, refuse(404, 40410000, "endpoint not found"))
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Request-ID", strings.ReplaceAll(uuid.NewString(), "-", ""))
		mux.ServeHTTP(w, r)
	})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a client that left reads nothing
}

func answerRefusal(w http.ResponseWriter, r *refusal) { answer(w, r.status, r) }

// locked answers what f makes of the account, under the lock.
func (s *Sim) locked(w http.ResponseWriter, f func() (any, *refusal)) {
	s.mu.Lock()
	body, bad := f()
	var text []byte
	var err error
	if bad == nil {
		text, err = json.Marshal(body)
	}
	s.mu.Unlock()
	switch {
	case bad != nil:
		answerRefusal(w, bad)
	case err != nil:
		answerRefusal(w, refuse(500, 50010000, "internal server error occurred"))
	default:
		answer(w, 200, json.RawMessage(text))
	}
}

func (s *Sim) getAccount(w http.ResponseWriter, _ *http.Request, a *account) {
	s.locked(w, func() (any, *refusal) {
		long, short := decimal.Zero, decimal.Zero
		for symbol, p := range a.Positions {
			value := p.Qty.Mul(s.state.Prices[symbol].mid())
			if value.IsNegative() {
				short = short.Add(value)
			} else {
				long = long.Add(value)
			}
		}
		equity := a.Cash.Add(long).Add(short)
		power := a.Cash.Sub(s.reserved(a))
		return map[string]any{
			"id": a.ID, "account_number": a.Number, "status": "ACTIVE", "crypto_status": "ACTIVE", "currency": "USD",
			"buying_power": power, "regt_buying_power": power, "daytrading_buying_power": "0", "effective_buying_power": power,
			"non_marginable_buying_power": power, "cash": a.Cash, "accrued_fees": "0", "portfolio_value": equity,
			"trading_blocked": false, "transfers_blocked": false, "account_blocked": false, "shorting_enabled": true,
			"trade_suspended_by_user": false, "created_at": a.CreatedAt, "multiplier": "1", "equity": equity,
			"last_equity": a.Opening, "long_market_value": long, "short_market_value": short, "position_market_value": long.Add(short),
			"initial_margin": "0", "maintenance_margin": "0", "last_maintenance_margin": "0", "sma": "0", "crypto_tier": 0,
		}, nil
	})
}

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

func (s *Sim) positionJSON(p *position) map[string]any {
	a, _ := s.findAsset(p.Symbol)
	now := s.state.Prices[p.Symbol].mid()
	side := "long"
	if p.Qty.IsNegative() {
		side = "short"
	}
	value, basis := p.Qty.Mul(now), p.Qty.Mul(p.Avg)
	profit := value.Sub(basis)
	share := decimal.Zero
	if !basis.IsZero() {
		share = profit.Div(basis.Abs()).Round(8)
	}
	return map[string]any{
		"asset_id": assetID(p.Symbol), "symbol": p.Symbol, "exchange": a.exchange, "asset_class": a.class, "asset_marginable": a.class == "us_equity",
		"qty": p.Qty, "qty_available": p.Qty, "avg_entry_price": p.Avg, "side": side, "market_value": value, "cost_basis": basis,
		"unrealized_pl": profit, "unrealized_plpc": share, "unrealized_intraday_pl": profit, "unrealized_intraday_plpc": share,
		"current_price": now, "lastday_price": decimal.New(a.cents, -2), "change_today": now.Div(decimal.New(a.cents, -2)).Sub(decimal.NewFromInt(1)).Round(8),
	}
}

func (s *Sim) listPositions(w http.ResponseWriter, _ *http.Request, a *account) {
	s.locked(w, func() (any, *refusal) {
		list := []map[string]any{}
		for _, known := range s.assets {
			if p := a.Positions[known.symbol]; p != nil {
				list = append(list, s.positionJSON(p))
			}
		}
		return list, nil
	})
}

func (s *Sim) getPosition(w http.ResponseWriter, r *http.Request, a *account) {
	s.locked(w, func() (any, *refusal) {
		known, _ := s.findAsset(r.PathValue("symbol"))
		if p := a.Positions[known.symbol]; p != nil {
			return s.positionJSON(p), nil
		}
		return nil, refuse(404, 40410000, "position does not exist")
	})
}

// onLoopback refuses the control endpoints to everyone else.
func onLoopback(w http.ResponseWriter, r *http.Request) bool {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
		answerRefusal(w, refuse(403, 40310000, "the simulator is controlled from its own machine alone"))
		return false
	}
	return true
}

// controlFault takes ?kind=drop&n=1&ms=0.
func (s *Sim) controlFault(w http.ResponseWriter, r *http.Request) {
	if !onLoopback(w, r) {
		return
	}
	q := r.URL.Query()
	n, err := strconv.Atoi(q.Get("n"))
	ms, msErr := strconv.Atoi(q.Get("ms"))
	if q.Get("ms") == "" {
		ms, msErr = 0, nil
	}
	if err := errors.Join(err, msErr); err != nil {
		answerRefusal(w, refuse(400, 40010000, "n and ms must be whole numbers"))
		return
	}
	s.Inject(Fault(q.Get("kind")), n, time.Duration(ms)*time.Millisecond)
}

// controlPrice takes ?symbol=AAPL&price=190.
func (s *Sim) controlPrice(w http.ResponseWriter, r *http.Request) {
	if !onLoopback(w, r) {
		return
	}
	to, err := decimal.NewFromString(r.URL.Query().Get("price"))
	if err != nil || !to.IsPositive() || !s.SetPrice(r.URL.Query().Get("symbol"), to) {
		answerRefusal(w, refuse(400, 40010000, "give a symbol and a price above 0"))
	}
}

// streamTrades serves trade updates as Server-Sent Events: what came after
// since_id, or from since on, then live ones.
func (s *Sim) streamTrades(w http.ResponseWriter, r *http.Request, a *account) {
	s.faults.mu.Lock()
	refused := s.faults.refuseStreams
	s.faults.mu.Unlock()
	if refused {
		answerRefusal(w, refuse(503, 50310000, "the stream is not available"))
		return
	}
	q := r.URL.Query()
	s.mu.Lock()
	next := len(a.Events)
	cut := s.cut
	for i, e := range a.Events {
		since, err := time.Parse(time.RFC3339Nano, q.Get("since"))
		if q.Get("since_id") != "" && e.ID > q.Get("since_id") || q.Get("since") != "" && err == nil && !e.At.Before(since) {
			next = i
			break
		}
	}
	s.mu.Unlock()

	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-cache")
	out := http.NewResponseController(w)
	_ = out.SetWriteDeadline(time.Time{}) // it lives as long as its reader
	fmt.Fprint(w, ": welcome\n\n")
	heartbeat := time.NewTicker(10 * time.Second)
	defer heartbeat.Stop()
	for {
		if err := out.Flush(); err != nil {
			return
		}
		s.mu.Lock()
		news, changed := a.Events[next:], s.changed
		next = len(a.Events)
		s.mu.Unlock()
		for _, e := range news {
			if _, err := fmt.Fprintf(w, "data: %s\n\n", e.JSON); err != nil {
				return
			}
		}
		if len(news) > 0 {
			continue
		}
		select {
		case <-changed:
		case <-heartbeat.C:
			fmt.Fprint(w, ": heartbeat\n\n")
		case <-cut:
			return
		case <-r.Context().Done():
			return
		}
	}
}
