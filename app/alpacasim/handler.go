package alpacasim

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/google/uuid"
)

// Handler serves trading and market data, which are two hosts at Alpaca, on
// one.
func (s *Sim) Handler() http.Handler {
	mux := http.NewServeMux()
	signed := func(pattern string, h accountHandler) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			s.mu.Lock()
			a := s.byKey[r.Header.Get("APCA-API-KEY-ID")]
			s.mu.Unlock()
			owner := "" // for data that needs no keys
			switch {
			case a != nil && a.SecretKey == r.Header.Get("APCA-API-SECRET-KEY"):
				owner = a.ID
			case !isPublic(r):
				answerRefusal(w, refuse(401, 40110000, "request is not authorized"))
				return
			}
			now, _ := s.present()
			if s.limits.admit(w, r, owner, now) {
				h(w, r, a)
			}
		})
	}
	s.tradingRoutes(signed)
	mux.HandleFunc("GET /stream", s.streamSocket)
	s.referenceRoutes(signed)
	s.dataRoutes(signed)
	if s.config.Control {
		s.controlRoutes(mux.HandleFunc)
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		answerRefusal(w, refuse(404, 40410000, "endpoint not found"))
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		now, _ := s.present()
		w.Header().Set("Date", now.Format(http.TimeFormat)) // the simulator's clock, to which all times in responses belong
		w.Header().Set("X-Request-ID", strings.ReplaceAll(uuid.NewString(), "-", ""))
		mux.ServeHTTP(w, r)
	})
}

// accountHandler serves a request of an account.
type accountHandler func(http.ResponseWriter, *http.Request, *account)

// routes registers a handler for a pattern of net/http's ServeMux.
type routes func(pattern string, h accountHandler)

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // fails only where the client is gone
}

func answerRefusal(w http.ResponseWriter, r *refusal) { answer(w, r.status, r.body()) }

// locked responds with the result of f, which it calls under the lock.
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

// wrong responds to an invalid request for data. The data host's errors have a
// message alone.
func wrong(w http.ResponseWriter, status int, err error) {
	answer(w, status, map[string]string{"message": err.Error()})
}
