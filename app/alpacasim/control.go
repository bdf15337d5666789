package alpacasim

import (
	"errors"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/shopspring/decimal"
)

// controlRoutes are how a test in another process makes its faults.
func (s *Sim) controlRoutes(mux *http.ServeMux) {
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

func onLoopback(w http.ResponseWriter, r *http.Request) bool {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
		answerRefusal(w, refuse(403, 40310000, "the simulator is controlled from its own machine alone"))
		return false
	}
	return true
}

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

func (s *Sim) controlPrice(w http.ResponseWriter, r *http.Request) {
	if !onLoopback(w, r) {
		return
	}
	to, err := decimal.NewFromString(r.URL.Query().Get("price"))
	if err != nil || !to.IsPositive() || !s.SetPrice(r.URL.Query().Get("symbol"), to) {
		answerRefusal(w, refuse(400, 40010000, "give a symbol and a price above 0"))
	}
}
