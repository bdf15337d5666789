package alpacasim

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Handler serves trading under /v2 and market data under /v2/stocks, on one
// host.
func (s *Sim) Handler() http.Handler {
	mux := http.NewServeMux()
	signed := func(pattern string, h accountHandler) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			s.mu.Lock()
			a := s.byKey[r.Header.Get("APCA-API-KEY-ID")]
			s.mu.Unlock()
			if a == nil || a.SecretKey != r.Header.Get("APCA-API-SECRET-KEY") {
				answerRefusal(w, refuse(401, 40110000, "request is not authorized"))
				return
			}
			w.Header().Set("X-Ratelimit-Limit", "200")
			w.Header().Set("X-Ratelimit-Remaining", "199")
			w.Header().Set("X-Ratelimit-Reset", strconv.FormatInt(time.Now().Add(time.Minute).Unix(), 10))
			h(w, r, a)
		})
	}
	s.tradingRoutes(signed)
	mux.HandleFunc("GET /stream", s.streamSocket)
	s.referenceRoutes(signed)
	s.dataRoutes(signed)
	if s.config.Control {
		s.controlRoutes(mux)
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		answerRefusal(w, refuse(404, 40410000, "endpoint not found"))
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Request-ID", strings.ReplaceAll(uuid.NewString(), "-", ""))
		mux.ServeHTTP(w, r)
	})
}

// accountHandler answers a request that an account's keys signed.
type accountHandler func(http.ResponseWriter, *http.Request, *account)

// routes takes a pattern of net/http's ServeMux and what answers it.
type routes func(pattern string, h accountHandler)

func (s *Sim) tradingRoutes(signed routes) {
	signed("GET /v2/account", s.getAccount)
	signed("GET /v2/account/configurations", s.getSettings)
	signed("PATCH /v2/account/configurations", s.patchSettings)
	signed("GET /v2/account/activities", s.listActivities)
	signed("GET /v2/account/activities/{type}", s.listActivities)
	signed("POST /v2/orders", s.postOrder)
	signed("GET /v2/orders", s.listOrders)
	signed("DELETE /v2/orders", s.cancelAll)
	signed("GET /v2/orders/{id}", s.getOrder)
	signed("PATCH /v2/orders/{id}", s.patchOrder)
	signed("DELETE /v2/orders/{id}", s.cancelOrder)
	signed("GET /v2/orders:by_client_order_id", s.getByClientID)
	signed("GET /v2/positions", s.listPositions)
	signed("DELETE /v2/positions", s.closeAllPositions)
	signed("GET /v2/positions/{symbol...}", s.getPosition)
	signed("DELETE /v2/positions/{symbol...}", s.closePosition)
	signed("POST /v2/positions/{symbol}/exercise", s.exerciseOption)
	signed("POST /v2/positions/{symbol}/do-not-exercise", s.doNotExercise)
	signed("GET /v2/events/trades", s.streamTrades)
}

func (s *Sim) referenceRoutes(signed routes) {
	signed("GET /v2/clock", s.getClock)
	signed("GET /v2/assets", s.listAssets)
	signed("GET /v2/assets/{symbol...}", s.getAsset)
}

func (s *Sim) dataRoutes(signed routes) {
	signed("GET /v2/stocks/{symbol}/quotes/latest", s.latestQuote)
	signed("GET /v2/stocks/quotes/latest", s.latestQuotes)
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a client that left reads nothing
}

func answerRefusal(w http.ResponseWriter, r *refusal) { answer(w, r.status, r.body()) }

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

func (s *Sim) getClock(w http.ResponseWriter, _ *http.Request, _ *account) {
	now := s.now() // the simulated market never closes
	answer(w, 200, map[string]any{"timestamp": now, "is_open": true, "next_open": now.Add(24 * time.Hour), "next_close": now.Add(24 * time.Hour)})
}

func assetJSON(a asset) map[string]any {
	return map[string]any{
		"id": assetID(a.symbol), "class": a.class, "exchange": a.exchange, "symbol": a.symbol, "name": a.name, "status": "active",
		"tradable": true, "marginable": a.class == "us_equity", "maintenance_margin_requirement": 100, "shortable": a.class == "us_equity",
		"easy_to_borrow": a.class == "us_equity", "fractionable": true, "attributes": []string{},
	}
}

func (s *Sim) listAssets(w http.ResponseWriter, r *http.Request, _ *account) {
	all := []map[string]any{}
	for _, a := range assets {
		if class := r.URL.Query().Get("asset_class"); class == "" || class == a.class {
			all = append(all, assetJSON(a))
		}
	}
	answer(w, 200, all)
}

func (s *Sim) getAsset(w http.ResponseWriter, r *http.Request, _ *account) {
	a, ok := findAsset(r.PathValue("symbol"))
	if !ok {
		answerRefusal(w, refuse(404, 40410000, "asset not found for %s", r.PathValue("symbol")))
		return
	}
	answer(w, 200, assetJSON(a))
}

func (s *Sim) quote(symbol string) (map[string]any, bool) {
	p := s.state.Prices[symbol]
	if p == nil {
		return nil, false
	}
	return map[string]any{"t": s.now(), "ax": "V", "ap": json.Number(p.ask().String()), "as": 1, "bx": "V", "bp": json.Number(p.bid().String()), "bs": 1, "c": []string{"R"}, "z": "C"}, true
}

func (s *Sim) latestQuote(w http.ResponseWriter, r *http.Request, _ *account) {
	s.locked(w, func() (any, *refusal) {
		symbol := r.PathValue("symbol")
		q, ok := s.quote(symbol)
		if !ok {
			return nil, refuse(404, 40410000, "no quote found for %s", symbol)
		}
		return map[string]any{"symbol": symbol, "quote": q}, nil
	})
}

func (s *Sim) latestQuotes(w http.ResponseWriter, r *http.Request, _ *account) {
	s.locked(w, func() (any, *refusal) {
		quotes := map[string]any{}
		for _, symbol := range strings.Split(r.URL.Query().Get("symbols"), ",") {
			if q, ok := s.quote(symbol); ok {
				quotes[symbol] = q
			}
		}
		return map[string]any{"quotes": quotes}, nil
	})
}

// onLoopback refuses the control endpoints to everyone else.
// controlFault takes ?kind=drop&n=1&ms=0.
// controlPrice takes ?symbol=AAPL&price=190.
// streamTrades serves trade updates as Server-Sent Events: what came after
// since_id, or from since on, then live ones.
