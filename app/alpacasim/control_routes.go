package alpacasim

import (
	"fmt"
	"math"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"
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

// controlFault takes ?kind=drop&n=1; ms= for faults that delay, p= for their
// probability, key_id= for one account, and on=POST,PATCH,DELETE; for faults of
// streams event=fill and class=mleg. Without n, a fault with p goes on until it
// is cleared.
func (s *Sim) controlFault(q url.Values) string {
	in := Injection{Fault: Fault(q.Get("kind")), KeyID: q.Get("key_id"), N: -1, Event: q.Get("event"), Class: q.Get("class")}
	if !slices.Contains(allFaults, in.Fault) {
		return fmt.Sprintf("kind must be one of %v", allFaults)
	}
	var err error
	if text := q.Get("p"); text != "" {
		if in.P, err = strconv.ParseFloat(text, 64); err != nil || !(in.P > 0 && in.P <= 1) {
			return "p must be above 0 and at most 1"
		}
	}
	if text := q.Get("n"); text != "" || in.P == 0 {
		if in.N, err = strconv.Atoi(text); err != nil {
			return "n must be a whole number"
		}
	}
	if text := q.Get("ms"); text != "" {
		ms, err := strconv.Atoi(text)
		if err != nil {
			return "ms must be a whole number"
		}
		in.Delay = time.Duration(ms) * time.Millisecond
	}
	methods := []string{""}
	if text := q.Get("on"); text != "" {
		methods = strings.Split(strings.ToUpper(text), ",")
	}
	for _, in.On = range methods {
		if !slices.Contains([]string{"", "POST", "PATCH", "DELETE"}, in.On) {
			return "on must be of POST, PATCH and DELETE"
		}
		s.InjectFor(in)
	}
	return ""
}

// controlRefusal takes ?status=404, or 0 to refuse no streams.
func (s *Sim) controlRefusal(q url.Values) string {
	status, err := strconv.Atoi(q.Get("status"))
	if err != nil || status != 0 && (status < 400 || status > 599) {
		return "status must be that of an error, or 0"
	}
	s.RefuseStreamsWith(status)
	return ""
}

// controlReap takes ?seconds=90, the time for which the place of a closed
// WebSocket stays taken.
func (s *Sim) controlReap(q url.Values) string {
	seconds, err := strconv.Atoi(q.Get("seconds"))
	if err != nil || seconds < 0 {
		return "seconds must be a whole number"
	}
	s.mu.Lock()
	s.config.Reap = time.Duration(seconds) * time.Second
	s.mu.Unlock()
	return ""
}

// controlPrice takes ?symbol=AAPL&price=190.
func (s *Sim) controlPrice(q url.Values) string {
	to, err := decimal.NewFromString(q.Get("price"))
	if err != nil || !sensible(to) || !to.IsPositive() || !s.SetPrice(q.Get("symbol"), to) {
		return "give a symbol and a price above 0"
	}
	return ""
}

// controlClock takes ?at=2026-06-01T13:30:00Z or ?offset=2h, counted from the
// clock's own time, and &always_open=false for a market with New York's hours.
func (s *Sim) controlClock(q url.Values) string {
	if text := q.Get("at"); text != "" {
		at, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			return "at must be a time as in 2026-06-01T13:30:00Z"
		}
		s.SetClock(at)
	}
	if text := q.Get("offset"); text != "" {
		offset, err := time.ParseDuration(text)
		if err != nil {
			return "offset must be a duration as in 2h or -30m"
		}
		s.SetClock(s.config.Clock().Add(offset))
	}
	if text := q.Get("always_open"); text != "" {
		open, err := strconv.ParseBool(text)
		if err != nil {
			return "always_open must be true or false"
		}
		s.SetAlwaysOpen(open)
	}
	return ""
}

// controlSkew takes ?seconds=-90: how far the simulator's clock, and with it
// the Date and the times of its responses, is ahead of the machine's.
func (s *Sim) controlSkew(q url.Values) string {
	seconds, err := strconv.ParseFloat(q.Get("seconds"), 64)
	if err != nil || !(math.Abs(seconds) <= 1e6) {
		return "seconds must be a number, below 0 for a clock that is behind"
	}
	s.SetClock(s.config.Clock().Add(time.Duration(seconds * float64(time.Second))))
	return ""
}

// controlStep takes ?n=1, how often to move the market now.
func (s *Sim) controlStep(q url.Values) string {
	n, err := strconv.Atoi(q.Get("n"))
	if q.Get("n") == "" {
		n, err = 1, nil
	}
	if err != nil || n < 1 || n > 10_000 {
		return "n must be between 1 and 10000"
	}
	for range n {
		s.Step()
	}
	return ""
}

// controlFillPlan takes ?symbol=AAPL&parts=3, or 0 for none.
func (s *Sim) controlFillPlan(q url.Values) string {
	parts, err := strconv.Atoi(q.Get("parts"))
	if err != nil || parts < 0 || parts > 1000 || q.Get("symbol") == "" {
		return "give a symbol and parts between 0 and 1000"
	}
	s.SetFillPlan(q.Get("symbol"), parts)
	return ""
}

func onOff(q url.Values, set func(on bool)) string {
	on, err := strconv.ParseBool(q.Get("on"))
	if err != nil {
		return "on must be true or false"
	}
	set(on)
	return ""
}

// controlFees takes ?on=true, and &shape=plain, alpaca, dated or daily.
func (s *Sim) controlFees(q url.Values) string {
	shape := FeeShape(q.Get("shape"))
	if shape == "plain" {
		shape = FeesPlain
	}
	if !slices.Contains([]FeeShape{FeesPlain, FeesAlpaca, FeesDated, FeesDaily}, shape) {
		return "shape must be plain, alpaca, dated or daily"
	}
	return onOff(q, func(on bool) { s.SetCryptoFeesAs(on, shape) })
}

// controlBust takes ?execution_id=.
func (s *Sim) controlBust(q url.Values) string {
	if !s.Bust(q.Get("execution_id")) {
		return "there is no such execution, or it was taken back before"
	}
	return ""
}

// controlCorrect takes ?execution_id=&price=&qty=.
func (s *Sim) controlCorrect(q url.Values) string {
	price, err := decimal.NewFromString(q.Get("price"))
	qty, wrong := decimal.NewFromString(q.Get("qty"))
	if err != nil || wrong != nil || !sensible(price) || !sensible(qty) || !price.IsPositive() || !qty.IsPositive() {
		return "give a price and a qty above 0"
	}
	if !s.Correct(q.Get("execution_id"), price, qty) {
		return "there is no such execution, or it was taken back before"
	}
	return ""
}

func splitShape(q url.Values) (shape SplitShape, wrong string) {
	switch q.Get("shape") {
	case "", "one":
		if q.Has("seconds") || q.Has("group") {
			return shape, "seconds and group are for shape=two"
		}
		return shape, ""
	case "two":
		shape = SplitShape{Two: true, Apart: 5 * time.Second}
	default:
		return shape, "shape must be one or two"
	}
	if text := q.Get("seconds"); text != "" {
		seconds, err := strconv.Atoi(text)
		if err != nil || seconds < 0 || seconds > 3600 {
			return shape, "seconds must be a whole number up to 3600"
		}
		shape.Apart = time.Duration(seconds) * time.Second
	}
	if text := q.Get("group"); text != "" {
		group, err := strconv.ParseBool(text)
		if err != nil {
			return shape, "group must be true or false"
		}
		shape.Group = group
	}
	return shape, ""
}

// controlCorporateAction takes ?symbol=AAPL&kind=split&ratio=2, or
// kind=dividend&amount=0.24 for each share. A split has &shape=one, or two for
// two entries in the list of activities, &seconds=5 apart, with &group=true in
// one group.
func (s *Sim) controlCorporateAction(q url.Values) string {
	var name string
	var do func(symbol string, of decimal.Decimal) bool
	switch q.Get("kind") {
	case "split":
		shape, wrong := splitShape(q)
		if wrong != "" {
			return wrong
		}
		name, do = "ratio", func(symbol string, ratio decimal.Decimal) bool { return s.SplitAs(symbol, ratio, shape) }
	case "dividend":
		name, do = "amount", s.PayDividend
	default:
		return "kind must be split or dividend"
	}
	of, err := decimal.NewFromString(q.Get(name))
	if err != nil || !sensible(of) || !of.IsPositive() {
		return name + " must be above 0"
	}
	if !do(q.Get("symbol"), of) {
		return "no equity of that symbol is traded here"
	}
	return ""
}
