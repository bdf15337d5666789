package alpacasim

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

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
