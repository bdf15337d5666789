package alpacasim

import (
	"net"
	"net/http"
	"net/url"
	"strconv"
)

// ControlEndpoints returns the method and path of each control endpoint, such
// as POST /_sim/price.
func ControlEndpoints() (patterns []string) {
	new(Sim).controlRoutes(func(pattern string, _ func(http.ResponseWriter, *http.Request)) {
		patterns = append(patterns, pattern)
	})
	return patterns
}

// controlRoutes let a test in another process control the simulator. Each
// endpoint is registered by handle.
func (s *Sim) controlRoutes(handle func(pattern string, serve func(http.ResponseWriter, *http.Request))) {
	post := func(path string, do func(q url.Values) (wrong string)) {
		handle("POST /_sim/"+path, func(w http.ResponseWriter, r *http.Request) {
			if !onLoopback(w, r) {
				return
			}
			if wrong := do(r.URL.Query()); wrong != "" {
				answerRefusal(w, refuse(400, 40010001, "%s", wrong))
			}
		})
	}
	get := func(path string, of func(keyID string) any) {
		handle("GET /_sim/"+path, func(w http.ResponseWriter, r *http.Request) {
			if onLoopback(w, r) {
				answer(w, 200, of(r.URL.Query().Get("key_id")))
			}
		})
	}
	post("fault", s.controlFault)
	post("faults/clear", func(url.Values) string { s.ClearFaults(); return "" })
	post("streams/cut", func(url.Values) string { s.CutStreams(); return "" })
	post("streams/refuse", s.controlRefusal)
	post("streams/reap", s.controlReap)
	post("price", s.controlPrice)
	post("clock", s.controlClock)
	post("skew", s.controlSkew)
	post("step", s.controlStep)
	post("fill-plan", s.controlFillPlan)
	post("halt", func(q url.Values) string {
		return onOff(q, func(on bool) { s.Halt(q.Get("symbol"), on) })
	})
	post("crypto-fees", s.controlFees)
	post("bust", s.controlBust)
	post("correct", s.controlCorrect)
	post("corporate-action", s.controlCorporateAction)
	get("orders", func(keyID string) any { return s.Orders(keyID) })
	get("positions", func(keyID string) any { return s.Positions(keyID) })
	get("executions", func(keyID string) any { return s.Executions(keyID) })
	get("account", func(keyID string) any { f, _ := s.Account(keyID); return f })
}

// onLoopback reports whether a request comes from this machine, and refuses
// others.
func onLoopback(w http.ResponseWriter, r *http.Request) bool {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
		answerRefusal(w, refuse(403, 40310000, "the simulator is controlled from its own machine alone"))
		return false
	}
	return true
}

func onOff(q url.Values, set func(on bool)) string {
	on, err := strconv.ParseBool(q.Get("on"))
	if err != nil {
		return "on must be true or false"
	}
	set(on)
	return ""
}
